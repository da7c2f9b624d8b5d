/** Logs of long ranges of blocks, in as few queries as the endpoint allows. */
import type { Filter, Log } from "ethers";
import { type Logger, RpcError } from "../roles/ports.ts";
import type { RpcProvider } from "./provider.ts";

export class LogReader {
  readonly #provider: RpcProvider;
  readonly #maxRange: number;
  readonly #logger: Logger;
  /** Blocks per query: halved when the endpoint refuses, doubled when it does not. */
  #range: number;

  constructor(provider: RpcProvider, maxRange: number, logger: Logger) {
    this.#provider = provider;
    this.#maxRange = maxRange;
    this.#logger = logger;
    this.#range = maxRange;
  }

  /**
   * All logs of the blocks `from` to `to`, both included.
   * @throws RpcError
   */
  async read(filter: Pick<Filter, "address" | "topics">, from: number, to: number): Promise<Log[]> {
    const logs: Log[] = [];
    let start = from;
    while (start <= to) {
      const end = Math.min(to, start + this.#range - 1);
      try {
        logs.push(...(await this.#provider.getLogs({ ...filter, fromBlock: start, toBlock: end })));
        this.#range = Math.min(this.#maxRange, this.#range * 2);
        start = end + 1;
      } catch (error) {
        // Endpoints limit the blocks, the logs, the bytes or the time of a query, and each says so in its own words.
        if (!(error instanceof RpcError) || start === end) throw error;
        this.#range = Math.ceil((end - start + 1) / 2);
        this.#logger.info({ start, end, range: this.#range, reason: error.message }, "asking for fewer blocks");
      }
    }
    return logs;
  }
}
