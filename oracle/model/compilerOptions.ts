/** What a program is compiled with, as a model's specification states it (docs/formats.md, "Compiler options"). */
import { z } from "zod";
import type { ConstantTensor } from "./onnx/graph.ts";
import { DTYPES, type Dtype, elementCount } from "./tensor.ts";

/** The lowering of this source. A released version never changes what it gives; before 1.0 there is one, which may. */
export const COMPILER_VERSION = "0.1";

export interface ProgramOptions {
  /** Sizes of the dimensions that the model leaves open, by name. */
  readonly dims: Readonly<Record<string, number>>;
  /** Inputs that are constants of the program, by name. */
  readonly bind: Readonly<Record<string, ConstantTensor>>;
}

/** Text that is not the one way in which options are written. */
export class CompilerOptionsError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`the compiler options ${reason}`, options);
    this.name = "CompilerOptionsError";
  }
}

const dtypes = Object.keys(DTYPES) as [Dtype, ...Dtype[]];
const extent = z.int().min(0);
const schema = z.strictObject({
  bind: z.record(
    z.string(),
    z.strictObject({
      data: z.string().regex(/^0x([0-9a-f]{2})*$/),
      dims: z.array(extent),
      dtype: z.enum(dtypes),
    }),
  ),
  dims: z.record(z.string(), z.int().min(1)),
});

export function formatOptions({ dims, bind }: ProgramOptions): string {
  return `{"bind":${sortedJson(bind, tensorToJson)},"dims":${sortedJson(dims, String)}}`;
}

/** Reads what {@link formatOptions} wrote, and nothing else. Throws {@link CompilerOptionsError}. */
export function parseOptions(text: string): ProgramOptions {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) throw new CompilerOptionsError(`are malformed: ${z.prettifyError(parsed.error)}`);
  const { dims, bind } = parsed.data;
  const options = {
    dims,
    bind: Object.fromEntries(Object.entries(bind).map(([name, tensor]) => [name, tensorFromJson(name, tensor)])),
  };
  // One program has one text, so that two specifications of it are equal.
  if (formatOptions(options) !== text) throw new CompilerOptionsError("are not in canonical form");
  return options;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CompilerOptionsError("are not JSON", { cause });
  }
}

function tensorToJson({ dtype, dims, bytes }: ConstantTensor): string {
  const data = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return JSON.stringify({ data, dims, dtype });
}

function tensorFromJson(name: string, { data, dims, dtype }: z.output<typeof schema>["bind"][string]): ConstantTensor {
  const bytes = Uint8Array.from(data.slice(2).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const expected = elementCount(dims) * DTYPES[dtype].bytes;
  if (bytes.length !== expected) {
    throw new CompilerOptionsError(`bind ${name} to ${bytes.length} bytes; its dimensions need ${expected}`);
  }
  return { dtype, dims, bytes };
}

/** Keys in the order of their UTF-16 code units, as RFC 8785 has it. An object would put keys such as "1" first. */
function sortedJson<T>(record: Readonly<Record<string, T>>, toJson: (value: T) => string): string {
  const entries = Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${toJson(value)}`).join()}}`;
}
