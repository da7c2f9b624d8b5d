/**
 * Sends transactions from one key, each exactly once. It alone decides nonces: a nonce belongs to a stored transaction
 * until one of the transactions signed with it is mined, and every signed transaction is stored before it is sent. So a
 * crash at any point, a failed send or a lost answer repeats the same bytes, and never burns a nonce.
 */
import { keccak256, type Signer, type TransactionReceipt } from "ethers";
import { failpoint } from "../failpoint.ts";
import {
  type Call,
  type Clock,
  type Counter,
  type Delivery,
  type Gauge,
  type Logger,
  type Metrics,
  type Outbox,
  RpcError,
} from "../roles/ports.ts";
import type { Attempt, OutboxStore, Outcome, StoredTx } from "../store/port.ts";
import type { Hex } from "../vm/keccak.ts";
import { bumpedFees, cappedFees, type Fees } from "./fees.ts";
import { RpcAnswerError, type RpcProvider } from "./provider.ts";
import { revertOf } from "./revert.ts";
import { classifyRefusal } from "./sendError.ts";
import { transactionOf } from "./transaction.ts";
import { toGwei } from "./wei.ts";

export interface OutboxOptions {
  readonly chainId: number;
  /** Gas limit of a transaction at most. */
  readonly maxGas: bigint;
  /** Wei per gas at most, whatever the market wants. */
  readonly maxFeeWei: bigint;
  /** A transaction that is not mined after this long is replaced by one that pays more. */
  readonly bumpAfterMs: number;
  /** A transaction that is not mined is sent again this often, in case it was dropped. */
  readonly resendAfterMs: number;
  /** A transaction is over when its block has this many successors. */
  readonly confirmations: number;
  /** Transactions sent and not mined at a time. */
  readonly maxInFlight: number;
}

type TransactionSigner = Pick<Signer, "getAddress" | "signTransaction">;

/** Gas of a transaction that does nothing. */
const EMPTY_GAS = 21_000n;
/** A nonce used this many blocks ago without a receipt of ours was used by somebody else, not by a block just arriving. */
const FOREIGN_BLOCKS = 3;
/** How long a transaction is offered to pools that refuse it. */
const GIVE_UP_MS = 300_000;

export class ChainOutbox implements Outbox {
  readonly maxGas: bigint;
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  readonly #provider: RpcProvider;
  readonly #signer: TransactionSigner;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sent: Counter;
  readonly #refused: Counter;
  readonly #finished: Counter;
  readonly #spent: Counter;
  readonly #open: Gauge;
  readonly #balance: Gauge;
  /** When each attempt went out last. Forgotten by a restart, which sends everything again. */
  readonly #sentAtMs = new Map<Hex, number>();
  /** Transactions whose newest attempt no pool takes for its fees. */
  readonly #underpriced = new Set<number>();

  constructor(
    options: OutboxOptions,
    deps: {
      store: OutboxStore;
      provider: RpcProvider;
      signer: TransactionSigner;
      clock: Clock;
      logger: Logger;
      metrics: Metrics;
    },
  ) {
    this.maxGas = options.maxGas;
    this.#options = options;
    this.#store = deps.store;
    this.#provider = deps.provider;
    this.#signer = deps.signer;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    const { metrics } = deps;
    this.#sent = metrics.counter({ name: "tx_sent_total", help: "Signed transactions sent, repetitions included" });
    this.#refused = metrics.counter({ name: "tx_refused_total", help: "Sends refused", labels: ["reason"] });
    this.#finished = metrics.counter({ name: "tx_finished_total", help: "Transactions over", labels: ["state"] });
    this.#spent = metrics.counter({ name: "tx_cost_gwei_total", help: "Gas paid for, in gwei" });
    this.#open = metrics.gauge({ name: "tx_open", help: "Transactions that are not over" });
    this.#balance = metrics.gauge({ name: "sender_balance_gwei", help: "Balance of the sending account, in gwei" });
  }

  async submit(keys: readonly string[], call: Call, gasLimit: bigint): Promise<void> {
    if (gasLimit > this.maxGas) throw new RangeError(`a gas limit of ${gasLimit} is above ${this.maxGas}`);
    const isNew = await this.#store.enqueue(keys, call, gasLimit);
    if (isNew) this.#logger.info({ keys, gasLimit }, "transaction queued");
  }

