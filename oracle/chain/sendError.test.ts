import { expect } from "chai";
import { classifyRefusal, type SendRefusal } from "./sendError.ts";

/** What clients say, word for word. */
const WORDS: Record<Exclude<SendRefusal, "other">, readonly string[]> = {
  known: [
    "already known", // geth, reth
    "AlreadyKnown", // nethermind
    "Known transaction", // besu
    "known transaction: 9d2e", // older geth
    "Known transaction: 0x6b17", // hardhat
  ],
  underpriced: [
    "replacement transaction underpriced", // geth, erigon, reth
    "transaction underpriced: gas tip cap 1, minimum needed 1000000", // geth
    "ReplacementNotAllowed, fee too low", // nethermind
    "FeeTooLow, MaxFeePerGas too low", // nethermind
    "max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 7", // geth
    "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7", // hardhat
    "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 11 is necessary", // hardhat
    "Gas price below configured minimum gas price", // besu
  ],
  spent: [
    "nonce too low", // geth, erigon
    "nonce too low: next nonce 5, tx nonce 4", // geth, reth
    "OldNonce, current nonce: 5, nonce of rejected tx: 4", // nethermind
    "Nonce too low", // besu
    "Nonce too low. Expected nonce to be 5 but got 4.", // hardhat
  ],
  poor: [
    "insufficient funds for gas * price + value: balance 0, tx cost 1", // geth
    "InsufficientFunds, Account balance: 0, cumulative cost: 1", // nethermind
    "Upfront cost exceeds account balance", // besu
    "Sender doesn't have enough funds to send tx. The max upfront cost is: 2 and the sender's balance is: 1.", // hardhat
  ],
};

describe("classifyRefusal", () => {
  for (const [refusal, reasons] of Object.entries(WORDS)) {
    for (const reason of reasons) it(`${refusal}: ${reason}`, () => expect(classifyRefusal(reason)).to.equal(refusal));
  }

  it("other: anything else", () => expect(classifyRefusal("txpool is full")).to.equal("other"));
});
