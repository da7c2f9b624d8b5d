// npm run generate:instructions: measures what every instruction costs on chain and prints it into docs/instructions.md.
import { writeFileSync } from "node:fs";
import { network } from "hardhat";
import { DTYPES, type Dtype } from "../../oracle/model/tensor.ts";
import { OPCODE_NAMES, OPCODES, type OpcodeName } from "../../oracle/vm/opcodes.ts";
import { instructionGas, loadGas, type PlainOpcode } from "../bench/vm/instructions.ts";
import { Meter } from "../bench/vm/meter.ts";

const FILE = "docs/instructions.md";

const { ethers } = await network.create();
const meter = new Meter(await ethers.deployContract("TensorVM"));

const isPlain = (name: OpcodeName): name is PlainOpcode => OPCODES[name].immediate === undefined;
const number = (value: number) => value.toLocaleString("en");
const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const rows: string[] = [];
for (const name of OPCODE_NAMES.filter(isPlain)) {
  const { bytes, cost } = OPCODES[name];
  rows.push(row(`\`${hex(bytes)}\``, name, number(cost), number(await instructionGas(meter, name))));
}
for (const dtype of Object.keys(DTYPES) as Dtype[]) {
  const { bytes, cost } = OPCODES.call;
  rows.push(row(`\`${hex(bytes)}\``, `load of ${dtype}`, number(cost), number(await loadGas(meter, dtype))));
}

const text = `<!-- Made by \`npm run generate:instructions\`. -->

# What instructions cost on chain

Measured on \`TensorVM\` with ordinary operands, in a kernel that is running: translation, and what a run costs whatever it does,
come on top ([tensorvm.md](tensorvm.md)). The cost is what [kernels.md](kernels.md) counts: it bounds a run, and includes for a load
that its chunk is proved. Zeros, infinities, NaN and subnormal numbers cost up to five times as much. \`local.get\` and \`local.set\`
cost 6, \`local.tee\` 9, constants 3 to 6.

${[row("bytes", "instruction", "cost", "gas"), row("---", "---", "--:", "--:"), ...rows].join("\n")}
`;
writeFileSync(FILE, text);
