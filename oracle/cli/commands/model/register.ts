/** assay model register: puts a model on chain. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Config } from "../../../config/schema.ts";
import { bindDims } from "../../../model/onnx/bindDims.ts";
import { readSignature, type Signature } from "../../../model/onnx/signature.ts";
import { formatEth, parseHash, parseWhole } from "../../amounts.ts";
import { configOf, type KeyOptions, openAccount, withKeyOptions, withSession } from "../../context.ts";
import { CommandError } from "../../errors.ts";
import { describe } from "../../inputs.ts";
import { locate, type ModelFile, parseDims, parseNames, readModelFile } from "../../modelFile.ts";
import type { Tools } from "../../ports.ts";

const EXAMPLES = `
The model is registered by its file's hash, its inputs and outputs. Answers are NOT DISPUTABLE: they rest on their
operator's stake and name alone.

Examples:
  assay model register models/volatility.onnx --uri https://example.org/volatility.onnx
  assay model register classifier.onnx --dims batch=1 --outputs label
  assay model register model.onnx --royalty-bps 500      5 % of each fee for the owner`;

interface Options extends KeyOptions {
  readonly dims: Readonly<Record<string, number>>;
  readonly outputs?: readonly string[];
  readonly uri: string;
  readonly royaltyBps: number;
  readonly salt: `0x${string}`;
  readonly json?: boolean;
}

export function addRegister(model: Command, tools: Tools): void {
  withKeyOptions(model.command("register"))
    .description("register an ONNX file; the key becomes the model's owner")
    .argument("<file.onnx>", "the model")
    .option("--dims <name=size,...>", "sizes of the dimensions that the model leaves open", parseDims, {})
    .option("--outputs <name,...>", "only these outputs, in this order", parseNames)
    .option("--uri <uri>", "where operators can get the file", "")
    .option("--royalty-bps <n>", "the owner's part of each fee, in 1/10,000", parseWhole(0, 10_000), 0)
    .option("--salt <hash>", "tells apart models that are otherwise alike", parseHash, `0x${"00".repeat(32)}`)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((file: string, options: Options, command: Command) => register(tools, configOf(command), file, options));
}

async function register(tools: Tools, config: Config, file: string, options: Options): Promise<void> {
  const model = readModelFile(file, config.artefacts.maxMb * 1_000_000);
  const { sha256 } = model;
  const signature = signatureOf(model, options);
  await tools.tryModel(config, { path: resolve(file), ...signature });
  await withSession(tools, config, async (session) => {
    const account = await openAccount(session, config, options);
    const { salt, royaltyBps, uri } = options;
    const newModel = { ...signature, artefactHash: sha256, owner: account.address, salt };
    const { modelId, call } = session.calls.register(newModel, royaltyBps, uri);
    if ((await session.modelTerms(modelId)) !== undefined) {
      throw new CommandError(`it is registered already: ${modelId}; --salt makes another one of it`);
    }
    const { transactionHash, costWei } = await account.send(call);
    if (options.json) {
      console.log(JSON.stringify({ modelId, disputable: false, artefactHash: sha256, ...signature, transactionHash }));
      return;
    }
    console.log(`model     ${modelId}`);
    console.log(`inputs    ${signature.inputs.map(describe).join("; ") || "none"}`);
    console.log(`outputs   ${signature.outputs.map(describe).join("; ")}`);
    console.log(`sha-256   ${sha256}`);
    console.log(`answers   not disputable: they rest on their operator alone`);
    console.log(`owner     ${account.address}; transaction ${transactionHash}, gas ${formatEth(costWei)}`);
  });
}

function signatureOf(file: ModelFile, { dims, outputs }: Options): Signature<number> {
  return locate(file.file, () => bindDims(readSignature(file.onnx, outputs), dims));
}
