// Gas of TensorVM: of instructions and steps while a kernel runs, and of whole transactions, each proving its chunks in
// trees of depth 17. Chain, programs and data are fixed, so the figures are too.
import { network } from "hardhat";
import { dearest } from "./vm/dearest.ts";
import { instructionGas, loadGas } from "./vm/instructions.ts";
import { MAX_GAS, Meter, STEPS, steps } from "./vm/meter.ts";
import { type Placed, place } from "./vm/place.ts";
import { conv3x3, exp, type Lowered, matmulF32, matmulI8, treeLeaf } from "./vm/programs.ts";

const TARGETS: Readonly<Record<string, number>> = {
  "i64add.gas": 115,
  "load.gas": 200,
  "f64add.gas": 650,
  "f64mul.gas": 520,
  "conv3x3.gasPerStep": 4_300,
  "matmulF32.gasPerStep": 2_500,
  "matmulI8.gasPerStep": 1_500,
  "conv64.txGas": 500_000,
  "matmul64.txGas": 250_000,
  "exp.txGas": 130_000,
  "dearest.txGas": MAX_GAS,
};

/** Prints the table and returns its figures. */
export async function bench(): Promise<Record<string, number>> {
  const { ethers } = await network.create();
  const meter = new Meter(await ethers.deployContract("TensorVM"));
  const [conv, matmul, matmulInteger] = [placed(conv3x3()), placed(matmulF32()), placed(matmulI8())];
  const figures = {
    "i64add.gas": await instructionGas(meter, "i64.add"),
    "load.gas": await loadGas(meter, "u8"),
    "loadF32.gas": await loadGas(meter, "f32"),
    "f64add.gas": await instructionGas(meter, "f64.add"),
    "f64mul.gas": await instructionGas(meter, "f64.mul"),
    "conv3x3.gasPerStep": await meter.perStep(conv),
    "matmulF32.gasPerStep": await meter.perStep(matmul),
    "matmulI8.gasPerStep": await meter.perStep(matmulInteger),
    "conv64.txGas": await meter.transaction(conv, steps(conv, STEPS)),
    "matmul64.txGas": await meter.transaction(matmul, steps(matmul, STEPS)),
    "exp.txGas": await meter.whole(placed(exp())),
    "treeLeaf.txGas": await meter.whole(placed(treeLeaf())),
    "dearest.txGas": await meter.whole(dearest()),
  };
  console.log(
    "gas: of one instruction or step while a kernel runs (load: of a u8, loadF32: converted to f64 as well),",
  );
  console.log("and of transactions that prove their chunks at depth 17\n");
  for (const [name, figure] of Object.entries(figures)) console.log(row(name, figure, TARGETS[name]));
  return figures;
}

function row(name: string, figure: number, target: number | undefined): string {
  const line = `${name.padEnd(24)}${figure.toLocaleString("en").padStart(10)}`;
  if (target === undefined) return line;
  return `${line}   target ${target.toLocaleString("en")}${figure > target ? " MISSED" : ""}`;
}

const placed = ({ kernel, contents }: Lowered): Placed => place(kernel, contents);
