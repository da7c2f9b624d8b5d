// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITensorVM} from "../interfaces/ITensorVM.sol";
import {BOUNDS, CHUNKS, COPIES, INDICES, OPERANDS, OPERAND_STRIDE, SLOT_MASK, ZERO} from "./MemoryMap.sol";

/// @title Where a kernel finds the chunks of its operands
/// @notice A **key** names a byte of an operand, wherever that is: byte b of operand k is
/// `(k + 1) * OPERAND_STRIDE + b`. A table of 256 slots maps keys of chunks that were loaded from to memory. The slot
/// of a key is its chunk number modulo 256, and the word there is what to add to the key.
///
/// Slots hold no key to compare with. They need none: two chunks that share a slot are a multiple of 256 chunks apart,
/// which is more than all of memory up to `CHUNKS_END`, so the sum is an address below `CHUNKS_END` for the slot's own
/// chunk only. (Different operands are at least 2^79 apart. An empty slot adds 0, and a key is no address.)
///
/// Every load looks into its slot itself, see `Program.load`, and calls `find` if another chunk, or none, is there. So
/// no choice of operands and chunks makes a load dearer than one search: collisions cost what a first load costs.
library ChunkTable {
    /// @dev Copies records and chunks from the code to memory.
    /// @param data where in the code the operands' records are; behind them for each space the number of its chunks,
    /// their indices and the chunks
    /// @param operands the number of operands
    function stage(uint256 data, uint256 operands) internal pure {
        assembly ("memory-safe") {
            codecopy(add(OPERANDS, 0x20), data, shl(5, operands))
            data := add(data, shl(5, operands))
            let position := 0
            for {
                let bound := add(BOUNDS, 0x20)
            } lt(bound, add(BOUNDS, 0x80)) {
                bound := add(bound, 0x20)
            } {
                codecopy(add(bound, 30), data, 2)
                let count := mload(bound)
                data := add(data, 2)
                codecopy(add(INDICES, shl(2, position)), data, shl(2, count))
                data := add(data, shl(2, count))
                codecopy(add(CHUNKS, shl(8, position)), data, shl(8, count))
                data := add(data, shl(8, count))
                position := add(position, count)
                mstore(bound, position)
            }
            mstore(COPIES, add(CHUNKS, shl(8, position)))
        }
    }

    /// @dev Returns where in memory the byte `key` is, and enters its chunk; `ZERO` if it is outside the operand, or
    /// the operand is not in place. Reverts if the witness lacks the chunk.
    function find(uint256 key) internal pure returns (uint256 place) {
        uint256 space;
        uint256 index;
        assembly ("memory-safe") {
            let tag := shr(80, key)
            let operand := mload(add(OPERANDS, shl(5, tag)))
            let size := and(operand, 0xffffffffffffffff)
            let offset := sub(key, mul(tag, OPERAND_STRIDE))
            switch lt(offset, size)
            case 0 {
                place := ZERO
            }
            default {
                space := shr(128, operand)
                index := add(and(shr(64, operand), 0xffffffffffffffff), shr(8, offset))
                // Indices of a space are in ascending order.
                let low := mload(add(BOUNDS, shl(5, space)))
                let high := mload(add(BOUNDS, shl(5, add(space, 1))))
                for {} lt(low, high) {} {
                    let middle := shr(1, add(low, high))
                    let other := shr(224, mload(add(INDICES, shl(2, middle))))
                    if eq(other, index) {
                        place := add(CHUNKS, shl(8, middle))
                        break
                    }
                    switch lt(other, index)
                    case 0 {
                        high := middle
                    }
                    default {
                        low := add(middle, 1)
                    }
                }
                if place {
                    let byteInChunk := and(key, 0xff)
                    let rest := sub(size, sub(offset, byteInChunk))
                    // Bytes behind the last element are not the operand's: it has zeros there.
                    if lt(rest, 256) {
                        let copy := add(mload(COPIES), shl(8, sub(tag, 1)))
                        mcopy(copy, place, rest)
                        place := copy
                    }
                    mstore(and(shr(3, key), SLOT_MASK), sub(place, sub(key, byteInChunk)))
                    place := add(place, byteInChunk)
                }
            }
        }
        if (place == 0) _revertMissing(space, index);
    }

    /// @dev `revert ITensorVM.MissingChunk(space, index)`, which Solidity would write to where the free memory pointer
    /// points: here that is a slot.
    function _revertMissing(uint256 space, uint256 index) private pure {
        bytes4 selector = ITensorVM.MissingChunk.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, space)
            mstore(0x24, index)
            revert(0x00, 0x44)
        }
    }
}
