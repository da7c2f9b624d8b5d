/** assay status: how the operator stands, on chain and in its node. */
import type { Command } from "commander";
import type { Config } from "../../config/schema.ts";
import { formatEth, formatTime } from "../amounts.ts";
import { configOf, withSession } from "../context.ts";
import { nodeStatus } from "../nodeStatus.ts";
import type { Session, Tools } from "../ports.ts";
import { labelSemantics } from "../semantics.ts";

const EXAMPLES = `
Examples:
  assay status
  assay status --json | jq .operator.freeWei`;

export function addStatus(program: Command, tools: Tools): void {
  program
    .command("status")
    .description("show stake, earnings, models and jobs")
    .option("--json", "print JSON; amounts are strings of wei")
    .addHelpText("after", EXAMPLES)
    .action(({ json }: { json?: boolean }, command: Command) => {
      const config = configOf(command);
      return withSession(tools, config, async (session) => {
        const status = await collect(tools, config, session);
        if (json !== true) return print(status);
        console.log(JSON.stringify(status, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2));
      });
    });
}

type Status = Awaited<ReturnType<typeof collect>>;

async function collect(tools: Tools, config: Config, session: Session) {
  const { address } = config.operator;
  const keyAddress = tools.keystores.addressIn(config.keystore.file);
  const [head, operator, keyOperator, keyBalanceWei, models, node] = await Promise.all([
    session.head(),
    session.operator(address),
    session.operatorOfKey(keyAddress),
    session.balanceWei(keyAddress),
    Promise.all(config.operator.models.map(({ id }) => modelStatus(session, id, address))),
    nodeStatus(tools, config),
  ]);
  return {
    chain: { id: session.deployment.chainId, coordinator: session.deployment.coordinator, block: head.number },
    operator: { address, ...operator, freeWei: operator.stakeWei - operator.lockedWei },
    key: { address: keyAddress, operator: keyOperator ?? null, balanceWei: keyBalanceWei },
    models,
    node,
    lagBlocks: node.block === undefined ? null : Math.max(0, head.number - node.block),
  };
}

async function modelStatus(session: Session, id: `0x${string}`, operator: string) {
  const [model, terms, offer] = await Promise.all([
    session.model(id),
    session.modelTerms(id),
    session.offer(id, operator),
  ]);
  return {
    id,
    isRegistered: terms !== undefined,
    isDeprecated: terms?.isDeprecated ?? false,
    semantics: model?.semantics ?? 0,
    disputable: model !== undefined && model.semantics !== 0,
    offer: offer ?? null,
  };
}

function print({ chain, operator, key, models, node, lagBlocks }: Status): void {
  const { isLive, isJailed, stakeWei, lockedWei, freeWei, exitingWei, exitAtS, owedWei } = operator;
  const state = [isLive ? "live" : "not live", ...(isJailed ? ["JAILED: the stake is below the minimum"] : [])];
  const exit = exitingWei === 0n ? "" : `, leaving ${formatEth(exitingWei)} at ${formatTime(exitAtS)}`;
  const lag = lagBlocks === null ? "" : `, ${lagBlocks} blocks behind`;
  const jobs = Object.entries(node.jobs ?? {}).map(([name, count]) => `${count} ${name}`);
  const lines: [string, string][] = [
    ["chain", `${chain.id}, block ${chain.block}, coordinator ${chain.coordinator}`],
    ["operator", `${operator.address}, ${state.join(", ")}`],
    ["stake", `${formatEth(stakeWei)}, locked ${formatEth(lockedWei)}, free ${formatEth(freeWei)}${exit}`],
    ["owed", formatEth(owedWei)],
    ["key", `${key.address}, ${formatEth(key.balanceWei)}${key.operator === null ? ", registered to NOBODY" : ""}`],
    ...models.map((model): [string, string] => ["model", describeModel(model)]),
    ["node", `${node.state}${lag}`],
    ["jobs", jobs.join(", ") || "none"],
    ...(node.alarms ?? []).map(({ kind, modelId, atMs, message }): [string, string] => [
      "ALARM",
      `${kind}, ${formatTime(Math.floor(atMs / 1000))}, model ${modelId}: ${message}`,
    ]),
  ];
  for (const [name, text] of lines) console.log(`${name.padEnd(9)} ${text}`);
}

function describeModel({ id, isRegistered, isDeprecated, semantics, offer }: Status["models"][number]): string {
  if (!isRegistered) return `${id}, NOT REGISTERED`;
  const terms = offer === null ? "not offered" : `offered for ${offer.priceGwei} gwei, ${offer.latencyS} s`;
  return [id, labelSemantics(semantics), terms, ...(isDeprecated ? ["deprecated"] : [])].join(", ");
}
