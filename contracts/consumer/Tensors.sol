// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {FixedPoint} from "../lib/FixedPoint.sol";

/// @title Solidity numbers as tensor bytes, and back
/// @notice A tensor is its elements in row-major order, little-endian, without gaps. Floating-point elements are
/// written from and read as fixed-point numbers `(value, decimals)`, which mean `value / 10**decimals`. A conversion
/// is exact or rounded once, to nearest, ties to even.
///
///     bytes memory returns24 = Tensors.f32(hourlyReturns, 18);
///     bytes memory tokens = Tensors.integers(ids, Dtype.I64);
///     int256 volatility = Tensors.toFixed(output, Dtype.F32, 0, 18);
library Tensors {
    /// @notice `value` is outside the range of the integer type `dtype`.
    error IntegerOutOfRange(int256 value, Dtype dtype);

    /// @notice An integer was written to or read from a tensor of floating-point elements.
    error NotInteger(Dtype dtype);

    /// @notice A tensor of `length` bytes ends before element `index` does.
    error IndexOutOfRange(uint256 index, Dtype dtype, uint256 length);

    // --- Numbers to bytes ---

    /// @notice Packs `binary32(values[i] / 10**decimals)`.
    /// @dev Reverts with `FixedPoint.FixedPointOutOfRange` where that would be infinite.
    function f32(int256[] memory values, uint8 decimals) internal pure returns (bytes memory tensor) {
        tensor = new bytes(4 * values.length);
        uint256 power = FixedPoint.powerOfFive(decimals);
        for (uint256 i = 0; i < values.length; ++i) _store(tensor, i, 4, FixedPoint.toF32(values[i], decimals, power));
        _reverseElements(tensor, 4);
    }

    /// @notice Packs `binary32(value / 10**decimals)`, a tensor of one element.
    function f32(int256 value, uint8 decimals) internal pure returns (bytes memory) {
        return f32(_single(value), decimals);
    }

    /// @notice Packs `binary64(values[i] / 10**decimals)`.
    function f64(int256[] memory values, uint8 decimals) internal pure returns (bytes memory tensor) {
        tensor = new bytes(8 * values.length);
        uint256 power = FixedPoint.powerOfFive(decimals);
        for (uint256 i = 0; i < values.length; ++i) _store(tensor, i, 8, FixedPoint.toF64(values[i], decimals, power));
        _reverseElements(tensor, 8);
    }

    /// @notice Packs `binary64(value / 10**decimals)`, a tensor of one element.
    function f64(int256 value, uint8 decimals) internal pure returns (bytes memory) {
        return f64(_single(value), decimals);
    }

    /// @notice Packs integers; `Bool` takes 0 and 1.
    /// @dev Reverts with `IntegerOutOfRange` for a value that `dtype` cannot hold, `NotInteger` for F32 and F64.
    function integers(int256[] memory values, Dtype dtype) internal pure returns (bytes memory tensor) {
        uint256 size = dtype.size();
        (int256 min, int256 max) = _range(dtype);
        tensor = new bytes(size * values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            int256 value = values[i];
            require(min <= value && value <= max, IntegerOutOfRange(value, dtype));
            _store(tensor, i, size, uint256(value));
        }
        _reverseElements(tensor, size);
    }

    /// @notice Packs one integer, a tensor of one element.
    function integers(int256 value, Dtype dtype) internal pure returns (bytes memory) {
        return integers(_single(value), dtype);
    }

    // --- Bytes to numbers ---

    /// @notice Returns element `index` as `round(element * 10**decimals)`.
    /// @dev Reverts with `FixedPoint.ElementOutOfRange` for NaN, an infinity, or a product beyond int256.
    function toFixed(bytes memory tensor, Dtype dtype, uint256 index, uint8 decimals) internal pure returns (int256) {
        uint256 word = _load(tensor, dtype, index);
        if (dtype == Dtype.F32) return FixedPoint.fromF32(uint32(word >> 224), decimals);
        if (dtype == Dtype.F64) return FixedPoint.fromF64(uint64(word >> 192), decimals);
        return FixedPoint.fromInteger(int64(_integer(word, dtype)), dtype, decimals);
    }

    /// @notice Returns element `index` of a tensor of integers; for `Bool` the byte, whatever it is.
    /// @dev Reverts with `NotInteger` for F32 and F64, whose rounding is `toFixed`'s.
    function toInteger(bytes memory tensor, Dtype dtype, uint256 index) internal pure returns (int256) {
        require(!dtype.isFloat(), NotInteger(dtype));
        return _integer(_load(tensor, dtype, index), dtype);
    }

    // --- Elements ---

    /// @dev Writes the low `size` bytes of `bits` as element `index`, big-endian, and zeros over the bytes behind it.
    /// INVARIANT: elements are stored in ascending order, so that those zeros hit only elements to come, or the free
    /// memory after the tensor.
    function _store(bytes memory tensor, uint256 index, uint256 size, uint256 bits) private pure {
        assembly ("memory-safe") {
            mstore(add(add(tensor, 32), mul(index, size)), shl(sub(256, mul(8, size)), bits))
        }
    }

    /// @dev Returns element `index` in the word's first bytes, big-endian; what follows it is arbitrary.
    function _load(bytes memory tensor, Dtype dtype, uint256 index) private pure returns (uint256 word) {
        uint256 size = dtype.size();
        require(index < tensor.length / size, IndexOutOfRange(index, dtype, tensor.length));
        assembly ("memory-safe") {
            word := mload(add(add(tensor, 32), mul(index, size)))
        }
        return _reverse(word, size);
    }

    /// @dev Returns the integer in the word's first bytes.
    function _integer(uint256 word, Dtype dtype) private pure returns (int256) {
        uint256 unused = 256 - 8 * dtype.size();
        return dtype.isSigned() ? int256(word) >> unused : int256(word >> unused);
    }

    /// @dev Returns the least and greatest value of an integer type.
    function _range(Dtype dtype) private pure returns (int256 min, int256 max) {
        require(!dtype.isFloat(), NotInteger(dtype));
        if (dtype == Dtype.Bool) return (0, 1);
        uint256 bits = 8 * dtype.size();
        if (!dtype.isSigned()) return (0, int256((1 << bits) - 1));
        max = int256((1 << (bits - 1)) - 1);
        return (-max - 1, max);
    }

    /// @dev Turns every element from big-endian to little-endian, a word at a time; memory is allocated in whole words.
    function _reverseElements(bytes memory tensor, uint256 size) private pure {
        uint256 length = tensor.length;
        for (uint256 i = 0; i < length; i += 32) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(tensor, 32), i))
            }
            word = _reverse(word, size);
            assembly ("memory-safe") {
                mstore(add(add(tensor, 32), i), word)
            }
        }
    }

    /// @dev Reverses the bytes of each of the word's groups of `size` bytes: swaps neighbouring bytes, pairs, quads.
    function _reverse(uint256 word, uint256 size) private pure returns (uint256) {
        if (size > 1) word = _swap(word, 8, type(uint256).max / 0x0101);
        if (size > 2) word = _swap(word, 16, type(uint256).max / 0x00010001);
        if (size > 4) word = _swap(word, 32, type(uint256).max / 0x0000000100000001);
        return word;
    }

    /// @dev Swaps neighbouring groups of `bits` bits; `low` masks every second one.
    function _swap(uint256 word, uint256 bits, uint256 low) private pure returns (uint256) {
        return ((word & low) << bits) | ((word >> bits) & low);
    }

    function _single(int256 value) private pure returns (int256[] memory values) {
        values = new int256[](1);
        values[0] = value;
    }
}
