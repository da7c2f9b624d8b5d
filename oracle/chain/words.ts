/**
 * The storage and calldata words of the contracts as plain objects. Every layout below is a table of docs/formats.md;
 * bits that no field covers are zero.
 */
import { getAddress, isAddress } from "ethers";

/** One field of a word: its lowest bit, its width, and what its number means. */
interface Field<T> {
  readonly low: number;
  readonly bits: number;
  /** Not yet checked against the width; negative if `value` has no bits at all, as a fraction or no address. */
  toBits(value: T): bigint;
  /** Undefined if no value has these bits. */
  fromBits(bits: bigint): T | undefined;
}

type Layout<W> = { readonly [K in keyof W]: Field<W[K]> };

/** What a layout describes. */
export type WordOf<L> = { -readonly [K in keyof L]: L[K] extends Field<infer T> ? T : never };

/** A value that a field cannot hold. */
export class FieldRangeError extends RangeError {
  readonly field: string;
  readonly value: unknown;
  readonly bits: number;

  constructor(field: string, value: unknown, bits: number) {
    super(`${field}: ${value} does not fit ${bits} bits`);
    this.name = "FieldRangeError";
    this.field = field;
    this.value = value;
    this.bits = bits;
  }
}

/** A number that no word of this layout has. */
export class MalformedWordError extends RangeError {
  readonly word: bigint;

  constructor(word: bigint, reason: string) {
    super(`0x${word.toString(16)}: ${reason}`);
    this.name = "MalformedWordError";
    this.word = word;
  }
}

const width = (low: number, high: number) => ({ low, bits: high - low + 1 });

/** At most 53 bits, as a number. */
const uint = (low: number, high: number): Field<number> => ({
  ...width(low, high),
  toBits: (value) => (Number.isSafeInteger(value) ? BigInt(value) : -1n),
  fromBits: Number,
});

/** Money, and parts of hashes. */
const big = (low: number, high: number): Field<bigint> => ({
  ...width(low, high),
  toBits: (value) => value,
  fromBits: (bits) => bits,
});

const flag = (bit: number): Field<boolean> => ({
  ...width(bit, bit),
  toBits: (value) => (value ? 1n : 0n),
  fromBits: (bits) => bits === 1n,
});

/** An address in its checksummed form. */
const address = (low: number): Field<string> => ({
  ...width(low, low + 159),
  toBits: (value) => (isAddress(value) ? BigInt(getAddress(value)) : -1n),
  fromBits: (bits) => getAddress(`0x${bits.toString(16).padStart(40, "0")}`),
});

const oneOf = <const T extends string>(low: number, high: number, names: readonly T[]): Field<T> => ({
  ...width(low, high),
  toBits: (value) => BigInt(names.indexOf(value)),
  fromBits: (bits) => names[Number(bits)],
});

export const MODEL = {
  owner: address(0),
  /** 1/10,000 of the fee */
  royaltyBps: uint(160, 173),
  deprecated: flag(174),
  /** 0: artefact only, not disputable; 1: the kernel program */
  semantics: uint(175, 178),
  /** 0: none; c: the smallest class with `atol <= 2^(c-48)` (`toleranceClass`). */
  atolClass: uint(179, 184),
  rtolClass: uint(185, 190),
  inputCount: uint(191, 196),
  /** Flat length; 0x1ffff if above 65,536: only receipts can serve the model. */
  inputBytes: uint(197, 213),
  outputBytes: uint(214, 230),
  offerCount: uint(231, 242),
  /** 13 bits of a hash over the inputs' lengths (`lengthsTag`). */
  lengthsTag: uint(243, 255),
};

export const POLICY = {
  /** A callback when an answer is asserted. */
  provisional: flag(0),
  /** A callback when it is final. */
  final: flag(1),
  callbackGas: uint(8, 31),
  /** wei per gas */
  callbackGasPrice: big(32, 95),
  /** seconds */
  answerPeriod: uint(96, 127),
  /** gwei */
  minBond: big(128, 175),
  /** The largest tolerance class accepted. */
  atolClass: uint(176, 183),
  rtolClass: uint(184, 191),
};

