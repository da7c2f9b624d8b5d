/** assay model register: puts a model on chain. */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../../../config/schema.ts";
import { COMPILER_VERSION } from "../../../model/compilerOptions.ts";
import { bindDims } from "../../../model/onnx/bindDims.ts";
import { readSignature, type Signature } from "../../../model/onnx/signature.ts";
import type { Tensor } from "../../../roles/ports.ts";
import { formatEth, parseHash, parseWhole } from "../../amounts.ts";
import { configOf, type KeyOptions, openAccount, withKeyOptions, withSession } from "../../context.ts";
import { CommandError, UsageError } from "../../errors.ts";
import { describe } from "../../inputs.ts";
import { locate, type ModelFile, type ModelOptions, readModelFile, withModelOptions } from "../../modelFile.ts";
import type { NewProgram, Tools } from "../../ports.ts";
import { describeSemantics } from "../../semantics.ts";

const EXAMPLES = `
The file is compiled, and the model registered by its program: what answers it is then defined to the bit. Disputes
themselves come with a deployment whose arbiter judges them.
--semantics 0 registers the file alone. Answers are then NOT DISPUTABLE: they rest on their operator's stake and name.
A tolerance lets answers differ from the canonical one by atol + rtol * |canonical|; requests have to accept it.

Examples:
  assay model register models/volatility.onnx --uri https://example.org/volatility.onnx
  assay model register classifier.onnx --dims batch=1 --outputs label
  assay model register resize.onnx --bind 'sizes=[1, 3, 224, 224]' --atol 1e-5 --rtol 1e-4
  assay model register model.onnx --royalty-bps 500      5 % of each fee for the owner
  assay model register model.onnx --semantics 0          without a program`;

interface Options extends KeyOptions, ModelOptions {
  readonly semantics: "0" | "1";
  readonly atol: number;
  readonly rtol: number;
  readonly uri: string;
  readonly royaltyBps: number;
  readonly salt: `0x${string}`;
  readonly json?: boolean;
}

export function addRegister(model: Command, tools: Tools): void {
  withKeyOptions(withModelOptions(model.command("register")))
    .description("register an ONNX file; the key becomes the model's owner")
    .argument("<file.onnx>", "the model")
    .addOption(
      new Option("--semantics <n>", "1: the compiled program; 0: the file alone, not disputable")
        .choices(["0", "1"])
        .default("1"),
    )
    .option("--atol <x>", "absolute tolerance of answers", parseTolerance, 0)
    .option("--rtol <x>", "relative tolerance of answers", parseTolerance, 0)
    .option("--uri <uri>", "where operators can get the file", "")
    .option("--royalty-bps <n>", "the owner's part of each fee, in 1/10,000", parseWhole(0, 10_000), 0)
    .option("--salt <hash>", "tells apart models that are otherwise alike", parseHash, `0x${"00".repeat(32)}`)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((file: string, options: Options, command: Command) => register(tools, configOf(command), file, options));
}

async function register(tools: Tools, config: Config, file: string, options: Options): Promise<void> {
  const model = readModelFile(file, config.artefacts.maxMb * 1_000_000);
  const { signature, program, bound } = await meaningOf(model, options);
  await tools.tryModel(config, { path: resolve(file), ...signature, bound });
  await withSession(tools, config, async (session) => {
    const account = await openAccount(session, config, options);
    const { salt, royaltyBps, uri } = options;
    const artefact = { ...signature, artefactHash: model.sha256, owner: account.address, salt };
    const { modelId, call } = session.calls.register({ ...artefact, program }, royaltyBps, uri);
    if ((await session.modelTerms(modelId)) !== undefined) {
      throw new CommandError(`it is registered already: ${modelId}; --salt makes another one of it`);
    }
    const { transactionHash, costWei } = await account.send(call);
    const { kernelRoot, kernelCount, weightsRoot } = program?.roots ?? {};
    if (options.json) {
      const about = { modelId, disputable: program !== undefined, artefactHash: model.sha256, ...signature };
      console.log(JSON.stringify({ ...about, kernelRoot, kernelCount, weightsRoot, transactionHash }));
      return;
    }
    console.log(`model     ${modelId}`);
    console.log(`inputs    ${signature.inputs.map(describe).join("; ") || "none"}`);
    console.log(`outputs   ${signature.outputs.map(describe).join("; ")}`);
    console.log(`sha-256   ${model.sha256}`);
    if (program !== undefined) console.log(`program   ${kernelCount} kernels, root ${kernelRoot}`);
    console.log(`answers   ${describeSemantics(Number(options.semantics))}`);
    console.log(`owner     ${account.address}; transaction ${transactionHash}, gas ${formatEth(costWei)}`);
  });
}

interface Meaning {
  readonly signature: Signature<number>;
  readonly program: NewProgram | undefined;
  readonly bound: readonly Tensor[];
}

async function meaningOf(model: ModelFile, options: Options): Promise<Meaning> {
  const { dims, outputs, bind, atol, rtol } = options;
  if (options.semantics === "0") {
    if (bind !== undefined) throw new UsageError("--bind takes a program: it does not go with --semantics 0");
    if (atol > 0 || rtol > 0) throw new UsageError("a tolerance takes a program: it does not go with --semantics 0");
    const signature = locate(model.file, () => bindDims(readSignature(model.onnx, outputs), dims));
    return { signature, program: undefined, bound: [] };
  }
  const { compileModel } = await import("../../compiledModel.ts");
  const compiled = compileModel(model, options);
  const { roots, rootPreimage, compilerOptions, program } = compiled;
  const { inputs: open, outputs: given } = program;
  return {
    signature: { inputs: open, outputs: given },
    program: { roots, rootPreimage, compilerVersion: COMPILER_VERSION, compilerOptions, tolerance: { atol, rtol } },
    bound: Object.entries(compiled.options.bind).map(([name, tensor]) => ({ name, ...tensor })),
  };
}

function parseTolerance(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 2 ** 15) return value;
  throw new InvalidArgumentError("It is a number from 0 to 32768, such as 1e-5.");
}
