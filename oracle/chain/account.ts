/** A key whose owner sends one transaction at a time and waits for it, unlike the outbox. */
import { setTimeout as sleep } from "node:timers/promises";
import { getAddress, type TransactionReceipt, type TransactionRequest, type Wallet } from "ethers";
import type { Account, PaidCall, Receipt } from "../cli/ports.ts";
import { type Address, RevertError, RpcError } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import type { RpcProvider } from "./provider.ts";
import { revertOf } from "./revert.ts";
import { type Domain, signKeyBinding } from "./typedData.ts";

/** A transaction that is not mined by then is reported; it may still be. */
const MINING_LIMIT_MS = 300_000;
const POLL_MS = 250;

export class WalletAccount implements Account {
  readonly address: Address;
  readonly #wallet: Wallet;
  readonly #provider: RpcProvider;
  readonly #domain: Domain;

  constructor(wallet: Wallet, provider: RpcProvider, domain: Domain) {
    this.address = wallet.address;
    this.#wallet = wallet.connect(provider);
    this.#provider = provider;
    this.#domain = domain;
  }

  async send({ to, data, valueWei }: PaidCall): Promise<Receipt> {
    const request = await this.#populate({ to, data, value: valueWei });
    const { hash } = await this.#wallet.sendTransaction(request);
    const receipt = await this.#receipt(hash);
    if (receipt.status !== 1) throw new RevertError("unknown", [hash]);
    const { blockNumber: block, gasUsed, fee: costWei } = receipt;
    return { transactionHash: hash as Hex, block, gasUsed, costWei };
  }

  signKeyBinding(operator: Address): Promise<Hex> {
    return signKeyBinding(this.#wallet, this.#domain, getAddress(operator));
  }

  /** Estimating gas runs the call, so what would revert is found before it costs anything. */
  async #populate(call: TransactionRequest): Promise<TransactionRequest> {
    try {
      return await this.#wallet.populateTransaction(call);
    } catch (error) {
      throw revertOf(error);
    }
  }

  async #receipt(hash: string): Promise<TransactionReceipt> {
    const deadline = Date.now() + MINING_LIMIT_MS;
    while (Date.now() < deadline) {
      const receipt = await this.#provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
      await sleep(POLL_MS);
    }
    throw new RpcError(`the transaction ${hash} is not mined after ${MINING_LIMIT_MS / 1000} s; it may still be`);
  }
}