  async delivery(key: string): Promise<Delivery | undefined> {
    const tx = await this.#store.byKey(key);
    return tx === undefined ? undefined : (tx.outcome ?? { state: "pending", keys: tx.keys });
  }

  attempts(prefix: string): Promise<number> {
    return this.#store.countKeys(prefix);
  }

  async cancel(prefix: string): Promise<void> {
    const cancelled = await this.#store.cancel(prefix);
    if (cancelled > 0) this.#logger.info({ prefix, cancelled }, "transactions cancelled");
  }

  /**
   * Brings every open transaction one step further.
   * @throws RpcError
   */
  async tick(): Promise<void> {
    const sender = await this.#signer.getAddress();
    const head = await this.#provider.getBlockNumber();
    const used = await this.#provider.getTransactionCount(sender);
    this.#balance.set(toGwei(await this.#provider.getBalance(sender)));
    const undone = await this.#store.reopen(used);
    if (undone > 0) this.#logger.warn({ nonce: used, undone }, "a reorganisation undid transactions");

    const open = await this.#store.open();
    this.#open.set(open.length);
    if (open.length === 0) return;
    const fees = await this.#marketFees();
    let nextNonce = used;
    let inFlight = 0;
    for (const [i, tx] of open.entries()) {
      if (tx.nonce !== undefined && tx.nonce < used) {
        await this.#settle(tx, tx.nonce, head, sender);
        continue;
      }
      if (inFlight === this.#options.maxInFlight) break;
      const nonce = tx.nonce ?? nextNonce;
      // A transaction that is not accepted blocks those after it: a nonce is only given out on top of accepted ones.
      if (!(await this.#push(tx, nonce, fees))) {
        if (open[i + 1]?.nonce === undefined) await this.#giveUpOld(tx);
        break;
      }
      nextNonce = nonce + 1;
      inFlight++;
    }
  }

  /** One of the transactions with this nonce is on chain: finds which, and whether it is there to stay. */
  async #settle(tx: StoredTx, nonce: number, head: number, sender: string): Promise<void> {
    const stable = head - this.#options.confirmations;
    for (const attempt of tx.attempts) {
      const receipt = await this.#provider.getTransactionReceipt(attempt.hash);
      if (receipt === null) continue;
      if (receipt.blockNumber > stable) return;
      const outcome = await this.#outcome(tx, attempt, receipt, sender);
      await this.#store.finish(tx.id, outcome);
      for (const { hash } of tx.attempts) this.#sentAtMs.delete(hash);
      this.#finished.inc({ state: outcome.state });
      this.#spent.inc({}, toGwei(receipt.fee));
      this.#logger.info({ keys: tx.keys, nonce, hash: attempt.hash, ...outcome }, "transaction over");
      return;
    }
    const deep = Math.max(0, Math.min(stable, head - FOREIGN_BLOCKS));
    if ((await this.#provider.getTransactionCount(sender, deep)) <= nonce) return;
    this.#logger.error({ keys: tx.keys, nonce, sender }, "something else sends from this account: sending again");
    await this.#store.requeue(tx.id, tx.isCancelled);
  }

  /**
   * Lets go of a transaction, the last one with a nonce, that no pool has taken for long: it may never be taken, and the
   * others wait. If a pool has it after all and it is mined, the next one finds its nonce used, like by somebody else.
   */
  async #giveUpOld({ id, keys, attempts }: StoredTx): Promise<void> {
    const first = attempts.at(-1);
    if (first === undefined || this.#clock.nowMs() - first.signedAtMs < GIVE_UP_MS) return;
    this.#logger.error({ keys }, "transaction given up: no pool takes it");
    await this.#store.requeue(id, true);
    this.#finished.inc({ state: "cancelled" });
  }

  async #outcome(tx: StoredTx, attempt: Attempt, receipt: TransactionReceipt, sender: string): Promise<Outcome> {
    if (attempt.isCancellation) return { state: "cancelled" };
    const { blockNumber: block, gasUsed, fee: costWei, status } = receipt;
    if (status === 1) return { state: "mined", block, gasUsed, costWei };
    const errorName = gasUsed === tx.gasLimit ? "OutOfGas" : await this.#whyReverted(tx, block, sender);
    return { state: "reverted", block, gasUsed, costWei, errorName };
  }

  /** ethers' rule: room for the base fee to double, which takes six full blocks. */
  async #marketFees(): Promise<Fees> {
    const { maxFeePerGas, maxPriorityFeePerGas } = await this.#provider.getFeeData();
    if (maxFeePerGas === null || maxPriorityFeePerGas === null) throw new RpcError("the chain has no EIP-1559 fees");
    return cappedFees({ maxFeeWei: maxFeePerGas, tipWei: maxPriorityFeePerGas }, this.#options.maxFeeWei);
  }

  /** Sends a transaction for the first time, again, or for more. False if no endpoint's pool has it afterwards. */
  #push(tx: StoredTx, nonce: number, market: Fees): Promise<boolean> {
    const now = this.#clock.nowMs();
    const [newest] = tx.attempts;
    if (newest === undefined) return this.#sendNew(tx, nonce, market, now);

    const isUnwanted = tx.isCancelled && !newest.isCancellation;
    const isDue = now - newest.signedAtMs >= this.#options.bumpAfterMs || this.#underpriced.has(tx.id);
    const fees = isUnwanted || isDue ? bumpedFees(newest, market, this.#options.maxFeeWei) : undefined;
    if (fees !== undefined) {
      this.#logger.info({ keys: tx.keys, nonce, ...fees }, "replacing transaction");
      return this.#sendNew(tx, nonce, fees, now);
    }
    const sentAt = this.#sentAtMs.get(newest.hash);
    if (sentAt !== undefined && now - sentAt < this.#options.resendAfterMs) return Promise.resolve(true);
    return this.#send(tx, newest);
  }

  /** Stores the signed transaction, then sends it. */
  async #sendNew(tx: StoredTx, nonce: number, fees: Fees, nowMs: number): Promise<boolean> {
    const isCancellation = tx.isCancelled;
    const sender = await this.#signer.getAddress();
    const raw = (await this.#signer.signTransaction({
      type: 2,
      chainId: this.#options.chainId,
      nonce,
      ...(isCancellation ? { to: sender, gasLimit: EMPTY_GAS } : { ...transactionOf(tx.call), gasLimit: tx.gasLimit }),
      maxFeePerGas: fees.maxFeeWei,
      maxPriorityFeePerGas: fees.tipWei,
    })) as Hex;
    const attempt = { hash: keccak256(raw) as Hex, raw, ...fees, isCancellation, signedAtMs: nowMs };
    this.#underpriced.delete(tx.id);
    const isOpen = await this.#store.sign(tx.id, nonce, attempt);
    return isOpen && this.#send(tx, attempt);
  }

