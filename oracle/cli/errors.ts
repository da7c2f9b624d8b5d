/** What the command line says, and how it ends, when something is wrong. */

/** 0: done; 1: it failed; 2: it was called wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** The command was called wrongly: an option or argument is not what it can be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command cannot do what was asked. The message says why and, where there is something, what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
