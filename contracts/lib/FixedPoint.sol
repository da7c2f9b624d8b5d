// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {Dtype} from "./Dtype.sol";

/// @title Exact conversion between decimal fixed-point numbers and tensor elements
/// @notice A fixed-point number is a pair `(value, decimals)` and means `value / 10**decimals`. A conversion is the
/// exact quotient or product rounded once, to nearest, ties to even, for every operand.
///
/// Why one word is enough: `10**d = 2**d * 5**d`, a power of two only moves the exponent, and `5**77 < 2**179`.
/// - To a float: `value`, shifted up to fill its word, is divided by `2 * 5**d`. The quotient has at least 75 bits, and
///   55 decide the rounding: the 53 of a binary64 significand, a guard bit and a sticky bit.
/// - From an element: its significand of at most 64 bits is multiplied by `5**d`. The product has at most 243 bits.
library FixedPoint {
    /// @notice `value / 10**decimals` rounds to a magnitude above the largest finite number of `dtype`.
    error FixedPointOutOfRange(int256 value, uint8 decimals, Dtype dtype);

    /// @notice The element is NaN, infinite, or too large for an int256 with so many decimals.
    /// `bits` are a float's bits, or an integer sign- or zero-extended to 64 bits.
    error ElementOutOfRange(uint64 bits, Dtype dtype, uint8 decimals);

    /// @notice `decimals` is above 77, the largest power of ten that fits a word.
    error DecimalsOutOfRange(uint8 decimals);

    /// @notice Returns `5**decimals`, which `toF32` and `toF64` take so that an array computes it once.
    function powerOfFive(uint8 decimals) internal pure returns (uint256) {
        require(decimals <= 77, DecimalsOutOfRange(decimals));
        return 5 ** uint256(decimals);
    }

    /// @notice Returns the bits of `binary32(value / 10**decimals)`, where `power = 5**decimals`.
    /// @dev Zero is +0; a negative number that rounds to zero is -0. Reverts with `FixedPointOutOfRange` from
    /// `2**128 - 2**103` on, where IEEE 754 rounds to infinity.
    function toF32(int256 value, uint8 decimals, uint256 power) internal pure returns (uint32) {
        uint256 magnitude = _divide(SignedMath.abs(value), decimals, power, 24, -149);
        require(magnitude < 0xff << 23, FixedPointOutOfRange(value, decimals, Dtype.F32));
        return uint32(magnitude | ((uint256(value) >> 255) << 31));
    }

    /// @notice Returns the bits of `binary64(value / 10**decimals)`, where `power = 5**decimals`.
    /// @dev Every int256 is in range: its quotient is 0 or has a magnitude within `[10**-77, 2**255]`.
    function toF64(int256 value, uint8 decimals, uint256 power) internal pure returns (uint64) {
        uint256 magnitude = _divide(SignedMath.abs(value), decimals, power, 53, -1074);
        return uint64(magnitude | ((uint256(value) >> 255) << 63));
    }

    /// @notice Returns `round(x * 10**decimals)` for the binary32 number x of these bits.
    /// @dev Reverts with `ElementOutOfRange` for NaN, an infinity, or a product beyond int256.
    function fromF32(uint32 bits, uint8 decimals) internal pure returns (int256) {
        return _fromFloat(bits, Dtype.F32, decimals, 24, 8);
    }

    /// @notice Returns `round(x * 10**decimals)` for the binary64 number x of these bits.
    /// @dev Reverts with `ElementOutOfRange` for NaN, an infinity, or a product beyond int256.
    function fromF64(uint64 bits, uint8 decimals) internal pure returns (int256) {
        return _fromFloat(bits, Dtype.F64, decimals, 53, 11);
    }

    /// @notice Returns `element * 10**decimals` for an element of the integer type `dtype`.
    /// @dev Reverts with `ElementOutOfRange` for a product beyond int256.
    function fromInteger(int64 element, Dtype dtype, uint8 decimals) internal pure returns (int256 value) {
        bool fits;
        (fits, value) = _multiply(element < 0, SignedMath.abs(element), 0, decimals);
        require(fits, ElementOutOfRange(uint64(element), dtype, decimals));
    }

    /// @dev Returns the exponent and fraction fields of `magnitude / 10**decimals` in the binary format with
    /// `precision` significant bits and smallest positive number `2**minExponent`, its exponents without an upper end.
    function _divide(
        uint256 magnitude,
        uint8 decimals,
        uint256 power,
        uint256 precision,
        int256 minExponent
    ) private pure returns (uint256 fields) {
        if (magnitude != 0) {
            unchecked {
                // magnitude / 10**decimals = quotient * 2**exponent, with quotient in [2**75, 2**255).
                uint256 shift = _clz(magnitude);
                uint256 quotient = _divideSticky(magnitude << shift, 2 * power);
                int256 exponent = 1 - int256(shift + decimals);

                // Bits to drop: all but `precision`, or more in a subnormal, whose last bit is worth 2**minExponent.
                int256 subnormalDrop = minExponent - exponent;
                int256 drop = SignedMath.max(int256(256 - precision - _clz(quotient)), subnormalDrop);

                // The significand's leading bit, or a carry out of it, adds one to the exponent field.
                fields = (uint256(drop - subnormalDrop) << (precision - 1)) + _shiftRight(quotient, uint256(drop));
            }
        }
    }

    /// @dev Returns `x / y` for `y > 0`, its last bit set if there is a remainder: rounding only needs to know on which
    /// side of a tie the quotient lies.
    function _divideSticky(uint256 x, uint256 y) private pure returns (uint256 quotient) {
        assembly ("memory-safe") {
            quotient := or(div(x, y), gt(mod(x, y), 0))
        }
    }

    /// @dev Returns `round(x * 10**decimals)` for the number x of these bits in the binary format with `precision`
    /// significant bits and `exponentBits` exponent bits.
    function _fromFloat(
        uint256 bits,
        Dtype dtype,
        uint8 decimals,
        uint256 precision,
        uint256 exponentBits
    ) private pure returns (int256 value) {
        unchecked {
            uint256 fraction = bits & ((1 << (precision - 1)) - 1);
            uint256 maxField = (1 << exponentBits) - 1;
            uint256 field = (bits >> (precision - 1)) & maxField;

            // x = significand * 2**exponent. Subnormals have no hidden bit and the exponent of field 1.
            uint256 significand = field == 0 ? fraction : fraction | (1 << (precision - 1));
            int256 exponent = int256(field == 0 ? 1 : field) - int256(maxField / 2 + precision - 1);

            bool negative = bits >> (precision - 1 + exponentBits) != 0;
            bool fits;
            (fits, value) = _multiply(negative, significand, exponent, decimals);
            require(field != maxField && fits, ElementOutOfRange(uint64(bits), dtype, decimals));
        }
    }

    /// @dev Returns `round(±significand * 2**exponent * 10**decimals)` and whether it is an int256, for a significand
    /// of at most 64 bits.
    function _multiply(
        bool negative,
        uint256 significand,
        int256 exponent,
        uint8 decimals
    ) private pure returns (bool fits, int256 value) {
        uint256 product = significand * powerOfFive(decimals);
        unchecked {
            exponent += int256(uint256(decimals));
            if (exponent > int256(_clz(product))) return (false, 0);

            uint256 magnitude = exponent < 0 ? _shiftRight(product, uint256(-exponent)) : product << uint256(exponent);
            return negative ? (magnitude <= 1 << 255, -int256(magnitude)) : (magnitude < 1 << 255, int256(magnitude));
        }
    }

    /// @dev Returns `round(x / 2**bits)`, ties to even, for `x < 2**255` and `bits > 0`.
    function _shiftRight(uint256 x, uint256 bits) private pure returns (uint256) {
        unchecked {
            // Adding just under one half, or one half to an odd quotient, carries into the quotient exactly when it is
            // to be rounded up. Beyond 256 bits the half vanishes; the quotient is 0 anyway.
            return (x + ((1 << (bits - 1)) - 1) + ((x >> bits) & 1)) >> bits;
        }
    }

    /// @dev Returns the number of leading zero bits of x, 256 for 0.
    function _clz(uint256 x) private pure returns (uint256 zeros) {
        assembly ("memory-safe") {
            zeros := clz(x)
        }
    }
}
