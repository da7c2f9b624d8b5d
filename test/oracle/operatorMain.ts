/** {@link operatorNode} as a process of its own: settings come in ASSAY_TEST_NODE, log lines go to the standard output. */
import { readManifest } from "../../oracle/chain/manifest.ts";
import { createLogger } from "../../oracle/telemetry/logger.ts";
import { type NodeSettings, operatorNode } from "./operatorNode.ts";

export type ProcessSettings = Omit<NodeSettings, "manifest"> & { readonly manifestFile: string };

const STATUS_EVERY_MS = 50;

const settings = JSON.parse(process.env.ASSAY_TEST_NODE ?? "") as ProcessSettings;
const logger = createLogger("debug");
const node = await operatorNode({ ...settings, manifest: readManifest(settings.manifestFile) }, { logger });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

const status = async () => {
  const [last] = await node.store.tail();
  const openTxs = (await node.outboxStore.open()).length;
  logger.debug({ block: last?.number, jobs: await node.store.counts(), openTxs }, "status");
};
const timer = setInterval(() => status().catch((error: Error) => stop.abort(error)), STATUS_EVERY_MS);
await node.loop.run(stop.signal);
clearInterval(timer);
await node.role.idle();
node.close();
