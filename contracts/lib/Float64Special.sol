// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float64, M_MASK, NAN, NEGATIVE_ZERO, NOT_FINITE, S_BIAS, SHIFTED_MASK} from "./Float64.sol";

// What the short ways of Float64.sol and Float64Conversion.sol leave over: operands that are zero, infinite or NaN,
// results that are zero, subnormal, infinite or close to that. These functions are right for those cases only.

/// @dev The s of e = 1 and of e = 2046, and of the smallest and the largest normal numbers of binary32.
uint256 constant S_MIN = 0x2001;
uint256 constant S_MAX = 0x27fe;
uint256 constant F32_S_MIN = 0x2381;
uint256 constant F32_S_MAX = 0x247e;

/// @dev Returns `round(a + b)` if an operand is not finite, or the sum is zero or not below 2^1023.
function addSpecial(Float64 a, Float64 b) pure returns (Float64) {
    uint256 x = Float64.unwrap(a);
    uint256 y = Float64.unwrap(b);
    // Neither is above 2^1021: the sum is zero.
    if (x & 0xffff < 0x27fc && y & 0xffff < 0x27fc) return Float64.wrap(x & y & NEGATIVE_ZERO);

    if ((x | y) & NOT_FINITE != 0) {
        if (x == NAN || y & NOT_FINITE == 0) return a;
        if (y == NAN || x & NOT_FINITE == 0) return b;
        return x == y ? a : Float64.wrap(NAN);
    }
    uint256 s = x & 0xffff;
    int256 sum;
    assembly ("memory-safe") {
        // As in `add`.
        let d := signextend(1, sub(x, y))
        switch slt(d, 0)
        case 0 {
            sum := add(x, sar(d, y))
        }
        default {
            sum := add(y, sar(sub(0, d), x))
            s := and(y, 0xffff)
        }
        // Bits 0 to 17 are exponents: two of them can go, to leave room above.
        sum := sar(2, and(sum, SHIFTED_MASK))
    }
    if (sum == 0) return Float64.wrap(0);
    unchecked {
        return round(sum, s - 197, 199, S_MIN, S_MAX);
    }
}

/// @dev Returns `round(a * b)` if an operand is not finite, or the product not zero and not within `[2^-1022, 2^1023)`.
function mulSpecial(Float64 a, Float64 b) pure returns (Float64) {
    uint256 x = Float64.unwrap(a);
    uint256 y = Float64.unwrap(b);
    unchecked {
        int256 product = (int256(x) >> 199) * (int256(y) >> 199);
        // NaN, or infinity times zero.
        if (product == 0) return Float64.wrap(NAN);
        // An infinity's s makes the product infinite.
        return round(product, (x & 0xffff) + (y & 0xffff) - (S_BIAS + 1075), 199, S_MIN, S_MAX);
    }
}

/// @dev Returns `round(a / b)` if an operand is zero or not finite, or the quotient not within `[2^-1022, 2^1023)`.
function divSpecial(Float64 a, Float64 b) pure returns (Float64) {
    uint256 x = Float64.unwrap(a);
    uint256 y = Float64.unwrap(b);
    unchecked {
        int256 divisor = int256(y) >> 199;
        if ((x | y) & NOT_FINITE == 0 && divisor != 0) {
            int256 quotient = int256(x & M_MASK) / divisor;
            if (quotient != 0) return round(quotient, (x & 0xffff) + 876 + S_BIAS - (y & 0xffff), 199, S_MIN, S_MAX);
        }
    }
    bool isZeroA = x >> 17 == 0;
    bool isZeroB = y >> 17 == 0;
    if (x == NAN || y == NAN || x & y & NOT_FINITE != 0 || (isZeroA && isZeroB)) return Float64.wrap(NAN);
    uint256 sign = signOf(x) ^ signOf(y);
    return isZeroA || y & NOT_FINITE != 0 ? Float64.wrap(sign << 16) : infinity(sign);
}

/// @dev Returns `round(sqrt(x))` if x is zero, negative, infinite or NaN, or `x.m = 2^53`.
function sqrtSpecial(Float64 x) pure returns (Float64) {
    uint256 word = Float64.unwrap(x);
    if (int256(word) < 0) return Float64.wrap(NAN);
    unchecked {
        // The other word of the same power of two.
        if (word >> 252 == 1) return Float64.wrap(word - (1 << 251) + 1).sqrt();
    }
    return x;
}

