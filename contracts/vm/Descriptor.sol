// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MAX_OPERANDS} from "./Opcodes.sol";
import {Elements} from "../lib/Elements.sol";
import {NAN} from "../lib/Float64.sol";

/// @dev The kinds of accumulator that are not 0, none.
uint256 constant I64_ACCUMULATOR = 1;
uint256 constant F64_ACCUMULATOR = 2;

/// @dev A descriptor's fields; places are offsets in calldata.
struct Header {
    uint256 dtype;
    uint256 accumulator; // 0 none, 1 i64, 2 f64
    uint256 axes;
    uint256 digits;
    uint256 operands;
    uint256 init;
    uint256 axesAt;
    uint256 digitsAt;
    uint256 operandsAt;
    uint256 stepAt;
    uint256 finishAt;
    uint256 end;
    uint256 elementBytes;
    uint256 elements;
    uint256 steps;
}

/// @title The header of a kernel's descriptor
library Descriptor {
    uint256 private constant MAX_LENGTH = 2048;
    uint256 private constant MAX_RANK = 8;
    uint256 private constant MAX_CODE = 512;
    uint256 private constant HEADER_BYTES = 18;
    uint256 private constant MAX_PRODUCT = (1 << 31) - 1;
    /// @dev Byte `i` is the size of the dtype with id `i`, 0 for what is no dtype.
    uint256 private constant SIZES = 0x0004080101020204040801 << 168;
    /// @dev 0x7ff8000000000000, little-endian.
    bytes8 private constant CANONICAL_NAN = 0x000000000000f87f;

    /// @dev Reads all but the code.
    /// @return ok false if a field breaks a rule of docs/kernels.md; the fields then mean nothing
    function read(bytes calldata descriptor, uint256 chunks) internal pure returns (bool ok, Header memory h) {
        uint256 stepBytes;
        uint256 finishBytes;
        uint256 format;
        uint256 start;
        assembly ("memory-safe") {
            start := descriptor.offset
            let word := calldataload(start)
            format := byte(0, word)
            mstore(h, byte(1, word))
            mstore(add(h, 0x20), byte(2, word))
            mstore(add(h, 0x40), byte(3, word))
            mstore(add(h, 0x60), byte(4, word))
            mstore(add(h, 0x80), byte(5, word))
            stepBytes := and(shr(192, word), 0xffff)
            finishBytes := and(shr(176, word), 0xffff)
        }
        if (format != 1 || descriptor.length < HEADER_BYTES || descriptor.length > MAX_LENGTH) return (false, h);
        if (h.axes > MAX_RANK || h.digits > MAX_RANK || h.operands > MAX_OPERANDS) return (false, h);
        bool reduces = h.accumulator != 0;
        if (h.accumulator > F64_ACCUMULATOR || reduces != (h.digits != 0) || reduces != (stepBytes != 0))
            return (false, h);
        if (stepBytes > MAX_CODE || finishBytes > MAX_CODE || finishBytes == 0) return (false, h);

        unchecked {
            h.axesAt = start + HEADER_BYTES;
            h.digitsAt = h.axesAt + 4 * h.axes;
            h.operandsAt = h.digitsAt + 4 * h.digits;
            h.stepAt = h.operandsAt + 14 * h.operands;
            h.finishAt = h.stepAt + stepBytes;
            h.end = h.finishAt + finishBytes;
            if (h.end != start + descriptor.length) return (false, h);

            if (!_readInit(h, start + 10)) return (false, h);

            h.elementBytes = sizeOf(h.dtype);
            h.elements = _product(h.axesAt, h.axes);
            h.steps = reduces ? _product(h.digitsAt, h.digits) : 0;
            ok =
                h.elementBytes != 0 &&
                h.elements - 1 < MAX_PRODUCT &&
                (!reduces || h.steps - 1 < MAX_PRODUCT) &&
                chunks == (h.elements * h.elementBytes + 255) >> 8 &&
                _areOperands(h.operandsAt, h.stepAt);
        }
    }

    /// @dev Returns the bytes of an element, 0 if `dtype` is none.
    function sizeOf(uint256 dtype) internal pure returns (uint256 size) {
        assembly ("memory-safe") {
            size := byte(dtype, SIZES)
        }
    }

    /// @dev Returns the accumulator of the kind `accumulator` with these bytes, and whether they are its only encoding.
    function readAccumulator(
        uint256 accumulator,
        bytes8 encoded
    ) internal pure returns (bool isCanonical, uint256 word) {
        assembly ("memory-safe") {
            mstore(0x00, encoded)
        }
        if (accumulator == F64_ACCUMULATOR) {
            word = Elements.loadF64(0x00);
            return (word != NAN || encoded == CANONICAL_NAN, word);
        }
        return (true, Elements.loadI64(0x00));
    }

    function _readInit(Header memory h, uint256 offset) private pure returns (bool ok) {
        bytes8 encoded;
        assembly ("memory-safe") {
            encoded := calldataload(offset)
        }
        if (h.accumulator == 0) return encoded == 0;
        (ok, h.init) = readAccumulator(h.accumulator, encoded);
    }

    /// @dev Returns the product of the extents, 0 if one is 0.
    function _product(uint256 offset, uint256 count) private pure returns (uint256 product) {
        assembly ("memory-safe") {
            product := 1
            for {
                let end := add(offset, shl(2, count))
            } lt(offset, end) {
                offset := add(offset, 4)
            } {
                // Eight extents of 32 bits fit.
                product := mul(product, shr(224, calldataload(offset)))
            }
        }
    }

    /// @dev Whether space and dtype of every operand exist.
    function _areOperands(uint256 offset, uint256 end) private pure returns (bool ok) {
        assembly ("memory-safe") {
            ok := 1
            for {} lt(offset, end) {
                offset := add(offset, 14)
            } {
                let word := calldataload(offset)
                ok := and(ok, and(lt(byte(0, word), 3), iszero(iszero(byte(byte(1, word), SIZES)))))
            }
        }
    }
}
