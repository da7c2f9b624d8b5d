/** What the command line says, and how it ends, when something is wrong. */

/** 0: done; 1: it failed; 2: it was called wrongly; 3: what was asked cannot be found out. */
export const EXIT = { ok: 0, failure: 1, usage: 2, unverifiable: 3 } as const;

/** The command was called wrongly: an option or argument is not what it can be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command cannot do what was asked. The message says why and, where there is something, what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Whether an answer is right cannot be found out, here or now. */
export class UncheckedError extends Error {
  override readonly name = "UncheckedError";
}
