/** assay verify: whether the answers to a request are right, and what that rests on. */
import type { Command } from "commander";
import type { Config } from "../../config/schema.ts";
import { splitTensors } from "../../model/tensor.ts";
import type { Judgement, RegisteredModel, RunnableModel } from "../../roles/ports.ts";
import { byteLength, runnableOf } from "../../roles/runnable.ts";
import type { Hex } from "../../vm/keccak.ts";
import { parseHash } from "../amounts.ts";
import { configOf, withSession } from "../context.ts";
import { CommandError, UncheckedError } from "../errors.ts";
import { decodeOutputs, showTensor } from "../outputs.ts";
import type { GivenAnswer, Session, Tools } from "../ports.ts";

const HELP = `
Recomputes the request's id and input root, fetches the model's file by its hash, compiles it to the registered program, runs
that on the input, and compares output and, where the operator signed one, trace root. Exit code 0: every answer that was
not rejected is right; 1: one is wrong; 3: it cannot be found out here, and why.

Not checked: that the file is the model that somebody means by its name, and what happens off this chain. Signatures the
chain has checked.

Examples:
  assay verify 0x93343e52...
  assay verify 0x93343e52... --json`;

const NO_ROOT: Hex = `0x${"00".repeat(32)}`;

interface Options {
  readonly json?: boolean;
}

export function addVerify(program: Command, tools: Tools): void {
  program
    .command("verify")
    .description("re-run a request's model and say whether its answers are right")
    .argument("<request>", "the request's id", parseHash)
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (requestId: Hex, { json = false }: Options, command: Command) => {
      const wrong = await verified(tools, requestId, json, command);
      if (wrong !== undefined) throw new CommandError(`the answer of ${wrong.answer.operator} is wrong`);
    });
}

/** The first answer that is wrong. Whatever else goes wrong is no verdict, and must not look like one. */
async function verified(
  tools: Tools,
  requestId: Hex,
  isJson: boolean,
  command: Command,
): Promise<GivenAnswer | undefined> {
  try {
    const config = configOf(command);
    return await withSession(tools, config, (session) => verify({ tools, config, session }, requestId, isJson));
  } catch (error) {
    throw new UncheckedError((error as Error).message, { cause: error });
  }
}

interface World {
  readonly tools: Tools;
  readonly config: Config;
  readonly session: Session;
}

interface Verified {
  readonly answer: GivenAnswer;
  readonly judgement: Judgement;
}

async function verify(
  { tools, config, session }: World,
  requestId: Hex,
  isJson: boolean,
): Promise<GivenAnswer | undefined> {
  await session.verify();
  const found = await session.answeredRequest(requestId);
  if (found === undefined) throw new UncheckedError(`there is no request ${requestId} here`);
  const { asked, answers } = found;
  if (answers.length === 0) throw new UncheckedError(`nobody has answered ${requestId}`);
  const model = await session.model(asked.request.modelId);
  if (model === undefined) throw new UncheckedError(`its model ${asked.request.modelId} has another description`);
  if (model.program === undefined) {
    throw new UncheckedError("its model has no program: an answer is its operator's word, and not disputable");
  }
  const runnable = await locate(tools, config, model);
  const parts = splitTensors(asked.input, model.inputs.map(byteLength));
  const inputs = model.inputs.map((input, i) => ({ ...input, bytes: parts[i] ?? new Uint8Array(0) }));
  const verified: Verified[] = [];
  for (const answer of answers) {
    verified.push({
      answer,
      judgement: await tools.judge(config, runnable, inputs, {
        output: answer.output,
        traceRoot: answer.answer.traceRoot,
      }),
    });
  }
  if (isJson) console.log(JSON.stringify({ requestId, modelId: model.modelId, answers: verified.map(jsonOf) }));
  else print(requestId, model, runnable, verified);
  return verified.find(({ answer, judgement }) => isStanding(answer) && judgement.wrong !== undefined)?.answer;
}

async function locate(tools: Tools, config: Config, model: RegisteredModel): Promise<RunnableModel> {
  const configured = config.operator.models.find(({ id }) => id === model.modelId)?.uris ?? [];
  return runnableOf(model, await tools.obtain(config, model.artefactHash, { configured, registered: model.uris }));
}

/** Whether somebody may still rely on it. */
const isStanding = ({ state }: GivenAnswer) => state !== "rejected";

function print(requestId: Hex, model: RegisteredModel, { path }: RunnableModel, verified: readonly Verified[]): void {
  console.log(`request    ${requestId}: its id and the root of its input are what they should be`);
  console.log(`model      ${model.modelId}: its description is what its id says`);
  console.log(`file       ${path}: SHA-256 ${model.artefactHash}, as registered`);
  console.log(`program    ${model.program?.roots.kernelRoot}: the file compiles to it`);
  for (const { answer, judgement } of verified) {
    console.log(`answer     ${answer.assertionId} by ${answer.answer.operator}, ${answer.state}`);
    for (const tensor of decodeOutputs(model.outputs, answer.output)) console.log(`           ${showTensor(tensor)}`);
    console.log(
      `output     ${judgement.wrong === "output" ? `WRONG: the right one has root ${judgement.outputRoot}` : "right"}`,
    );
    console.log(`trace      ${describeTrace(answer.answer.traceRoot, judgement)}`);
  }
}

function describeTrace(traceRoot: Hex, { wrong, traceRoot: right }: Judgement): string {
  if (traceRoot === NO_ROOT) return "not checked: its operator signed none";
  return wrong === "trace" || traceRoot !== right ? `WRONG: the right one has root ${right}` : "right";
}

function jsonOf({ answer, judgement }: Verified): object {
  const { assertionId, state, outputRoot } = answer;
  const { operator, traceRoot } = answer.answer;
  const { wrong, ...canonical } = judgement;
  return { assertionId, operator, state, outputRoot, traceRoot, wrong: wrong ?? null, canonical };
}
