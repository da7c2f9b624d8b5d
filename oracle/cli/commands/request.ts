/** assay request: asks a model and shows what comes. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { Config } from "../../config/schema.ts";
import { type RegisteredModel, type RequestId, RevertError } from "../../roles/ports.ts";
import { formatEth, formatTime, parseEth, parseHash, parseWhole } from "../amounts.ts";
import { configOf, type KeyOptions, openAccount, withKeyOptions, withSession } from "../context.ts";
import { CommandError } from "../errors.ts";
import { packInputs } from "../inputs.ts";
import { collect } from "../modelFile.ts";
import { type DecodedTensor, decodeOutputs, showTensor } from "../outputs.ts";
import type { Account, PaidCall, RequestStep, Session, Tools } from "../ports.ts";
import { labelSemantics } from "../semantics.ts";

const EXAMPLES = `
Nobody answers within the answer period: the request is ended and the fee comes back.
An input is JSON, or a .json, .npy or .pb (TensorProto) file; with several inputs, NAME=VALUE for each, or one JSON object for all.
Whole numbers beyond 2^53 go in quotes, as do "NaN" and "Infinity".

Examples:
  assay request 0x... --input '[0.01, -0.02, 0.005]'
  assay request 0x... --input image=picture.npy --input threshold=0.5 --wait final
  assay request 0x... --input inputs.json --fee 0.001 --json`;

interface Options extends KeyOptions {
  readonly input?: readonly string[];
  readonly fee?: bigint;
  readonly answerPeriod: number;
  readonly wait: "none" | "provisional" | "final";
  readonly timeout?: number;
  readonly json?: boolean;
}

const WEI_PER_GWEI = 1_000_000_000n;
/** What the node may take to finalise after the window, in seconds. */
const FINALISATION_S = 120;
const MAX_POLL_MS = 1_000;

export function addRequest(program: Command, tools: Tools): void {
  withKeyOptions(program.command("request"))
    .description("ask a model and wait for the answer")
    .argument("<model>", "the model's id", parseHash)
    .option("--input <[name=]value>", "an input; repeat it for each", collect)
    .option("--fee <eth>", "what the answer may cost; without it the price of the cheapest offer", parseEth)
    .option("--answer-period <seconds>", "in which an answer must come", parseWhole(1, 2 ** 32 - 1), 600)
    .addOption(
      new Option("--wait <stage>", "provisional: asserted, can still be rejected; final: its window is over")
        .choices(["none", "provisional", "final"])
        .default("provisional"),
    )
    .option("--timeout <seconds>", "how long to wait, if not as long as an answer can take", parseWhole(1, 10_000_000))
    .option("--json", "print JSON, and nothing else on the standard output")
    .addHelpText("after", EXAMPLES)
    .action((modelId: `0x${string}`, options: Options, command: Command) => {
      const config = configOf(command);
      return withSession(tools, config, (session) => request(session, config, modelId, options));
    });
}

async function request(session: Session, config: Config, modelId: `0x${string}`, options: Options): Promise<void> {
  const model = await session.model(modelId);
  if (model === undefined) throw new CommandError(`no model ${modelId} is registered here`);
  const tensors = packInputs(model.inputs, options.input ?? []);
  const feeWei = options.fee ?? (await cheapestFee(session, modelId));
  const account = await openAccount(session, config, options);
  const receipt = await account.send(session.calls.request(modelId, tensors, options.answerPeriod, feeWei));
  const asked = { ...(await session.requestIn(receipt)), block: receipt.block, model, account };
  progress(`request ${asked.requestId} in block ${receipt.block}, fee ${formatEth(feeWei)}`);
  progress(labelSemantics(model.semantics));
  const answer = options.wait === "none" ? undefined : await waitFor(session, asked, options, config.chain.pollMs);
  print(asked, answer, options.json === true);
}

interface Asked {
  readonly requestId: RequestId;
  readonly expire: PaidCall;
  readonly block: number;
  readonly model: RegisteredModel;
  readonly account: Account;
}

