/** A proof does not show what it is meant to. The machine on the chain reverts for it: it is no verdict. */
export class BadProofError extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`bad proof: ${reason}`);
    this.name = "BadProofError";
    this.reason = reason;
  }
}