/// @dev Returns x if it is an integer, infinite or NaN; `isAway ? ±1 : ±0` with its sign if `0 < |x| < 1`.
/// `|x| > 1` must be an integer.
function roundFraction(Float64 x, bool isAway) pure returns (Float64 result) {
    assembly ("memory-safe") {
        result := x
        // The s of x if 2^52 <= |x.m| < 2^53; 1 for zeros.
        let s := add(and(x, 0xffff), iszero(shl(4, and(x, M_MASK))))
        // require(1 < s && x.e < 1023);
        if lt(sub(s, 2), 0x23fd) {
            let sign := sar(255, x)
            switch isAway
            case 0 {
                result := and(sign, NEGATIVE_ZERO)
            }
            default {
                result := add(shl(251, or(sign, 1)), 0x23ff)
            }
        }
    }
}

/// @dev Returns the number with this sign whose encoding is `bits` but for the sign, if it is zero, subnormal, infinite
/// or NaN, in the format that encodes infinity as `infinityBits` and has the smallest number `2^(s - S_BIAS - 1075)`.
function decodeSpecial(uint256 bits, uint256 sign, uint256 infinityBits, uint256 s) pure returns (Float64 x) {
    if (bits == 0) return Float64.wrap(sign << 16);
    if (bits == infinityBits) return infinity(sign);
    if (bits > infinityBits) return Float64.wrap(NAN);
    assembly ("memory-safe") {
        // bits * 2^(s - S_BIAS - 1075), normalised
        let c := clz(bits)
        x := shl(sub(c, 4), bits)
        if sign {
            x := sub(0, x)
        }
        x := add(x, sub(add(s, 203), c))
    }
}

/// @dev Returns the encoding of x in a format that has x: with `fractionBits` below the exponent, infinity encoded as
/// `infinityBits` and normal numbers from s = `sMin` on. Of NaN it is the quiet one without sign and payload.
function encode(Float64 x, uint256 fractionBits, uint256 infinityBits, uint256 sMin) pure returns (uint256 bits) {
    uint256 word = Float64.unwrap(x);
    unchecked {
        // The sign bit is above infinity's bits.
        bits = signOf(word) * (infinityBits + (1 << fractionBits));
        if (word >> 17 == 0) return word == NAN ? infinityBits | (1 << (fractionBits - 1)) : bits;
        if (word & NOT_FINITE != 0) return bits | infinityBits;

        int256 m = int256(word) >> 199;
        uint256 s = word & 0xffff;
        uint256 fraction = uint256(m < 0 ? -m : m) >> (52 - fractionBits);
        // The fraction's leading bit, or a carry out of it, adds one to the exponent field.
        return bits + (s < sMin ? fraction >> (sMin - s) : fraction + ((s - sMin) << fractionBits));
    }
}

/// @dev Returns `t * 2^(s - S_BIAS - 1075)` rounded once, at bit `unit` of m, in the format whose normal numbers have s
/// from `sMin` to `sMax`: to a subnormal number, a zero or an infinity where it asks for that. `0 < |t| < 2^252`.
function round(int256 t, uint256 s, uint256 unit, uint256 sMin, uint256 sMax) pure returns (Float64 x) {
    assembly ("memory-safe") {
        let c := clz(xor(t, sar(255, t)))
        x := shl(sub(c, 4), t)
        s := sub(add(s, 203), c)
        let isSubnormal := slt(s, sMin)
        // Drops zeros only, or what makes no difference: products have 107 bits, and quotients, cut off after 199, are
        // not near ties. The 0 or -1 that is left of a very small number rounds to zero.
        if isSubnormal {
            x := sar(sub(sMin, s), x)
        }
        x := add(add(x, sub(shl(sub(unit, 1), 1), 1)), and(shr(unit, x), 1))
        x := and(x, shl(unit, not(0)))
        switch isSubnormal
        case 0 {
            // |x.m| = 2^53 counts as the next exponent.
            switch sgt(add(s, iszero(shl(4, x))), sMax)
            case 0 {
                x := add(x, s)
            }
            default {
                x := add(shl(250, or(sar(255, t), 1)), 0x6000)
            }
        }
        default {
            c := clz(xor(x, sar(255, x)))
            switch x
            case 0 {
                x := and(sar(255, t), NEGATIVE_ZERO)
            }
            default {
                x := add(shl(sub(c, 4), x), sub(add(sMin, 4), c))
            }
        }
    }
}

/// @dev Returns `sign == 0 ? Inf : -Inf`.
function infinity(uint256 sign) pure returns (Float64 x) {
    assembly ("memory-safe") {
        x := add(shl(250, sub(1, shl(1, sign))), 0x6000)
    }
}

/// @dev Returns 1 for negative numbers and -0, else 0.
function signOf(uint256 word) pure returns (uint256) {
    return ((word >> 255) | (word >> 16)) & 1;
}
