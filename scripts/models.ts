// npm run models: trains the example models from their seeds, checks the files with ONNX Runtime, writes `models/`.
import { readFile, writeFile } from "node:fs/promises";
import { creditStudy } from "./models/creditStudy.ts";
import { checkOnnx, TOLERANCE } from "./models/onnxCheck.ts";
import { replaceReport, report } from "./models/report.ts";
import type { Study } from "./models/study.ts";
import { volatilityStudy } from "./models/volatilityStudy.ts";

const MODELS = new URL("../models/", import.meta.url);
const README = new URL("README.md", MODELS);

async function make(study: Study): Promise<void> {
  const { name, seed, fullBudget } = study;
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: simulating ${fullBudget.samples} samples from seed ${seed}`);
  const mlp = study.train(seed, fullBudget, (epoch) => {
    console.log(`${name}: epoch ${epoch} of ${fullBudget.epochs}, ${seconds()} s`);
  });
  const onnx = study.toOnnx(mlp);
  const compared = await checkOnnx(study, mlp, onnx, study.heldOutSeed);
  console.log(`${name}: ${compared} values of ONNX Runtime within ${TOLERANCE} of float64`);

  const markdown = report(study, mlp, onnx);
  const readme = replaceReport(await readFile(README, "utf8"), study, markdown);
  await writeFile(new URL(`${name}.onnx`, MODELS), onnx);
  await writeFile(README, readme);
  console.log(`${name}: wrote models/${name}.onnx\n\n${markdown}\n`);
}

await make(volatilityStudy);
await make(creditStudy);
