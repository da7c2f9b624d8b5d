// Gas of binary64 arithmetic and of loads on chain, by the way of Float64Harness: calls included, dispatch not.
import { network } from "hardhat";
import { float64Gas } from "../../test/parity/float64Gas.ts";

const COLUMNS = ["ordinary", "min", "median", "max"] as const;

/** Prints the table and returns its figures. */
export async function bench(): Promise<Record<string, number>> {
  const { ethers } = await network.create({ override: { blockGasLimit: 2n ** 40n, transactionGasCap: 2n ** 40n } });
  const rows = await float64Gas(await ethers.deployContract("Float64Harness"));
  console.log("gas: median over ordinary numbers; least, median and most over those that the parity tests draw\n");
  console.log(`${"".padEnd(12)}${COLUMNS.map((column) => column.padStart(10)).join("")}`);
  for (const row of rows) {
    console.log(`${row.name.padEnd(12)}${COLUMNS.map((column) => String(row[column]).padStart(10)).join("")}`);
  }
  return Object.fromEntries(
    rows.flatMap((row) => COLUMNS.map((column) => [`${row.name.replace(" ", ".")}.${column}`, row[column]])),
  );
}
