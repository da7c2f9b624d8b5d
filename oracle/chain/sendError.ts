/** What a node means when it refuses a raw transaction; every client has its own words for it. */

/**
 * known: it has this very transaction. spent: the nonce is used up on chain. underpriced: the fees are too low to enter
 * the pool or to replace the transaction there. poor: the account cannot pay. other: anything else.
 */
export type SendRefusal = "known" | "spent" | "underpriced" | "poor" | "other";

// The order matters: "replacement transaction underpriced" and "already known" are also said together with a nonce.
const PATTERNS: readonly (readonly [SendRefusal, RegExp])[] = [
  // geth, erigon, reth; nethermind; besu; OpenEthereum
  ["known", /already ?known|already imported|known transaction|transaction already exists/i],
  [
    "underpriced",
    /underpriced|fee (is )?too low|feetoolow|too low for the next block|fee per gas less than block base fee|gas price (is )?below|replacement fee|not enough to replace/i,
  ],
  ["spent", /nonce (is )?too low|nonce_too_low|oldnonce|old nonce|nonce has already been used|lower than the account/i],
  ["poor", /insufficient funds|insufficientfunds|upfront cost|doesn't have enough funds|enough funds to send/i],
];

export function classifyRefusal(reason: string): SendRefusal {
  return PATTERNS.find(([, pattern]) => pattern.test(reason))?.[0] ?? "other";
}
