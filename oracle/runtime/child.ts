/**
 * The process that runs ONNX Runtime: one job at a time, asked and answered over IPC. It is made to be killed: a run
 * blocks it, cannot be interrupted otherwise, and may take the process down.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ExecutionError } from "../roles/ports.ts";
import type { ChildOptions, Job, Reply } from "./messages.ts";
import { fromOrt, toOrt } from "./ortTensor.ts";
import { Sessions } from "./sessions.ts";

const options = JSON.parse(process.argv[2] ?? "") as ChildOptions;
const sessions = new Sessions(options.maxSessions);

// A terminal and a service manager signal the whole group; the parent decides when its children end.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => process.exit(0));

const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), { workerData: options });
await once(watchdog, "online");

process.on("message", async (job: Job) => {
  process.send?.(await answer(job));
});

async function answer(job: Job): Promise<Reply> {
  try {
    return { outputs: await execute(job) };
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    return { failure: error.failure, message: error.message };
  }
}

async function execute({ model, inputs, memoryLimitBytes }: Job): Promise<Uint8Array[]> {
  watchdog.postMessage(memoryLimitBytes);
  if (model === undefined) return [];
  const session = await sessions.get(model);
  if (inputs === undefined) return [];
  const given = model.inputs.map((input, i) => ({ ...input, bytes: inputs[i] as Uint8Array }));
  const feeds = [...given, ...(model.bound ?? [])].map((tensor) => [tensor.name, toOrt(tensor, tensor.bytes)]);
  const names = model.outputs.map(({ name }) => name);
  const results = await session.run(Object.fromEntries(feeds), names).catch((cause: Error) => {
    throw new ExecutionError("model", cause.message, { cause });
  });
  return model.outputs.map((output) => fromOrt(output, results[output.name]));
}