  async #send(tx: StoredTx, { hash, raw }: Attempt): Promise<boolean> {
    failpoint("tx.send:before");
    this.#sent.inc();
    try {
      await this.#provider.send("eth_sendRawTransaction", [raw]);
    } catch (error) {
      if (!(error instanceof RpcAnswerError)) throw error;
      return this.#refuse(tx, hash, error);
    }
    failpoint("tx.send:after");
    this.#sentAtMs.set(hash, this.#clock.nowMs());
    this.#logger.info({ keys: tx.keys, hash }, "transaction sent");
    return true;
  }

  #refuse(tx: StoredTx, hash: Hex, { reason }: RpcAnswerError): boolean {
    const refusal = classifyRefusal(reason);
    if (refusal === "known" || refusal === "spent") {
      // Spent: one of its attempts was mined since the nonce was read, or another's; the next tick tells.
      this.#sentAtMs.set(hash, this.#clock.nowMs());
      return true;
    }
    this.#refused.inc({ reason: refusal });
    this.#logger.warn({ keys: tx.keys, hash, refusal, reason }, "transaction refused");
    if (refusal !== "underpriced") return false;
    this.#underpriced.add(tx.id);
    // If it is refused as a replacement, the pool has what it should replace.
    return tx.attempts.length > 0;
  }

  /** The name of the error, by making the call again where it reverted: a receipt does not tell. */
  async #whyReverted(tx: StoredTx, block: number, sender: string): Promise<string> {
    try {
      await this.#provider.call({ ...transactionOf(tx.call), from: sender, gasLimit: tx.gasLimit, blockTag: block });
      return "unknown";
    } catch (error) {
      // An old block's state may be pruned.
      return error instanceof RpcAnswerError ? "unknown" : revertOf(error).errorName;
    }
  }
}