interface Answer {
  readonly stage: "provisional" | "final";
  readonly operator: string;
  readonly outputs: readonly DecodedTensor[];
}

/** What an operator wants is left after the royalty, so the fee is more than that. */
async function cheapestFee(session: Session, modelId: `0x${string}`): Promise<bigint> {
  const [offers, terms] = await Promise.all([session.offers(modelId), session.modelTerms(modelId)]);
  const [cheapest] = offers.toSorted((a, b) => Number(a.priceGwei - b.priceGwei));
  if (cheapest === undefined) throw new CommandError("nobody offers this model; --fee asks nevertheless");
  const operatorBps = 10_000n - BigInt(terms?.royaltyBps ?? 0);
  if (operatorBps === 0n) throw new CommandError("the royalty takes all of the fee; give it with --fee");
  const fee = (cheapest.priceGwei * WEI_PER_GWEI * 10_000n + operatorBps - 1n) / operatorBps;
  return fee > 0n ? fee : 1n;
}

async function waitFor(
  session: Session,
  asked: Asked,
  { wait, answerPeriod, timeout }: Options,
  pollMs: number,
): Promise<Answer> {
  const askedMs = Date.now();
  const limitS = timeout ?? answerPeriod + session.deployment.windowS + FINALISATION_S;
  let shown = 0;
  for (;;) {
    const steps = await session.requestSteps(asked.requestId, asked.block);
    for (const step of steps.slice(shown)) progress(describe(step));
    shown = steps.length;
    const reached = stageOf(steps);
    if (reached !== undefined && (wait === "provisional" || reached.stage === "final")) {
      const { stage, step } = reached;
      return { stage, operator: step.operator, outputs: decodeOutputs(asked.model.outputs, step.output) };
    }
    const waitedS = (Date.now() - askedMs) / 1000;
    if (reached === undefined && waitedS > answerPeriod) await takeBack(session, asked);
    if (waitedS > limitS) throw new CommandError(`no ${wait} answer to ${asked.requestId} within ${limitS} s`);
    await sleep(Math.min(pollMs, MAX_POLL_MS));
  }
}

/** Ends a request that nobody answered in time and gets the fee back. Returns if it was answered after all. */
async function takeBack(session: Session, { requestId, expire, account }: Asked): Promise<void> {
  try {
    await account.send(expire);
  } catch (error) {
    if (error instanceof RevertError) return;
    throw error;
  }
  await account.send(session.calls.withdraw(account.address));
  throw new CommandError(`nobody answered ${requestId} in time; the fee came back to ${account.address}`);
}

type Asserted = RequestStep & { kind: "asserted" };

/** The final assertion, or else the newest that was not rejected. */
function stageOf(steps: readonly RequestStep[]): { stage: Answer["stage"]; step: Asserted } | undefined {
  const asserted = steps.filter((step) => step.kind === "asserted");
  const idsOf = (kind: "final" | "rejected") => steps.flatMap((step) => (step.kind === kind ? [step.assertionId] : []));
  const final = asserted.find(({ assertionId }) => idsOf("final").includes(assertionId));
  if (final !== undefined) return { stage: "final", step: final };
  const live = asserted.findLast(({ assertionId }) => !idsOf("rejected").includes(assertionId));
  return live === undefined ? undefined : { stage: "provisional", step: live };
}

function describe(step: RequestStep): string {
  switch (step.kind) {
    case "asserted":
      return `provisional: asserted by ${step.operator}; final after ${formatTime(step.finalisableAtS)}`;
    case "rejected":
      return "rejected: the answer was refuted; another one may come";
    case "final":
      return "final: its window is over";
    case "expired":
      return "expired: nobody answered";
  }
}

/** The standard output belongs to the result. */
const progress = (line: string) => console.error(line);

function print({ requestId, model }: Asked, answer: Answer | undefined, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify({ requestId, disputable: model.semantics !== 0, ...answer }));
  else if (answer === undefined) console.log(requestId);
  else for (const tensor of answer.outputs) console.log(showTensor(tensor));
}
