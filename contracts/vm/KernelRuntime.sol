// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Float64,
    abs,
    add,
    ceil,
    div,
    eq,
    floor,
    le,
    lt,
    max,
    min,
    mul,
    nearest,
    neg,
    sqrt,
    sub,
    trunc
} from "../lib/Float64.sol";
import {fromBits, fromInt64, roundToF32, toBits, toInt64} from "../lib/Float64Conversion.sol";
import {Elements} from "../lib/Elements.sol";
import {ChunkTable} from "./ChunkTable.sol";

// Instructions that are no functions of Float64, but shorter as calls: the longest code of a kernel must be short
// enough for a creation, see test/vm/limits.test.ts.

/// @dev i64.shr_u
function shrU(uint256 count, uint256 value) pure returns (uint256 result) {
    assembly ("memory-safe") {
        result := signextend(7, shr(and(count, 63), and(value, 0xffffffffffffffff)))
    }
}

/// @dev i64.reinterpret_f64
function toSignedBits(Float64 x) pure returns (uint256 result) {
    result = toBits(x);
    assembly ("memory-safe") {
        result := signextend(7, result)
    }
}

/// @title What translated kernels call
/// @notice The code of this contract is the first part of every translated kernel. It has no functions of its own: it
/// is there for the routines in it. Only its constructor ever runs, to say where they are.
/// @dev A pointer to an internal function is, in the low bits, its place in the code, as this is compiled without the
/// intermediate representation (hardhat.config.ts).
contract KernelRuntime {
    /// @dev Leaves three words in place of code: addresses of routines, 16 bits each, the first lowest.
    /// - arithmetic and conversions, in the order below;
    /// - loads, of dtype d the d-th; before them `ChunkTable.find`, behind them `ChunkTable.stage`.
    constructor() {
        uint256 arithmetic = _pack(_pack(_pack(_pack(0, _entry(nearest)), _entry(trunc)), _entry(floor)), _entry(ceil));
        arithmetic = _pack(_pack(_pack(_pack(arithmetic, _entry(neg)), _entry(abs)), _entry(sqrt)), _entry(le));
        arithmetic = _pack(_pack(_pack(_pack(arithmetic, _entry(lt)), _entry(eq)), _entry(max)), _entry(min));
        arithmetic = _pack(_pack(_pack(_pack(arithmetic, _entry(div)), _entry(mul)), _entry(sub)), _entry(add));

        uint256 conversions = _pack(_pack(_pack(0, _entry(shrU)), _entry(toSignedBits)), _entry(fromBits));
        conversions = _pack(conversions, _entry(toInt64));
        conversions = _pack(_pack(conversions, _entry(fromInt64)), _entry(roundToF32));

        uint256 loads = _pack(_pack(0, _entry(ChunkTable.stage)), _entry(Elements.loadU8));
        loads = _pack(_pack(loads, _entry(Elements.loadI64)), _entry(Elements.loadU32));
        loads = _pack(_pack(loads, _entry(Elements.loadI32)), _entry(Elements.loadU16));
        loads = _pack(_pack(loads, _entry(Elements.loadI16)), _entry(Elements.loadU8));
        loads = _pack(_pack(loads, _entry(Elements.loadI8)), _entry(Elements.loadF64));
        loads = _pack(_pack(loads, _entry(Elements.loadF32)), _entry(ChunkTable.find));

        _leave(abi.encode(arithmetic, conversions, loads));
    }

    /// @dev Ends the constructor; `code` is the contract's code.
    function _leave(bytes memory code) private pure {
        assembly ("memory-safe") {
            return(add(code, 32), mload(code))
        }
    }

    function _pack(uint256 words, uint256 routine) private pure returns (uint256) {
        return (words << 16) | uint16(routine);
    }

    // --- Entry points ---

    function _entry(function(Float64, Float64) pure returns (Float64) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(Float64, Float64) pure returns (bool) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(Float64) pure returns (Float64) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(Float64) pure returns (uint256) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(Float64) pure returns (int64) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(int64) pure returns (Float64) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(uint64) pure returns (Float64) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(uint256) pure returns (uint256) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(uint256, uint256) pure returns (uint256) f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
    function _entry(function(uint256, uint256) pure f) private pure returns (uint256 p) {
        assembly ("memory-safe") {
            p := f
        }
    }
}
