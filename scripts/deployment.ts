/** What a deployer decides, the presets, and the rules that make a deployment safe (docs/protocol.md, "Bonds"). */
import { readFileSync } from "node:fs";
import { formatEther, parseEther, parseUnits } from "ethers";
import { parse } from "yaml";
import { z } from "zod";
import {
  address,
  type DisputeParameters,
  disputeParametersSchema,
  type Parameters,
  parametersSchema,
} from "../oracle/chain/manifest.ts";

/** What a deployer decides. */
export interface Deployment {
  readonly parameters: Parameters;
  readonly dispute: DisputeParameters;
  /** RIP-7212's interface; the zero address: only secp256k1 signatures. */
  readonly p256Verifier: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** EIP-7951's precompile, in osaka and on most rollups. */
const P256_PRECOMPILE = "0x0000000000000000000000000000000000000100";

/** Gas of a challenger's moves and proof in a whole dispute of a MobileNetV2, and of the operator's moves, rounded up. */
const DISPUTE_GAS = 1_200_000n;
const DEFENCE_GAS = 950_000n;
/** The most moves of a side in a dispute over a trace of 4 GiB and reductions of 2^31 steps, one to a proof. */
const MAX_MOVES = 11;

/**
 * Windows have to outlast censorship: a day of full blocks on a layer 1, and a sequencer that delays forced inclusion for a
 * day on a layer 2. A clock has to outlast a night of the operator's people. Bonds are those of {@link violations} at
 * 90 gwei on a layer 1 and at 0.9 gwei on a layer 2.
 */
export const PRESETS = {
  local: {
    parameters: {
      ...{ window: 10, exitDelay: 10 * MINUTE, takeoverPeriod: 30, maxAnswerPeriod: HOUR },
      ...money("1", "0.1"),
    },
    dispute: { clock: 60, increment: 5, payoutDelay: 5, receiptUse: MINUTE, ...prices("0.005", "3.5", "1") },
    p256Verifier: P256_PRECOMPILE,
  },
  l1: {
    parameters: {
      ...{ window: DAY, exitDelay: 7 * DAY, takeoverPeriod: HOUR, maxAnswerPeriod: 7 * DAY },
      ...money("10", "2.5"),
    },
    dispute: {
      ...{ clock: 12 * HOUR, increment: 30 * MINUTE, payoutDelay: DAY, receiptUse: DAY },
      ...prices("0.13", "90", "2"),
    },
    p256Verifier: P256_PRECOMPILE,
  },
  l2: {
    parameters: {
      ...{ window: 2 * DAY, exitDelay: 8 * DAY, takeoverPeriod: HOUR, maxAnswerPeriod: 7 * DAY },
      ...money("0.1", "0.025"),
    },
    dispute: {
      ...{ clock: DAY, increment: HOUR, payoutDelay: 2 * DAY, receiptUse: DAY },
      ...prices("0.0014", "0.9", "0.01"),
    },
    p256Verifier: P256_PRECOMPILE,
  },
} satisfies Record<string, Deployment>;

const fileSchema = parametersSchema.extend({ dispute: disputeParametersSchema, p256Verifier: address });

/** Reads a deployment from YAML or JSON: `Parameters`, `dispute` and `p256Verifier`, wei as strings. */
export function readDeployment(file: string): Deployment {
  const parsed = fileSchema.safeParse(parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`);
  const { p256Verifier, dispute, ...parameters } = parsed.data;
  return { parameters, dispute, p256Verifier };
}

/**
 * Why a deployment would be unsafe; empty if it is not. A challenge bond pays half as much again as a defence costs at the
 * price cap; an operator's bond pays ten times a challenge bond and a challenger's gas, so that a refutation repays even
 * where half of it is burned and others share; stake outlives receipts and disputes over them.
 */
export function violations({ parameters, dispute }: Deployment): string[] {
  const { clock, increment, receiptUse, challengeBond, priceCap } = dispute;
  const found: string[] = [];
  const atLeast = (name: string, value: bigint, least: bigint, unit: (amount: bigint) => string) => {
    if (value < least) found.push(`${name} is ${unit(value)}, which has to be at least ${unit(least)}`);
  };
  const ether = (amount: bigint) => `${formatEther(amount)} ether`;
  const seconds = (amount: bigint) => `${amount} s`;
  atLeast("dispute.challengeBond", challengeBond, (DEFENCE_GAS * priceCap * 3n) / 2n, ether);
  atLeast("operatorBond", parameters.operatorBond, 10n * (challengeBond + DISPUTE_GAS * priceCap), ether);
  const longest = receiptUse + parameters.window + 2 * (clock + MAX_MOVES * increment);
  atLeast("exitDelay", BigInt(parameters.exitDelay), BigInt(longest), seconds);
  return found;
}

function money(minStakeEther: string, operatorBondEther: string) {
  return { minStake: parseEther(minStakeEther), operatorBond: parseEther(operatorBondEther) };
}

function prices(challengeBondEther: string, priceCapGwei: string, tipGwei: string) {
  const [priceCap, tip] = [parseUnits(priceCapGwei, "gwei"), parseUnits(tipGwei, "gwei")];
  return { challengeBond: parseEther(challengeBondEther), priceCap, tip };
}
