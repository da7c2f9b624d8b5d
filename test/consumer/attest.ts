/** What a lending desk's attester signs. */
import type { BigNumberish, Wallet } from "ethers";
import type { LendingDesk } from "../../types/index.ts";

/** Money in the token's smallest unit. */
export interface Facts {
  readonly borrower: string;
  readonly income: bigint;
  readonly debt: bigint;
  readonly loan: bigint;
  readonly monthsOfHistory: bigint;
  readonly latePayments: bigint;
  readonly creditLines: bigint;
  /** Unix seconds. */
  readonly expiresAt: bigint;
}

const TYPES = {
  Facts: [
    { name: "borrower", type: "address" },
    { name: "income", type: "uint128" },
    { name: "debt", type: "uint128" },
    { name: "loan", type: "uint128" },
    { name: "monthsOfHistory", type: "uint32" },
    { name: "latePayments", type: "uint32" },
    { name: "creditLines", type: "uint32" },
    { name: "expiresAt", type: "uint64" },
  ],
};

export async function attest(
  facts: Facts,
  attester: Wallet,
  desk: LendingDesk,
  chainId: BigNumberish,
): Promise<string> {
  const domain = { name: "LendingDesk", version: "1", chainId, verifyingContract: await desk.getAddress() };
  return attester.signTypedData(domain, TYPES, facts);
}
