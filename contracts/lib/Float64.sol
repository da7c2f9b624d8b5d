// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {roundToF32, toBits, toF32Bits, toInt64} from "./Float64Conversion.sol";
import {addSpecial, divSpecial, mulSpecial, roundFraction, sqrtSpecial} from "./Float64Special.sol";

/// @notice An IEEE 754 binary64 number, unpacked: arithmetic neither takes its operands apart nor joins its result.
///
/// | bits    | field    | meaning                                                                    |
/// | ------- | -------- | -------------------------------------------------------------------------- |
/// | 199-255 | m        | significand, two's complement, `2^52 <= |m| <= 2^53`; 0 for zeros and NaN  |
/// | 17-198  |          | 0                                                                          |
/// | 16      | negative | 1 in -0 only                                                               |
/// | 0-15    | s        | `e + 2^13`, where the number is `m * 2^(e - 1075)` and `-52 <= e <= 2046`  |
///
/// e is the exponent field of the IEEE encoding, or is below 1: subnormal numbers are normalised like all others. The
/// zeros have s = 0, the infinities s = 0x6000 and `|m| = 2^51`, the only NaN is the word 0x6001; +0 is the word 0.
///
/// A power of two has two words, with `|m| = 2^52` and with `|m| = 2^53`, because what rounds up to it is not shifted
/// again. So numbers are compared with this type's `==`, never as words. `2^53` at e = 2046 is no number but infinite.
///
/// Why arithmetic is cheap on this layout:
/// - Two's complement: neither sums nor rounding to nearest need cases for signs.
/// - Exponents add and subtract in place: the low 16 bits of `a - b` are those of `a.s - b.s`.
/// - There is room of three bits above |m|, so that no sum overflows, and of 199 bits below m: the smaller addend is
///   shifted right without losing a bit that matters, and exponents added along stay below bit 18, to be masked out.
/// - Zeros, infinities and NaN have an s so extreme that whatever is computed from them has one out of range: the
///   comparison that finds overflow finds them too.
///
/// Rounding is to nearest, ties to even. The semantics are those of WebAssembly's f64 instructions with a single NaN,
/// see docs/kernels.md.
type Float64 is uint256;

using {
    add as +,
    sub as -,
    mul as *,
    div as /,
    neg as -,
    eq as ==,
    ne as !=,
    lt as <,
    gt as >,
    le as <=,
    ge as >=,
    sqrt,
    abs,
    min,
    max,
    ceil,
    floor,
    trunc,
    nearest,
    roundToF32,
    toInt64,
    toBits,
    toF32Bits
} for Float64 global;

/// @dev The s of the number with e = 0.
uint256 constant S_BIAS = 0x2000;
/// @dev Set in the s of the infinities and of NaN.
uint256 constant NOT_FINITE = 0x4000;

/// @dev The bits of m, and those of m and s.
uint256 constant M_MASK = 0xffffffffffffff80000000000000000000000000000000000000000000000000;
uint256 constant M_S_MASK = 0xffffffffffffff8000000000000000000000000000000000000000000000ffff;

/// @dev What is above all exponents, and above all but the sign of -0, when words have been shifted right and added.
uint256 constant SHIFTED_MASK = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc0000;
uint256 constant SHIFTED_SIGN_MASK = 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0000;

/// @dev To round a multiple of 2^18 at bit p: add `HALF_p = 2^(p-1) - 2^18`, just under half of bit p, and 2^18 more,
/// `EVEN`, if bit p is 1. That carries into bit p above a tie, and on a tie if bit p is 1; then cut off what is below.
uint256 constant EVEN = 0x40000;
uint256 constant HALF_199 = 0x3ffffffffffffffffffffffffffffffffffffffffffffc0000;
uint256 constant HALF_201 = 0xfffffffffffffffffffffffffffffffffffffffffffffc0000;
uint256 constant HALF_228 = 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffc0000;
/// @dev `HALF_199` above the s of e = 1: rounds at bit 199 and starts the s of the result.
uint256 constant HALF_199_E1 = 0x3ffffffffffffffffffffffffffffffffffffffffffffc2001;
/// @dev The same for what is never a tie: `2^198` above that s.
uint256 constant MIDDLE_199_E1 = 0x40000000000000000000000000000000000000000000002001;

uint256 constant NAN = 0x6001;
uint256 constant NEGATIVE_ZERO = 0x10000;

// --- Arithmetic ---

