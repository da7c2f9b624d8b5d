/** A log that the contracts do not emit: the endpoint is broken, or lies. */
export class GarbageLogError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`not an event of these contracts: ${reason}`, options);
    this.name = "GarbageLogError";
  }
}
