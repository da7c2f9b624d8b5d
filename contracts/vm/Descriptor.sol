// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elements} from "../lib/Elements.sol";
import {NAN} from "../lib/Float64.sol";
import {MAX_OPERANDS} from "./Entry.sol";

/// @dev The kinds of accumulator; 0 is none.
uint256 constant I64_ACCUMULATOR = 1;
uint256 constant F64_ACCUMULATOR = 2;

/// @dev What a descriptor says, without its code. Places are offsets in calldata.
struct Header {
    uint256 dtype;
    uint256 accumulator;
    uint256 axes;
    uint256 digits;
    uint256 operands;
    bytes8 init;
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
    uint256 private constant HEADER_BYTES = 18;
    uint256 private constant OPERAND_BYTES = 14;
    uint256 private constant MAX_BYTES = 2048;
    uint256 private constant MAX_RANK = 8;
    uint256 private constant MAX_SECTION_BYTES = 512;
    uint256 private constant MAX_PRODUCT = (1 << 31) - 1;
    /// @dev Byte `i` is the size of the dtype with id `i`, 0 for what is no dtype.
    uint256 private constant SIZES = 0x0004080101020204040801 << 168;
    /// @dev 0x7ff8000000000000, little-endian.
    bytes8 private constant CANONICAL_NAN = 0x000000000000f87f;

    /// @dev Reads all but the code into `h`.
    /// @return ok false if something breaks a rule of docs/kernels.md; the fields then mean nothing
    function read(Header memory h, bytes calldata descriptor, uint256 chunks) internal pure returns (bool ok) {
        if (descriptor.length < HEADER_BYTES || descriptor.length > MAX_BYTES) return false;
        uint256 word;
        uint256 start;
        assembly ("memory-safe") {
            start := descriptor.offset
            word := calldataload(start)
        }
        if (!_readCounts(h, word)) return false;

        unchecked {
            h.axesAt = start + HEADER_BYTES;
            h.digitsAt = h.axesAt + 4 * h.axes;
            h.operandsAt = h.digitsAt + 4 * h.digits;
            h.stepAt = h.operandsAt + OPERAND_BYTES * h.operands;
            h.finishAt = h.stepAt + uint16(word >> 192);
            h.end = h.finishAt + uint16(word >> 176);
            if (h.end != start + descriptor.length) return false;

            h.elementBytes = sizeOf(h.dtype);
            h.elements = _product(h.axesAt, h.digitsAt);
            if (h.accumulator != 0) {
                h.steps = _product(h.digitsAt, h.operandsAt);
                if (h.steps - 1 >= MAX_PRODUCT) return false;
            }
            return
                h.elementBytes != 0 &&
                h.elements - 1 < MAX_PRODUCT &&
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

    /// @dev Returns an accumulator's word, and whether it has these bytes only.
    function readAccumulator(uint256 kind, bytes8 encoded) internal pure returns (bool isCanonical, uint256 word) {
        assembly ("memory-safe") {
            mstore(0x00, encoded)
        }
        if (kind == F64_ACCUMULATOR) {
            word = Elements.loadF64(0x00);
            return (word != NAN || encoded == CANONICAL_NAN, word);
        }
        return (true, Elements.loadI64(0x00));
    }

    /// @dev Reads the first 18 bytes.
    function _readCounts(Header memory h, uint256 word) private pure returns (bool) {
        h.dtype = uint8(word >> 240);
        h.accumulator = uint8(word >> 232);
        h.axes = uint8(word >> 224);
        h.digits = uint8(word >> 216);
        h.operands = uint8(word >> 208);
        h.init = bytes8(uint64(word >> 112));
        uint256 stepBytes = uint16(word >> 192);
        uint256 finishBytes = uint16(word >> 176);

        if (word >> 248 != 1 || h.accumulator > F64_ACCUMULATOR) return false;
        if (h.axes > MAX_RANK || h.digits > MAX_RANK || h.operands > MAX_OPERANDS) return false;
        if (stepBytes > MAX_SECTION_BYTES || finishBytes > MAX_SECTION_BYTES || finishBytes == 0) return false;
        if (h.accumulator == 0) return h.digits == 0 && stepBytes == 0 && h.init == 0;
        if (h.digits == 0 || stepBytes == 0) return false;
        (bool isCanonical, ) = readAccumulator(h.accumulator, h.init);
        return isCanonical;
    }

    /// @dev Returns the product of the extents from `offset` to `end`, 0 if one is 0. Eight extents of 32 bits fit.
    function _product(uint256 offset, uint256 end) private pure returns (uint256 product) {
        assembly ("memory-safe") {
            product := 1
            for {} lt(offset, end) {
                offset := add(offset, 4)
            } {
                product := mul(product, shr(224, calldataload(offset)))
            }
        }
    }

    /// @dev Whether space and dtype of the operands from `offset` to `end` exist.
    function _areOperands(uint256 offset, uint256 end) private pure returns (bool ok) {
        assembly ("memory-safe") {
            ok := 1
            for {} lt(offset, end) {
                offset := add(offset, OPERAND_BYTES)
            } {
                let word := calldataload(offset)
                ok := and(ok, and(lt(byte(0, word), 3), gt(byte(byte(1, word), SIZES), 0)))
            }
        }
    }
}
