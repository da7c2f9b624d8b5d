/**
 * How a source failed: "transient" may pass in a moment, "unavailable" may pass some day, "refused" never will, because
 * what the source gives or is cannot be accepted.
 */
export type SourceFailure = "transient" | "unavailable" | "refused";

/** Why one source did not give an artefact. */
export class SourceError extends Error {
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
    this.failure = failure;
  }
}
