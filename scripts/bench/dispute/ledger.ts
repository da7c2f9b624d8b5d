// What the transactions of a dispute cost, today and at the prices that are planned.
import { getBytes, type TransactionReceipt } from "ethers";

/** Gas of a byte of calldata: zero, not zero; of a storage slot that is new, less its access. */
const TODAY = { zero: 4, other: 16, slot: 20_000 };
/** Of every byte, and of a new slot. */
const FUTURE = { byte: 64, slot: 97_920 };

export interface Item {
  readonly move: string;
  readonly gas: number;
  readonly futureGas: number;
  readonly calldataBytes: number;
}

/** A transaction that was sent. */
export interface Sent {
  readonly data: string;
  wait(): Promise<TransactionReceipt | null>;
}

interface Step {
  readonly op: string;
  readonly gasCost: number;
}

interface Tracer {
  send(method: string, params: unknown[]): Promise<unknown>;
}

export class Ledger {
  readonly items: Item[] = [];
  readonly #provider: Tracer;

  constructor(provider: Tracer) {
    this.#provider = provider;
  }

  async add(move: string, sent: Sent): Promise<TransactionReceipt> {
    const receipt = await sent.wait();
    if (receipt === null) throw new Error(`${move} was not mined`);
    const gas = Number(receipt.gasUsed);
    const data = getBytes(sent.data);
    const zeros = data.filter((byte) => byte === 0).length;
    const calldata = TODAY.zero * zeros + TODAY.other * (data.length - zeros);
    const slots = await this.#newSlots(receipt.hash);
    const futureGas = gas + FUTURE.byte * data.length - calldata + slots * (FUTURE.slot - TODAY.slot);
    this.items.push({ move, gas, futureGas, calldataBytes: data.length });
    return receipt;
  }

  total(field: "gas" | "futureGas" | "calldataBytes"): number {
    return this.items.reduce((sum, item) => sum + item[field], 0);
  }

  /** Slots that were zero and are not any more, by what the writes to them cost. */
  async #newSlots(hash: string): Promise<number> {
    const options = { disableMemory: true, disableStack: true, disableStorage: true };
    const trace = (await this.#provider.send("debug_traceTransaction", [hash, options])) as { structLogs: Step[] };
    return trace.structLogs.filter(({ op, gasCost }) => op === "SSTORE" && gasCost >= TODAY.slot).length;
  }
}
