/** Amounts of the configuration as wei. A double has room for a gwei in a million ether, so that is the grain. */

const WEI_PER_GWEI = 1_000_000_000n;

export const ethToWei = (eth: number): bigint => BigInt(Math.round(eth * 1e9)) * WEI_PER_GWEI;
export const gweiToWei = (gwei: number): bigint => BigInt(Math.round(gwei * 1e9));