/// @dev Returns `round(a + b)`; `x - x` and a sum of unlike zeros are +0, `Inf - Inf` is NaN.
function add(Float64 a, Float64 b) pure returns (Float64 sum) {
    bool isSpecial;
    assembly ("memory-safe") {
        let d := sub(a, b)
        // if (a.s < b.s) (a, b) = (b, a);
        if and(d, 0x8000) {
            d := b
            b := a
            a := d
            d := sub(a, b)
        }
        // Exact if b is shifted by at most 181 bits. From 56 bits on it is at most an eighth of a's last bit and cannot
        // change the sum, so it does not matter that a positive b becomes 0 in the end and a negative one -1.
        let t := and(add(a, sar(and(d, 0xffff), b)), SHIFTED_MASK)
        // The leading bit goes to bit 253, two above its place in m, as sums of two numbers reach that far.
        let c := clz(xor(t, sar(255, t)))
        let s := sub(add(and(a, 0xffff), 4), c)
        // The top binade is special because it may round to 2^1024.
        isSpecial := or(gt(s, 0x27fd), iszero(t))
        let y := shl(sub(c, 2), t)
        sum := add(and(sar(2, add(add(y, HALF_201), and(shr(183, y), EVEN))), M_MASK), s)
    }
    if (isSpecial) return addSpecial(a, b);
}

/// @dev Returns `round(a - b)`, as `a + (-b)`.
function sub(Float64 a, Float64 b) pure returns (Float64 difference) {
    bool isSpecial;
    assembly ("memory-safe") {
        let t := sub(a, b)
        let s := a
        // t = a.s < b.s ? (a >> (b.s - a.s)) - b : a - (b >> (a.s - b.s));
        switch and(t, 0x8000)
        case 0 {
            t := sub(a, sar(and(t, 0xffff), b))
        }
        default {
            t := sub(sar(and(sub(0, t), 0xffff), a), b)
            s := b
        }
        // The exponents left below bit 18 may be a negative number here; the rest is as in `add`.
        t := and(add(t, 0x20000), SHIFTED_MASK)
        let c := clz(xor(t, sar(255, t)))
        s := sub(add(and(s, 0xffff), 4), c)
        isSpecial := or(gt(s, 0x27fd), iszero(t))
        let y := shl(sub(c, 2), t)
        difference := add(and(sar(2, add(add(y, HALF_201), and(shr(183, y), EVEN))), M_MASK), s)
    }
    if (isSpecial) return addSpecial(a, neg(b));
}

/// @dev Returns `round(a * b)`; `Inf * 0` is NaN.
function mul(Float64 a, Float64 b) pure returns (Float64 product) {
    bool isSpecial;
    assembly ("memory-safe") {
        // Exact: 2^104 <= |t| <= 2^106.
        let t := mul(sar(199, a), sar(199, b))
        let c := clz(xor(t, sar(255, t)))
        // e - 1, where e = a.e + b.e - 872 - c
        let e := sub(and(add(a, b), 0xffff), add(c, 0x4369))
        // Subnormal results and the top binade, which may round to 2^1024, are special too.
        isSpecial := gt(e, 2044)
        let y := shl(sub(c, 4), t)
        product := add(and(add(add(y, HALF_199_E1), and(shr(181, y), EVEN)), M_S_MASK), e)
    }
    if (isSpecial) {
        assembly ("memory-safe") {
            // Zeros are frequent in networks. if ((a == 0 || b == 0) && a.isFinite && b.isFinite) product = ±0;
            if iszero(or(mul(sar(199, a), sar(199, b)), and(or(a, b), NOT_FINITE))) {
                product := and(xor(xor(a, b), shr(239, xor(a, b))), NEGATIVE_ZERO)
                isSpecial := 0
            }
        }
        if (isSpecial) return mulSpecial(a, b);
    }
}

/// @dev Returns `round(a / b)`; `x / 0` is infinite, `0 / 0` and `Inf / Inf` are NaN.
function div(Float64 a, Float64 b) pure returns (Float64 quotient) {
    bool isSpecial;
    assembly ("memory-safe") {
        // 2^198 <= |t| <= 2^200, and |t| is too small by less than 2, for the remainder and for a.s. That is 2^-144 of
        // the result's last bit, and no quotient of two numbers is a tie, or closer to one than 2^-54 of that bit.
        let t := sdiv(a, sar(199, b))
        let c := clz(xor(t, sar(255, t)))
        // e - 1, where e = a.e - b.e + 1079 - c
        let e := sub(add(signextend(1, sub(a, b)), 1078), c)
        // 0 / 0 and Inf / Inf have an exponent in range: b.s has to be a finite number's.
        isSpecial := or(gt(e, 2044), gt(sub(and(b, 0xffff), 0x1fcc), 0x832))
        let y := shl(sub(c, 4), t)
        quotient := add(and(add(y, MIDDLE_199_E1), M_S_MASK), e)
    }
    if (isSpecial) return divSpecial(a, b);
}

