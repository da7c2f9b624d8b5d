// npm run generate: rewrites every committed file that a program made. With --check (npm run check:generated) it fails
// if that changed one: somebody edited the product, or its source without running this.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";

const GENERATORS = [
  { script: "generate:onnx", writes: "oracle/model/onnx/*_pb.ts" },
  { script: "generate:abi", writes: "oracle/chain/abi.ts" },
  { script: "generate:vectors", writes: "test/vectors/**/*.json" },
  { script: "generate:transitions", writes: "docs/transitions.md" },
  { script: "generate:dispute", writes: "docs/protocol.md" },
  { script: "generate:instructions", writes: "docs/instructions.md" },
  { script: "generate:config", writes: "docs/configuration.md" },
  { script: "generate:operators", writes: "docs/operators.md" },
  { script: "models", writes: "models/*" },
];

const contents = (glob: string) => new Map(globSync(glob).map((file) => [file, readFileSync(file).toString("base64")]));

const changed: string[] = [];
for (const { script, writes } of GENERATORS) {
  const before = contents(writes);
  const { status } = spawnSync("npm", ["run", "-s", script], { stdio: "inherit" });
  if (status !== 0) throw new Error(`npm run ${script} failed`);
  const after = contents(writes);
  const files = new Set([...before.keys(), ...after.keys()]);
  changed.push(...[...files].filter((file) => before.get(file) !== after.get(file)));
}

for (const file of changed) console.log(`changed: ${file}`);
if (process.argv.includes("--check") && changed.length > 0) process.exitCode = 1;
