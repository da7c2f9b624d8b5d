/** The rules of docs/kernels.md, "Limits, and what is malformed", by name. */
export const RULES = [
  "length",
  "format",
  "dtype",
  "accumulator",
  "axes",
  "digits",
  "extent",
  "product",
  "operandCount",
  "operandSpace",
  "operandDtype",
  "sectionLength",
  "init",
  "chunks",
  "opcode",
  "immediate",
  "constants",
  "loads",
  "values",
  "stack",
  "localIndex",
  "operandIndex",
  "type",
  "underflow",
  "unset",
  "readOnly",
  "result",
  "cost",
] as const;

export type Rule = (typeof RULES)[number];

/** A descriptor breaks a rule. All that its kernel adds to the trace is zeros. */
export class MalformedKernelError extends Error {
  readonly rule: Rule;
  readonly detail: string;

  constructor(rule: Rule, detail: string) {
    super(`malformed kernel: ${rule}: ${detail}`);
    this.name = "MalformedKernelError";
    this.rule = rule;
    this.detail = detail;
  }
}

/** Throws {@link MalformedKernelError} unless the rule is kept. */
export function requireRule(isKept: boolean, rule: Rule, detail: string): asserts isKept {
  if (!isKept) throw new MalformedKernelError(rule, detail);
}