/// @dev Returns `round(sqrt(x))`; of -0 it is -0, of a negative number NaN.
function sqrt(Float64 x) pure returns (Float64 root) {
    bool isSpecial;
    assembly ("memory-safe") {
        // require(2^52 <= x.m < 2^53);
        isSpecial := sub(shr(251, x), 1)
        // x = n * 2^(x.e - 1274) if x.e is even, else half the n and an exponent more. 2^250 <= n < 2^252. That s is in
        // the low bits of n changes it by less than 2^-235 of itself.
        let n := shr(and(x, 1), x)
        // With u = n / 2^250 in [1, 4), sqrt(u) is 27 / 32 + u / 4 within 9.4 %. Newton's iteration makes a relative
        // error d to d^2 / (2 + 2 d): 2^-7.9, 2^-16.9, 2^-34.8, 2^-70.6, 2^-142, and by truncation 2^-125 in the end.
        // No root of a number is a tie, or closer to one than 2^-109 of itself.
        let r := add(shr(127, n), 0x1b000000000000000000000000000000)
        r := shr(1, add(r, div(n, r)))
        r := shr(1, add(r, div(n, r)))
        r := shr(1, add(r, div(n, r)))
        r := shr(1, add(r, div(n, r)))
        r := shl(125, add(r, div(n, r)))
        // e - 1, where e = ceil(x.e / 2) + 511
        root := add(and(add(r, MIDDLE_199_E1), M_S_MASK), sub(shr(1, add(and(x, 0xffff), 1)), 0xe02))
    }
    if (isSpecial) return sqrtSpecial(x);
}

/// @dev Returns `-x`.
function neg(Float64 x) pure returns (Float64 result) {
    assembly ("memory-safe") {
        // x.m == 0 ? (x.s == 0 ? x ^ NEGATIVE_ZERO : x) : 2 * x.s - x
        switch gt(x, 0x1ffff)
        case 0 {
            result := xor(x, shl(16, iszero(and(x, 0xffff))))
        }
        default {
            result := sub(shl(1, and(x, 0xffff)), x)
        }
    }
}

/// @dev Returns `|x|`.
function abs(Float64 x) pure returns (Float64 result) {
    assembly ("memory-safe") {
        result := and(x, not(NEGATIVE_ZERO))
        // x.m < 0 ? 2 * x.s - x : +x
        if slt(x, 0) {
            result := sub(shl(1, and(x, 0xffff)), x)
        }
    }
}

// --- Comparisons ---
// Significands are compared after the one with the smaller exponent is shifted right, as in `add`: exactly, or so far
// that it is next to nothing beside the other.

/// @dev Returns `a == b`; zeros are equal, NaN equals nothing.
function eq(Float64 a, Float64 b) pure returns (bool result) {
    assembly ("memory-safe") {
        let d := sub(a, b)
        switch and(d, 0x8000)
        case 0 {
            result := eq(and(a, SHIFTED_MASK), and(sar(and(d, 0xffff), b), SHIFTED_MASK))
        }
        default {
            result := eq(and(sar(and(sub(0, d), 0xffff), a), SHIFTED_MASK), and(b, SHIFTED_MASK))
        }
        // NaN and the zeros have no significand.
        result := and(result, iszero(or(eq(a, NAN), eq(b, NAN))))
    }
}

/// @dev Returns `a != b`.
function ne(Float64 a, Float64 b) pure returns (bool) {
    return !eq(a, b);
}

/// @dev Returns `a < b`; false if either is NaN.
function lt(Float64 a, Float64 b) pure returns (bool result) {
    assembly ("memory-safe") {
        let d := sub(a, b)
        switch and(d, 0x8000)
        case 0 {
            result := slt(and(a, SHIFTED_MASK), and(sar(and(d, 0xffff), b), SHIFTED_MASK))
        }
        default {
            result := slt(and(sar(and(sub(0, d), 0xffff), a), SHIFTED_MASK), and(b, SHIFTED_MASK))
        }
        result := and(result, iszero(or(eq(a, NAN), eq(b, NAN))))
    }
}

/// @dev Returns `a <= b`; false if either is NaN.
function le(Float64 a, Float64 b) pure returns (bool result) {
    assembly ("memory-safe") {
        let d := sub(a, b)
        switch and(d, 0x8000)
        case 0 {
            result := sgt(and(a, SHIFTED_MASK), and(sar(and(d, 0xffff), b), SHIFTED_MASK))
        }
        default {
            result := sgt(and(sar(and(sub(0, d), 0xffff), a), SHIFTED_MASK), and(b, SHIFTED_MASK))
        }
        result := iszero(or(result, or(eq(a, NAN), eq(b, NAN))))
    }
}

/// @dev Returns `a > b`; false if either is NaN.
function gt(Float64 a, Float64 b) pure returns (bool) {
    return lt(b, a);
}