export const ASSIGNMENT = {
  /** The zero address: unassigned. */
  operator: address(0),
  /** unix seconds */
  requestedAt: uint(160, 199),
  /** Seconds: exclusive until `requestedAt + latency`, that second included. */
  latency: uint(200, 215),
  /** 1/10,000 of the fee */
  penaltyBps: uint(216, 231),
};

export const REQUEST_STATUSES = ["None", "Requested", "Asserted", "Final", "Expired"] as const;

export const REQUEST_STATE = {
  status: oneOf(0, 7, REQUEST_STATUSES),
  /** A Provisional callback went through and no Rejected took it back. */
  provisionalDelivered: flag(8),
  finalDelivered: flag(9),
  latenessSettled: flag(10),
  /** An assertion was rejected and none was left. */
  reopened: flag(11),
  /** Live assertions. */
  live: uint(16, 23),
  /** Unix seconds; the answer period counts from here. */
  startedAt: uint(24, 63),
  /** 192 bits of a hash over the request's terms and final output (`commitment`). */
  commitment: big(64, 255),
};

export const ASSERTION_STATE = {
  /** Neither rejected nor settled. */
  live: flag(0),
  /** An open dispute keeps it from becoming final. */
  held: flag(1),
  /** Its Provisional callback went through and no Rejected took it back. */
  delivered: flag(2),
  /** unix seconds */
  finalisableAt: uint(8, 47),
  /** gwei */
  bond: big(48, 95),
  /** Bits 96-255 of the assertionId. */
  id: big(96, 255),
};

export const OPERATOR_STATE = {
  /** wei */
  stake: big(0, 79),
  /** wei of it that back open assertions */
  locked: big(80, 159),
  /** wei */
  earnings: big(160, 239),
  live: flag(240),
  slashed: flag(241),
};

export const OFFER = {
  operator: address(0),
  /** gwei wanted of the fee, after the royalty */
  price: big(160, 207),
  /** seconds */
  latency: uint(208, 223),
  /** 1/10,000 of the fee */
  penaltyBps: uint(224, 239),
  /** 1,000 gas */
  callbackKgas: uint(240, 255),
};

/** All of them, in the order of docs/formats.md. */
export const LAYOUTS = {
  model: MODEL,
  policy: POLICY,
  assignment: ASSIGNMENT,
  requestState: REQUEST_STATE,
  assertionState: ASSERTION_STATE,
  operatorState: OPERATOR_STATE,
  offer: OFFER,
};

export type Model = WordOf<typeof MODEL>;
export type Policy = WordOf<typeof POLICY>;
export type Assignment = WordOf<typeof ASSIGNMENT>;
export type RequestState = WordOf<typeof REQUEST_STATE>;
export type Offer = WordOf<typeof OFFER>;

/** The word of `fields`. Throws {@link FieldRangeError} for a value that its field cannot hold. */
export function packWord<W>(layout: Layout<W>, fields: W): bigint {
  let word = 0n;
  for (const name of namesOf(layout)) {
    const { low, bits } = layout[name];
    const value = layout[name].toBits(fields[name]);
    if (BigInt.asUintN(bits, value) !== value) throw new FieldRangeError(name, fields[name], bits);
    word |= value << BigInt(low);
  }
  return word;
}

/** The fields of `word`. Throws {@link MalformedWordError} if a bit outside them is set or a status is unknown. */
export function unpackWord<W>(layout: Layout<W>, word: bigint): W {
  let rest = word;
  const fields: Partial<W> = {};
  for (const name of namesOf(layout)) {
    const { low, bits } = layout[name];
    const value = BigInt.asUintN(bits, word >> BigInt(low));
    const field = layout[name].fromBits(value);
    if (field === undefined) throw new MalformedWordError(word, `${name} is ${value}`);
    fields[name] = field;
    rest ^= value << BigInt(low);
  }
  if (rest !== 0n) throw new MalformedWordError(word, `the bits 0x${rest.toString(16)} belong to no field`);
  return fields as W;
}

const namesOf = <W>(layout: Layout<W>) => Object.keys(layout) as (keyof W & string)[];
