/** EIP-1559 fees of a transaction and of the one that replaces it. */
import { maxWei, minWei } from "./wei.ts";

export interface Fees {
  /** Wei per gas at most. */
  readonly maxFeeWei: bigint;
  /** Wei per gas to the block's producer. */
  readonly tipWei: bigint;
}

/** Fees as wanted, but at most `capWei` per gas. */
export function cappedFees({ maxFeeWei, tipWei }: Fees, capWei: bigint): Fees {
  return { maxFeeWei: minWei(maxFeeWei, capWei), tipWei: minWei(tipWei, capWei) };
}

/**
 * Fees that replace `previous`: the market's, but each at least 12.5 % higher, since pools refuse less than 10 %.
 * Undefined if `capWei` leaves no room for that.
 */
export function bumpedFees(previous: Fees, market: Fees, capWei: bigint): Fees | undefined {
  const least = { maxFeeWei: bumped(previous.maxFeeWei), tipWei: bumped(previous.tipWei) };
  if (least.maxFeeWei > capWei || least.tipWei > capWei) return undefined;
  const tipWei = maxWei(market.tipWei, least.tipWei);
  return cappedFees({ maxFeeWei: maxWei(maxWei(market.maxFeeWei, least.maxFeeWei), tipWei), tipWei }, capWei);
}

/** `ceil(wei * 1.125)`, at least one wei more. */
const bumped = (wei: bigint) => wei + maxWei(1n, (wei + 7n) / 8n);