/// @dev Returns `a >= b`; false if either is NaN.
function ge(Float64 a, Float64 b) pure returns (bool) {
    return le(b, a);
}

/// @dev Returns the smaller of a and b, -0 of two zeros; NaN if either is NaN.
function min(Float64 a, Float64 b) pure returns (Float64 result) {
    assembly ("memory-safe") {
        let d := sub(a, b)
        // Bit 16, inverted, puts -0 below +0 and is the same in other numbers.
        switch and(d, 0x8000)
        case 0 {
            d := slt(
                and(xor(sar(and(d, 0xffff), b), NEGATIVE_ZERO), SHIFTED_SIGN_MASK),
                and(xor(a, NEGATIVE_ZERO), SHIFTED_SIGN_MASK)
            )
        }
        default {
            d := slt(
                and(xor(b, NEGATIVE_ZERO), SHIFTED_SIGN_MASK),
                and(xor(sar(and(sub(0, d), 0xffff), a), NEGATIVE_ZERO), SHIFTED_SIGN_MASK)
            )
        }
        // d ? b : a
        result := xor(a, mul(xor(a, b), d))
        if or(eq(a, NAN), eq(b, NAN)) {
            result := NAN
        }
    }
}

/// @dev Returns the greater of a and b, +0 of two zeros; NaN if either is NaN.
function max(Float64 a, Float64 b) pure returns (Float64 result) {
    assembly ("memory-safe") {
        let d := sub(a, b)
        // As in `min`.
        switch and(d, 0x8000)
        case 0 {
            d := sgt(
                and(xor(sar(and(d, 0xffff), b), NEGATIVE_ZERO), SHIFTED_SIGN_MASK),
                and(xor(a, NEGATIVE_ZERO), SHIFTED_SIGN_MASK)
            )
        }
        default {
            d := sgt(
                and(xor(b, NEGATIVE_ZERO), SHIFTED_SIGN_MASK),
                and(xor(sar(and(sub(0, d), 0xffff), a), NEGATIVE_ZERO), SHIFTED_SIGN_MASK)
            )
        }
        // d ? b : a
        result := xor(a, mul(xor(a, b), d))
        if or(eq(a, NAN), eq(b, NAN)) {
            result := NAN
        }
    }
}

// --- Rounding to integers ---
// In all four, `unit = 1274 - x.e` is the bit of the word that is worth 1. require(200 <= unit <= 251), so that m has
// bits on both sides of it: 1 <= |x| <= 2^52. `roundFraction` takes the rest: integers, and fractions below 1.

/// @dev Returns the least integer `>= x`; -0 for `-1 < x <= -0`.
function ceil(Float64 x) pure returns (Float64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        let unit := sub(0x24fa, and(x, 0xffff))
        isSpecial := gt(sub(unit, 200), 51)
        result := add(x, sub(shl(unit, 1), shl(199, 1)))
        result := and(result, or(shl(unit, not(0)), 0xffff))
    }
    if (isSpecial) return roundFraction(x, Float64.unwrap(x) >> 255 == 0);
}

/// @dev Returns the greatest integer `<= x`; -0 for -0.
function floor(Float64 x) pure returns (Float64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        let unit := sub(0x24fa, and(x, 0xffff))
        isSpecial := gt(sub(unit, 200), 51)
        result := and(x, or(shl(unit, not(0)), 0xffff))
    }
    if (isSpecial) return roundFraction(x, Float64.unwrap(x) >> 255 == 1);
}

/// @dev Returns `x < 0 ? ceil(x) : floor(x)`.
function trunc(Float64 x) pure returns (Float64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        let unit := sub(0x24fa, and(x, 0xffff))
        isSpecial := gt(sub(unit, 200), 51)
        result := add(x, and(sar(255, x), sub(shl(unit, 1), shl(199, 1))))
        result := and(result, or(shl(unit, not(0)), 0xffff))
    }
    if (isSpecial) return roundFraction(x, false);
}

/// @dev Returns the integer nearest to x, of two the even one; -0 for `-1/2 <= x <= -0`.
function nearest(Float64 x) pure returns (Float64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        let unit := sub(0x24fa, and(x, 0xffff))
        isSpecial := gt(sub(unit, 200), 51)
        // As with HALF and EVEN at bit `unit`, but in units of m's last bit.
        result := sub(shl(sub(unit, 1), 1), shl(199, iszero(and(shr(unit, x), 1))))
        result := and(add(x, result), or(shl(unit, not(0)), 0xffff))
    }
    // |x| > 1/2 where x.e = 1022 and |x.m| > 2^52.
    if (isSpecial)
        return roundFraction(x, Float64.unwrap(x) & 0xffff == 0x23fe && (Float64.unwrap(x) >> 199) << 204 != 0);
}
