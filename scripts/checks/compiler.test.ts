import { expect } from "chai";
import { type CompilerOutput, problems } from "./compiler.ts";

type Contract = CompilerOutput["contracts"][string][string];

/** A contract of that many bytes of runtime and creation code. */
function contract(runtime: number, creation: number, rest: Partial<Contract> = {}): Contract {
  const object = (bytes: number) => ({ object: "00".repeat(bytes) });
  return { abi: [], evm: { deployedBytecode: object(runtime), bytecode: object(creation) }, userdoc: {}, ...rest };
}

function warning(file: string | undefined, errorCode: string): NonNullable<CompilerOutput["errors"]>[number] {
  const where = file === undefined ? {} : { sourceLocation: { file } };
  return { severity: "warning", errorCode, formattedMessage: `Warning ${errorCode}\n`, ...where };
}

describe("compiler check", () => {
  it("takes every warning on our files for an error, and one that has no place", () => {
    const errors = [
      warning("project/contracts/A.sol", "2072"),
      warning("project/test/contracts/H.sol", "2018"),
      warning("npm/@openzeppelin/contracts@5.7.0/B.sol", "1"),
      warning(undefined, "3"),
      warning("project/contracts/A.t.sol", "5574"),
    ];
    expect(problems({ contracts: {}, errors })).to.deep.equal(["Warning 2072", "Warning 2018", "Warning 3"]);
  });

  it("allows code up to the limits and not a byte more", () => {
    const contracts = { "project/contracts/A.sol": { Fits: contract(24_576, 49_152), Big: contract(24_577, 49_153) } };
    expect(problems({ contracts })).to.deep.equal([
      "Big: 24577 bytes of runtime code, 24576 are allowed",
      "Big: 49153 bytes of creation code, 49152 are allowed",
    ]);
  });

  it("does not measure tests, harnesses and dependencies", () => {
    const names = ["project/contracts/A.t.sol", "project/test/contracts/H.sol", "npm/x/X.sol"];
    const contracts = Object.fromEntries(names.map((name) => [name, { Big: contract(30_000, 60_000) }]));
    expect(problems({ contracts })).to.deep.equal([]);
  });

  it("asks for a notice on every function and event of an interface", () => {
    const tuple = {
      type: "tuple[]",
      components: [{ type: "uint256" }, { type: "tuple", components: [{ type: "bool" }] }],
    };
    const abi = [
      { type: "function", name: "told", inputs: [tuple] },
      { type: "function", name: "untold", inputs: [{ type: "address" }] },
      { type: "event", name: "Happened", inputs: [] },
      { type: "error", name: "Wrong", inputs: [] },
      { type: "constructor", inputs: [] },
    ];
    const userdoc = { methods: { "told((uint256,(bool))[])": {} } };
    const contracts = { "project/contracts/interfaces/I.sol": { I: contract(0, 0, { abi, userdoc }) } };
    expect(problems({ contracts })).to.deep.equal([
      "I: function untold(address) has no @notice",
      "I: event Happened() has no @notice",
    ]);
  });
});
