// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {Elements} from "../lib/Elements.sol";
import {Float64, NOT_FINITE} from "../lib/Float64.sol";
import {fromBits} from "../lib/Float64Conversion.sol";

/// @title Closeness
/// @notice Whether an element of an output is right within a model's tolerance.
library Closeness {
    /// @notice Returns `y = c` bit for bit, or for floats: both zero, both NaN, or both finite and
    /// `|y - c| <= atol + rtol * |c|` in binary64 with each operation rounded.
    /// @param y asserted, first bytes of the word, little-endian
    /// @param c canonical, likewise
    /// @param atol, rtol bits of binary64 numbers, finite and not negative
    function isClose(Dtype dtype, bytes8 y, bytes8 c, uint64 atol, uint64 rtol) internal pure returns (bool) {
        if (y == c) return true;
        if (!dtype.isFloat()) return false;
        Float64 a = _load(dtype, y);
        Float64 b = _load(dtype, c);
        if (a == b || (a != a && b != b)) return true;
        if ((Float64.unwrap(a) | Float64.unwrap(b)) & NOT_FINITE != 0) return false;
        return (a - b).abs() <= fromBits(atol) + fromBits(rtol) * b.abs();
    }

    function _load(Dtype dtype, bytes8 element) private pure returns (Float64) {
        assembly ("memory-safe") {
            mstore(0x00, element)
        }
        return Float64.wrap(dtype == Dtype.F32 ? Elements.loadF32(0x00) : Elements.loadF64(0x00));
    }
}
