/** assay request: asks a model and shows what comes. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { RegisteredModel, RequestId } from "../../roles/ports.ts";
import { formatEth, formatTime, parseEth, parseHash, parseWhole } from "../amounts.ts";
import { configOf, type KeyOptions, openAccount, withKeyOptions, withSession } from "../context.ts";
import { CommandError } from "../errors.ts";
import { packInputs } from "../inputs.ts";
import { type DecodedTensor, decodeOutputs, showTensor } from "../outputs.ts";
import type { RequestStep, Session, Tools } from "../ports.ts";

const EXAMPLES = `
An input is JSON, a .json file or a .npy file; with several inputs, NAME=VALUE for each, or one JSON object for all.
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
  readonly timeout: number;
  readonly json?: boolean;
}

const collect = (value: string, values: readonly string[] = []) => [...values, value];

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
    .option("--timeout <seconds>", "how long to wait", parseWhole(1, 10_000_000), 600)
    .option("--json", "print JSON, and nothing else on the standard output")
    .addHelpText("after", EXAMPLES)
    .action((modelId: `0x${string}`, options: Options, command: Command) => {
      const config = configOf(command);
      return withSession(tools, config, async (session) => {
        const model = await session.model(modelId);
        if (model === undefined) throw new CommandError(`no model ${modelId} is registered here`);
        const tensors = packInputs(model.inputs, options.input ?? []);
        const feeWei = options.fee ?? (await cheapestFee(session, modelId));
        const account = await openAccount(session, config, options);
        const receipt = await account.send(session.calls.request(modelId, tensors, options.answerPeriod, feeWei));
        const requestId = await session.requestIn(receipt);
        progress(`request ${requestId} in block ${receipt.block}, fee ${formatEth(feeWei)}`);
        if (model.semantics === 0) progress("not disputable: the answer rests on its operator alone");
        const answer =
          options.wait === "none"
            ? undefined
            : await waitFor(session, model, { requestId, block: receipt.block }, options, config.chain.pollMs);
        print(requestId, model, answer, options.json === true);
      });
    });
}

const WEI_PER_GWEI = 1_000_000_000n;

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
  model: RegisteredModel,
  { requestId, block }: { requestId: RequestId; block: number },
  { wait, timeout }: Options,
  pollMs: number,
): Promise<Answer> {
  const deadline = Date.now() + timeout * 1000;
  let shown = 0;
  for (;;) {
    const steps = await session.requestSteps(requestId, block);
    for (const step of steps.slice(shown)) progress(describe(step));
    shown = steps.length;
    const reached = stageOf(steps);
    if (reached !== undefined && (wait === "provisional" || reached.stage === "final")) {
      const { stage, step } = reached;
      return { stage, operator: step.operator, outputs: decodeOutputs(model.outputs, step.output) };
    }
    if (steps.some(({ kind }) => kind === "expired")) {
      throw new CommandError(`nobody answered ${requestId} in time; the fee is refunded, and "withdraw" pays it out`);
    }
    if (Date.now() > deadline) {
      throw new CommandError(`no ${wait} answer to ${requestId} within ${timeout} s; it may still come`);
    }
    await sleep(Math.min(pollMs, 1_000));
  }
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

function print(requestId: RequestId, model: RegisteredModel, answer: Answer | undefined, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify({ requestId, disputable: model.semantics !== 0, ...answer }));
  else if (answer === undefined) console.log(requestId);
  else for (const tensor of answer.outputs) console.log(showTensor(tensor));
}
