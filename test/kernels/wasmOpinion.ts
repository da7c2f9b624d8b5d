// Whether the host's WebAssembly finds a section well-typed, beside what our own validation says.
import { decodeDescriptor } from "../../oracle/vm/descriptor.ts";
import { MalformedKernelError, type Rule } from "../../oracle/vm/malformed.ts";
import type { Instruction, ValueType } from "../../oracle/vm/opcodes.ts";
import { type Signature, validateSection } from "../../oracle/vm/section.ts";
import { signatures } from "../../oracle/vm/validate.ts";
import { WebAssembly } from "../../oracle/vm/webAssembly.ts";
import { plainModule } from "./wasmModule.ts";

export interface Opinions {
  readonly ours: boolean;
  readonly host: boolean;
}

/** The rules that WebAssembly has too. The others are our own: limits, locals that must be set, read-only locals. */
const SHARED_RULES = new Set<Rule>(["type", "underflow", "result"]);
/** More free locals than this are more modules to try than it is worth. */
const MAX_FREE_LOCALS = 4;

/** Both opinions on each section of a descriptor, as far as they can be compared. */
export function opinionsOn(descriptor: Uint8Array): Opinions[] {
  try {
    const kernel = decodeDescriptor(descriptor);
    const { step, finish } = signatures(kernel);
    const sections = [step && opinionsOnSection(kernel.step, step), opinionsOnSection(kernel.finish, finish)];
    return sections.filter((opinions) => opinions !== undefined);
  } catch (error) {
    if (error instanceof MalformedKernelError) return [];
    throw error;
  }
}

function opinionsOnSection(code: readonly Instruction[], signature: Signature): Opinions | undefined {
  const broken = brokenRule(code, signature);
  if (broken === "not comparable") return undefined;
  const locals = code.flatMap((instruction) =>
    instruction.op === "local.set" || instruction.op === "local.tee" ? [instruction.imm] : [],
  );
  const free = [...new Set(locals)];
  if (free.length > MAX_FREE_LOCALS) return undefined;
  // WebAssembly wants locals declared: it accepts the code if it does with the locals of some types.
  const host = Array.from({ length: 2 ** free.length }, (_, choice) => {
    const types: ValueType[] = [];
    for (const [bit, local] of free.entries()) types[local] = (choice >> bit) % 2 === 0 ? "i64" : "f64";
    const fixed = signature.fixed.map((type) => type ?? "i64");
    return WebAssembly.validate(plainModule({ code, fixed, locals: types, ...partsOf(signature) }));
  });
  return { ours: broken === undefined, host: host.includes(true) };
}

const partsOf = ({ operands, result }: Signature) => ({ operands, result });

function brokenRule(code: readonly Instruction[], signature: Signature): Rule | undefined | "not comparable" {
  try {
    validateSection(code, signature);
    return undefined;
  } catch (error) {
    if (!(error instanceof MalformedKernelError)) throw error;
    // WebAssembly selects conditions too.
    const isOurs = !SHARED_RULES.has(error.rule) || error.detail === "a condition instead of a value";
    return isOurs ? "not comparable" : error.rule;
  }
}
