// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype, Dtypes} from "./Dtype.sol";
import {Float64} from "./Float64.sol";
import {fromBits, toBits, toF32Bits} from "./Float64Conversion.sol";
import {decodeSpecial} from "./Float64Special.sol";

/// @title Tensor elements in memory
/// @notice Reads and writes single elements, little-endian, as docs/kernels.md defines loads and stores. An element's
/// value is the word of a Float64 for F32 and F64, and for the other dtypes an int64, sign-extended to the word.
/// @dev Loads read the 32 bytes at `pointer`, of which only the element's count. Stores write the element's bytes only.
library Elements {
    /// @dev To reverse four bytes at once: `COPIES` puts copies of them side by side, so that in one of them byte 0, at
    /// bit 24 before, begins at bit 40, in others byte 1 at bit 88, byte 2 at 136, byte 3 at 184. `BYTES` keeps those.
    /// Modulo 40 they begin at bits 0, 8, 16 and 24: the remainder of `MODULUS = 2^40 - 1` is the sum of their digits.
    uint256 private constant COPIES = 0x10000000000000100000000000001000000000000010000;
    uint256 private constant BYTES = 0xff0000000000ff0000000000ff0000000000ff0000000000;
    uint256 private constant MODULUS = 0xffffffffff;

    /// @notice Returns the function that reads an element of type `dtype` at a pointer. Reverts with `MissingDtype` for
    /// `None`.
    function loader(Dtype dtype) internal pure returns (function(uint256) pure returns (uint256)) {
        if (dtype == Dtype.F32) return loadF32;
        if (dtype == Dtype.F64) return loadF64;
        if (dtype == Dtype.I8) return loadI8;
        if (dtype == Dtype.I16) return loadI16;
        if (dtype == Dtype.U16) return loadU16;
        if (dtype == Dtype.I32) return loadI32;
        if (dtype == Dtype.U32) return loadU32;
        if (dtype == Dtype.I64) return loadI64;
        require(dtype != Dtype.None, Dtypes.MissingDtype());
        return loadU8;
    }

    /// @notice Writes `value` as an element of type `dtype` to `pointer`: a float rounded once, of an integer the low
    /// bits, for Bool `value != 0`. Reverts with `MissingDtype` for `None`.
    function store(Dtype dtype, uint256 pointer, uint256 value) internal pure {
        uint256 size = dtype.size();
        if (dtype == Dtype.F32) value = toF32Bits(Float64.wrap(value));
        else if (dtype == Dtype.F64) value = toBits(Float64.wrap(value));
        else if (dtype == Dtype.Bool) value = value == 0 ? 0 : 1;
        assembly ("memory-safe") {
            // Bytes 0 to 7 of the value to bytes 0 to 7 of the scratch space: neighbours change places, pairs, quads.
            value := or(shl(8, and(value, 0x00ff00ff00ff00ff)), and(shr(8, value), 0x00ff00ff00ff00ff))
            value := or(shl(16, and(value, 0x0000ffff0000ffff)), and(shr(16, value), 0x0000ffff0000ffff))
            value := or(shl(32, and(value, 0xffffffff)), and(shr(32, value), 0xffffffff))
            mstore(0x00, shl(192, value))
            mcopy(pointer, 0x00, size)
        }
    }

    /// @dev Returns the Float64 of the binary32 number at `pointer`.
    function loadF32(uint256 pointer) internal pure returns (uint256 value) {
        uint256 bits;
        uint256 normal;
        assembly ("memory-safe") {
            // As in `loadU32`, then as in `fromF32Bits`: this is the most frequent load.
            bits := mod(and(mul(shr(224, mload(pointer)), COPIES), BYTES), MODULUS)
            let e := and(shr(23, bits), 0xff)
            // require(0 < e < 255): only 0 and 255, plus 1, have none of these bits.
            normal := and(add(e, 1), 0xfe)
            value := add(
                shl(228, mul(sub(1, and(shr(30, bits), 2)), or(and(bits, 0x7fffff), 0x800000))),
                add(e, 0x2380)
            )
        }
        if (normal == 0) {
            // Zeros are frequent in networks.
            if (bits == 0) return 0;
            return Float64.unwrap(decodeSpecial(bits & 0x7fffffff, bits >> 31, 0x7f800000, 0x239e));
        }
    }

    /// @dev Returns the Float64 of the binary64 number at `pointer`.
    function loadF64(uint256 pointer) internal pure returns (uint256) {
        return Float64.unwrap(fromBits(uint64(loadI64(pointer))));
    }

    function loadI8(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := sar(248, mload(pointer))
        }
    }

    /// @dev For U8 and Bool.
    function loadU8(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(248, mload(pointer))
        }
    }

    function loadI16(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let word := mload(pointer)
            value := or(shl(8, signextend(0, byte(1, word))), byte(0, word))
        }
    }

    function loadU16(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let word := mload(pointer)
            value := or(shl(8, byte(1, word)), byte(0, word))
        }
    }

    function loadI32(uint256 pointer) internal pure returns (uint256 value) {
        value = loadU32(pointer);
        assembly ("memory-safe") {
            value := signextend(3, value)
        }
    }

    function loadU32(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mod(and(mul(shr(224, mload(pointer)), COPIES), BYTES), MODULUS)
        }
    }

    function loadI64(uint256 pointer) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            // As in `loadU32`, for the first and the last four bytes.
            let word := mload(pointer)
            value := mod(and(mul(and(shr(192, word), 0xffffffff), COPIES), BYTES), MODULUS)
            value := or(shl(32, signextend(3, value)), mod(and(mul(shr(224, word), COPIES), BYTES), MODULUS))
        }
    }
}
