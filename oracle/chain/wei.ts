/** Amounts of wei. */

export const WEI_PER_GWEI = 1_000_000_000n;

export const maxWei = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const minWei = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** For metrics, which are floating-point numbers. */
export const toGwei = (wei: bigint): number => Number(wei / WEI_PER_GWEI);
