/** Ranges of 64-bit integers, ends included. What may leave the 64 bits is {@link ALL}: it wraps. */
import type { OpcodeName } from "../opcodes.ts";

export interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

export const ALL: Interval = { low: I64_MIN, high: I64_MAX };
export const BIT: Interval = { low: 0n, high: 1n };

/** The range between two integers of any size, {@link ALL} if it leaves the 64 bits. */
export function between(low: bigint, high: bigint): Interval {
  return low < I64_MIN || high > I64_MAX ? ALL : { low, high };
}

export function isWithin({ low, high }: Interval, bounds: Interval): boolean {
  return low >= bounds.low && high <= bounds.high;
}

export function union(a: Interval, b: Interval): Interval {
  return { low: least(a.low, b.low), high: greatest(a.high, b.high) };
}

/** At least one of the two is right, so both are. */
export function narrower(a: Interval, b: Interval): Interval {
  return { low: greatest(a.low, b.low), high: least(a.high, b.high) };
}

/** What an i64 operation on operands of these ranges can give. */
export function rangeOf(op: OpcodeName, a: Interval, b: Interval): Interval {
  switch (op) {
    case "i64.add":
      return between(a.low + b.low, a.high + b.high);
    case "i64.sub":
      return between(a.low - b.high, a.high - b.low);
    case "i64.mul":
      return between(least(...products(a, b)), greatest(...products(a, b)));
    case "i64.div_s":
      return b.low > 0n ? between(least(...quotients(a, b)), greatest(...quotients(a, b))) : ALL;
    case "i64.rem_s":
      return b.low > 0n ? remainder(a, b.high - 1n) : ALL;
    case "i64.and":
      return bitAnd(a, b);
    case "i64.or":
    case "i64.xor":
      return a.low >= 0n && b.low >= 0n ? { low: 0n, high: ones(greatest(a.high, b.high)) } : ALL;
    case "i64.shr_s":
      return isShift(b) ? { low: a.low >> b.low, high: a.high >> b.low } : ALL;
    case "i64.shr_u":
      return isShift(b) && a.low >= 0n ? { low: a.low >> b.low, high: a.high >> b.low } : ALL;
    case "i64.shl":
      return isShift(b) ? between(a.low << b.low, a.high << b.low) : ALL;
    default:
      return ALL;
  }
}

/** Whether a comparison of operands of these ranges always or never holds; undefined if it depends. */
export function decide(op: OpcodeName, a: Interval, b: Interval): boolean | undefined {
  switch (op) {
    case "i64.eq":
      return equals(a, b);
    case "i64.ne":
      return not(equals(a, b));
    case "i64.lt_s":
      return less(a, b);
    case "i64.ge_s":
      return not(less(a, b));
    case "i64.gt_s":
      return less(b, a);
    case "i64.le_s":
      return not(less(b, a));
    case "i64.lt_u":
      return lessUnsigned(a, b);
    case "i64.ge_u":
      return not(lessUnsigned(a, b));
    case "i64.gt_u":
      return lessUnsigned(b, a);
    case "i64.le_u":
      return not(lessUnsigned(b, a));
    default:
      return undefined;
  }
}

export function least(...values: bigint[]): bigint {
  return values.reduce((found, value) => {
    if (value < found) return value;
    return found;
  });
}

export function greatest(...values: bigint[]): bigint {
  return values.reduce((found, value) => {
    if (value > found) return value;
    return found;
  });
}

function products(a: Interval, b: Interval): bigint[] {
  return [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
}

/** By divisors above 0; truncation is monotonic. */
function quotients(a: Interval, b: Interval): bigint[] {
  return [a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high];
}

/** The sign is the dividend's, the size at most `most` and the dividend's. */
function remainder(a: Interval, most: bigint): Interval {
  return { low: greatest(a.low, -most) < 0n ? greatest(a.low, -most) : 0n, high: greatest(0n, least(a.high, most)) };
}

function bitAnd(a: Interval, b: Interval): Interval {
  if (a.low >= 0n && b.low >= 0n) return { low: 0n, high: least(a.high, b.high) };
  if (a.low >= 0n) return { low: 0n, high: a.high };
  return b.low >= 0n ? { low: 0n, high: b.high } : ALL;
}

/** 2^n - 1 for the least n that gives at least `value`. */
function ones(value: bigint): bigint {
  return 2n ** BigInt(value.toString(2).length) - 1n;
}

const isShift = ({ low, high }: Interval) => low === high && low >= 0n && low < 64n;

function equals(a: Interval, b: Interval): boolean | undefined {
  if (a.high < b.low || b.high < a.low) return false;
  return a.low === a.high && b.low === b.high ? true : undefined;
}

function less(a: Interval, b: Interval): boolean | undefined {
  if (a.high < b.low) return true;
  return a.low >= b.high ? false : undefined;
}

/** Below 0 is above all that is not. */
function lessUnsigned(a: Interval, b: Interval): boolean | undefined {
  if (a.low >= 0n && b.low >= 0n) return less(a, b);
  if (a.high < 0n && b.high < 0n) return less(a, b);
  if (a.high < 0n && b.low >= 0n) return false;
  return a.low >= 0n && b.high < 0n ? true : undefined;
}

const not = (known: boolean | undefined) => (known === undefined ? undefined : !known);
