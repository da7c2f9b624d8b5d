import type { Tolerance } from "../model/tolerance.ts";
import type { Execution } from "./execution.ts";
import type { Result } from "./session.ts";

/** An assertion, and what its answer should have been. */
export interface Assertion {
  readonly result: Result;
  /** `abi.encode(ModelSpec)` of the Result's model. */
  readonly spec: Uint8Array;
  /** The asserted one, flat. */
  readonly output: Uint8Array;
  readonly tolerance: Tolerance;
  readonly execution: Execution;
}
