// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EVEN, Float64, HALF_199, HALF_228, M_MASK, NAN, NOT_FINITE, S_BIAS} from "./Float64.sol";
import {decodeSpecial, encode, F32_S_MAX, F32_S_MIN, round, S_MIN} from "./Float64Special.sol";

/// @dev The bits of s, and those of m that binary32 has: bit 228 is the last.
uint256 constant F32_MASK = 0xfffffff00000000000000000000000000000000000000000000000000000ffff;

// Float64 from and to IEEE 754 encodings and 64-bit integers. Parameters may have dirty bits above their type.

/// @dev Returns the number with the IEEE 754 binary64 encoding `bits`; every NaN gives NaN.
function fromBits(uint64 bits) pure returns (Float64 x) {
    bool isSpecial;
    assembly ("memory-safe") {
        let e := and(shr(52, bits), 0x7ff)
        // require(0 < e < 2047);
        isSpecial := gt(sub(e, 1), 2045)
        x := or(and(bits, 0xfffffffffffff), 0x10000000000000)
        // (1 - 2 * sign) * significand
        x := add(shl(199, mul(sub(1, and(shr(62, bits), 2)), x)), add(e, S_BIAS))
    }
    if (isSpecial) return decodeSpecial(bits & 0x7fffffffffffffff, bits >> 63, 0x7ff0000000000000, S_MIN);
}

/// @dev Returns the IEEE 754 binary64 encoding of x; of NaN 0x7ff8000000000000.
function toBits(Float64 x) pure returns (uint64 bits) {
    bool isSpecial;
    assembly ("memory-safe") {
        let e := sub(and(x, 0xffff), S_MIN)
        // require(1 <= x.e <= 2046);
        isSpecial := gt(e, 2045)
        let sign := sar(255, x)
        // The significand's leading bit, or a carry out of it, adds one to the exponent field.
        bits := add(sub(xor(sar(199, x), sign), sign), shl(52, e))
        bits := or(bits, shl(63, shr(255, x)))
    }
    if (isSpecial) return uint64(encode(x, 52, 0x7ff0000000000000, S_MIN));
}

/// @dev Returns the number with the IEEE 754 binary32 encoding `bits`; every NaN gives NaN.
function fromF32Bits(uint32 bits) pure returns (Float64 x) {
    bool isSpecial;
    assembly ("memory-safe") {
        let e := and(shr(23, bits), 0xff)
        // require(0 < e < 255);
        isSpecial := gt(sub(e, 1), 253)
        x := or(and(bits, 0x7fffff), 0x800000)
        // (1 - 2 * sign) * significand; the exponents' biases differ by 1023 - 127
        x := add(shl(228, mul(sub(1, and(shr(30, bits), 2)), x)), add(e, 0x2380))
    }
    if (isSpecial) return decodeSpecial(bits & 0x7fffffff, bits >> 31, 0x7f800000, 0x239e);
}

/// @dev Returns the IEEE 754 binary32 encoding of `roundToF32(x)`; of NaN 0x7fc00000.
function toF32Bits(Float64 x) pure returns (uint32 bits) {
    bool isSpecial;
    assembly ("memory-safe") {
        // As in `roundToF32` and `toBits`.
        let e := sub(and(x, 0xffff), F32_S_MIN)
        isSpecial := gt(e, 252)
        let sign := sar(255, x)
        bits := sar(228, add(add(x, HALF_228), and(shr(210, x), EVEN)))
        bits := add(sub(xor(bits, sign), sign), shl(23, e))
        bits := or(bits, shl(31, shr(255, x)))
    }
    if (isSpecial) return uint32(encode(roundToF32(x), 23, 0x7f800000, F32_S_MIN));
}

/// @dev Returns x rounded once to a number of binary32, subnormal numbers and infinities included.
function roundToF32(Float64 x) pure returns (Float64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        // require(2^-126 <= |x| <= 2^127); if x.m = 2^53, |x| may equal these bounds.
        isSpecial := gt(sub(and(x, 0xffff), F32_S_MIN), 252)
        // s is below the bits that count in rounding.
        result := add(add(x, HALF_228), and(shr(210, x), EVEN))
        result := and(result, F32_MASK)
    }
    if (isSpecial) {
        uint256 word = Float64.unwrap(x);
        if (word >> 17 == 0 || word & NOT_FINITE != 0) return x;
        return round(int256(word) >> 199, word & 0xffff, 228, F32_S_MIN, F32_S_MAX);
    }
}

/// @dev Returns `round(x)`.
function fromInt64(int64 x) pure returns (Float64 result) {
    assembly ("memory-safe") {
        let t := signextend(7, x)
        if t {
            // e = 1278 - c
            let c := clz(xor(t, sar(255, t)))
            t := shl(sub(c, 4), t)
            t := and(add(add(t, HALF_199), and(shr(181, t), EVEN)), M_MASK)
            result := add(t, sub(0x24fe, c))
        }
    }
}

/// @dev Returns `min(max(trunc(x), -2^63), 2^63 - 1)`, 0 for NaN.
function toInt64(Float64 x) pure returns (int64 result) {
    bool isSpecial;
    assembly ("memory-safe") {
        // The bit of x.m that is worth 1, 1274 - x.e. require(190 <= unit <= 252): 1/2 <= |x| <= 2^62.
        let unit := sub(0x24fa, and(x, 0xffff))
        isSpecial := gt(sub(unit, 190), 62)
        result := sdiv(and(x, M_MASK), shl(unit, 1))
    }
    if (isSpecial) {
        uint256 word = Float64.unwrap(x);
        uint256 s = word & 0xffff;
        if (s < 0x23fe || word == NAN) return 0;
        // |x| < 2^63, or |x.m| = 2^53
        if (s == 0x243d && word >> 252 != 1) return int64((int256(word) >> 199) << 10);
        return int256(word) < 0 ? type(int64).min : type(int64).max;
    }
}
