// npm run check:compiler, after a forced build: any warning on our Solidity is an error, and so are code that no chain
// accepts and an interface that does not say what it does.
import { globSync, readFileSync } from "node:fs";

/** EIP-170 and EIP-3860: bytes of runtime code and of creation code. */
const MAX_RUNTIME_BYTES = 24_576;
const MAX_CREATION_BYTES = 49_152;

/** solc's warnings about those limits: said here with the numbers, and of no interest in tests. */
const SIZE_WARNINGS = ["5574", "3860"];

interface AbiEntry {
  type: string;
  name?: string;
  inputs?: AbiParameter[];
}

interface AbiParameter {
  type: string;
  components?: AbiParameter[];
}

interface ContractOutput {
  abi: AbiEntry[];
  evm: { bytecode: { object: string }; deployedBytecode: { object: string } };
  userdoc: Partial<Record<"methods" | "events", Record<string, unknown>>>;
}

/** What is read of solc's output; source names start with `project/` for ours and `npm/` for dependencies. */
export interface CompilerOutput {
  contracts: Record<string, Record<string, ContractOutput>>;
  errors?: { severity: string; errorCode: string; formattedMessage: string; sourceLocation?: { file: string } }[];
}

const isOurs = (source: string) => source.startsWith("project/");
const isProduct = (source: string) => source.startsWith("project/contracts/") && !source.endsWith(".t.sol");

/** Everything that is wrong with a build, one text per problem. */
export function problems(output: CompilerOutput): string[] {
  const found: string[] = [];
  for (const { errorCode, formattedMessage, sourceLocation } of output.errors ?? []) {
    const isForeign = sourceLocation !== undefined && !isOurs(sourceLocation.file);
    if (!isForeign && !SIZE_WARNINGS.includes(errorCode)) found.push(formattedMessage.trim());
  }
  for (const [source, contracts] of Object.entries(output.contracts).filter(([name]) => isProduct(name))) {
    for (const [name, contract] of Object.entries(contracts)) {
      found.push(...oversize(name, contract));
      if (source.includes("/interfaces/")) found.push(...undocumented(name, contract));
    }
  }
  return found;
}

function oversize(name: string, { evm }: ContractOutput): string[] {
  const sizes = [
    { code: "runtime", bytes: evm.deployedBytecode.object.length / 2, max: MAX_RUNTIME_BYTES },
    { code: "creation", bytes: evm.bytecode.object.length / 2, max: MAX_CREATION_BYTES },
  ];
  return sizes
    .filter(({ bytes, max }) => bytes > max)
    .map(({ code, bytes, max }) => `${name}: ${bytes} bytes of ${code} code, ${max} are allowed`);
}

function undocumented(name: string, { abi, userdoc }: ContractOutput): string[] {
  const notices = new Map([
    ["function", userdoc.methods],
    ["event", userdoc.events],
  ]);
  return abi
    .filter((entry) => notices.has(entry.type) && notices.get(entry.type)?.[signature(entry)] === undefined)
    .map((entry) => `${name}: ${entry.type} ${signature(entry)} has no @notice`);
}

function signature({ name, inputs = [] }: AbiEntry): string {
  return `${name}(${inputs.map(canonicalType).join(",")})`;
}

/** `tuple[2]` and its components as the signature spells them: `(uint256,address)[2]`. */
function canonicalType({ type, components = [] }: AbiParameter): string {
  return type.replace("tuple", `(${components.map(canonicalType).join(",")})`);
}

if (import.meta.main) {
  const files = globSync("artifacts/build-info/*.output.json");
  const found = files.flatMap((file) => problems(JSON.parse(readFileSync(file, "utf8")).output));
  for (const problem of found) console.error(`${problem}\n`);
  if (files.length === 0) console.error("no build in artifacts/build-info");
  process.exitCode = found.length > 0 || files.length === 0 ? 1 : 0;
}
