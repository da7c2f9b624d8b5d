/** Reads a deployment's events block by block, and notices when blocks that were read are not the chain's any more. */
import { type Block, getAddress, type Log } from "ethers";
import {
  type ChainEvents,
  type Counter,
  type Feed,
  type FeedStep,
  type Gauge,
  type Logger,
  type Metrics,
  RpcError,
} from "../roles/ports.ts";
import type { BlockRef } from "../store/port.ts";
import type { Hex } from "../vm/keccak.ts";
import { type Contracts, eventsIn, TOPICS } from "./chainEvents.ts";
import { LogReader } from "./logReader.ts";
import type { RpcProvider } from "./provider.ts";

/** Blocks this close below the head can be reorganised, or unknown to one of several endpoints. */
const RECENT_BLOCKS = 128;
/** Recent blocks per step, each with a query of its own. */
const RECENT_STEP = 32;

/** What Hardhat states for blocks that were mined many at a time; elsewhere only the first block has it. */
const NO_PARENT = `0x${"00".repeat(32)}`;

export interface CursorOptions extends Contracts {
  /** Of the deployment. */
  readonly firstBlock: number;
  /** A request is answered when its block has this many successors; 0: at once. */
  readonly confirmations: number;
  /** Blocks per step when catching up. */
  readonly maxRange: number;
}

export class LogCursor implements Feed {
  readonly #provider: RpcProvider;
  readonly #options: CursorOptions;
  readonly #logger: Logger;
  readonly #logs: LogReader;
  readonly #head: Gauge;
  readonly #read: Gauge;
  readonly #garbage: Counter;
  readonly #rewinds: Counter;

  constructor(
    options: CursorOptions,
    { provider, logger, metrics }: { provider: RpcProvider; logger: Logger; metrics: Metrics },
  ) {
    this.#options = options;
    this.#provider = provider;
    this.#logger = logger;
    this.#logs = new LogReader(provider, options.maxRange, logger);
    this.#head = metrics.gauge({ name: "chain_head_block", help: "Number of the latest block" });
    this.#read = metrics.gauge({ name: "cursor_block", help: "Number of the last block that was read" });
    this.#garbage = metrics.counter({ name: "cursor_garbage_logs_total", help: "Logs that the contracts do not emit" });
    this.#rewinds = metrics.counter({ name: "cursor_rewinds_total", help: "Reorganisations that were noticed" });
  }

  async next(tail: readonly BlockRef[]): Promise<FeedStep> {
    const head = await this.#provider.getBlockNumber();
    this.#head.set(head);
    const to = await this.#forkPoint(tail, head);
    if (to !== undefined) {
      this.#rewinds.inc();
      this.#logger.warn({ from: tail[0]?.number, to, head }, "reorganisation");
      return { kind: "rewind", to };
    }
    const last = tail[0];
    const from = last === undefined ? this.#options.firstBlock : last.number + 1;
    const until = head - this.#options.confirmations;
    if (from > until) return { kind: "idle" };
    const recent = head - RECENT_BLOCKS;
    const step =
      from > recent ? await this.#readRecent(last, from, until) : await this.#readRange(from, Math.min(until, recent));
    if (step.kind === "advance") this.#read.set(step.blocks.at(-1)?.number ?? 0);
    return step;
  }

  /** The last block that was read and is still the chain's, if there are later ones that are not. */
  async #forkPoint(tail: readonly BlockRef[], head: number): Promise<number | undefined> {
    // The head may be lower than what was read, if the endpoint lags: only what it knows can contradict it.
    const known = tail.filter(({ number }) => number <= head);
    for (const [depth, block] of known.entries()) {
      const now = await this.#block(block.number);
      if (now === null) return undefined;
      if (now.hash === block.hash) return depth === 0 ? undefined : block.number;
    }
    // Not one is: a reorganisation deeper than what is remembered, so everything is read again.
    return known.length === 0 ? undefined : this.#options.firstBlock - 1;
  }

  /** A range far enough below the head that every endpoint has it and nothing changes it. */
  async #readRange(from: number, limit: number): Promise<FeedStep> {
    const to = Math.min(limit, from + this.#options.maxRange - 1);
    const block = await this.#block(to);
    if (block === null) return { kind: "idle" };
    const logs = await this.#logs.read(this.#filter(), from, to);
    return { kind: "advance", blocks: [refOf(block)], ...this.#events(logs) };
  }

  /** Block by block by hash: an endpoint that does not have that block answers with an error instead of no logs. */
  async #readRecent(last: BlockRef | undefined, from: number, until: number): Promise<FeedStep> {
    const count = Math.min(RECENT_STEP, until - from + 1);
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const found = await Promise.all(numbers.map((number) => this.#block(number)));
    const blocks = chained(last, found);
    const logs = await Promise.all(blocks.map((block) => this.#logsOf(block)));
    if (blocks.length === 0) return { kind: "idle" };
    return { kind: "advance", blocks, ...this.#events(logs.flat()) };
  }

  /** A block by the number asked for: the store takes one block per number, in order. */
  async #block(number: number): Promise<Block | null> {
    const block = await this.#provider.getBlock(number);
    if (block !== null && block.number !== number) {
      throw new RpcError(`asked for block ${number}, the endpoint gave ${block.number}`);
    }
    return block;
  }

  async #logsOf({ number, hash }: BlockRef): Promise<Log[]> {
    const { address, topics } = this.#filter();
    const logs = await this.#provider.getLogs({ address, topics, blockHash: hash });
    for (const log of logs) {
      const isAsked = log.blockHash === hash && log.blockNumber === number;
      if (isAsked && address.some((own) => log.address === getAddress(own))) continue;
      throw new RpcError(
        `asked for logs of ${address.join(", ")} in block ${hash}, the endpoint gave one of ${log.address} in ${log.blockHash}`,
      );
    }
    return logs;
  }

  #filter() {
    const { coordinator, game } = this.#options;
    return { address: [coordinator, game], topics: [[...TOPICS]] };
  }

  #events(logs: readonly Log[]): ChainEvents {
    return eventsIn(this.#options, logs, (log, error) => {
      this.#garbage.inc();
      this.#logger.error({ block: log.blockNumber, transaction: log.transactionHash, error }, "garbage log");
    });
  }
}

/** The blocks up to the first gap: endpoints that disagree give blocks that are not each other's successors. */
function chained(last: BlockRef | undefined, found: readonly (Block | null)[]): BlockRef[] {
  const blocks: BlockRef[] = [];
  let parent: string | undefined = last?.hash;
  for (const block of found) {
    if (block === null) break;
    if (parent !== undefined && block.parentHash !== parent && block.parentHash !== NO_PARENT) break;
    blocks.push(refOf(block));
    parent = block.hash ?? undefined;
  }
  return blocks;
}

function refOf(block: Block): BlockRef {
  if (block.hash === null) throw new RpcError(`block ${block.number} has no hash`);
  return { number: block.number, hash: block.hash as Hex };
}
