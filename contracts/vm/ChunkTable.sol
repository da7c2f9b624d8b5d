// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITensorVM} from "../interfaces/ITensorVM.sol";
import {CHUNKS, INDICES, OPERANDS, OPERAND_STRIDE, OVERFLOWS, SLOT_MASK, ZERO} from "./MemoryMap.sol";

/// @title Where a kernel finds the chunks of its operands
/// @notice A **key** names a byte of an operand, wherever that is: byte b of operand k is
/// `(k + 1) * OPERAND_STRIDE + b`. The table maps keys to memory. A key's slot is its chunk number modulo 256, and the
/// word there is what to add to the key.
///
/// Slots hold no key to compare with. They need none: two chunks that share a slot are a multiple of 256 chunks apart,
/// which is more than all of `CHUNKS` to `CHUNKS_END`, so the sum is an address below `CHUNKS_END` for the slot's own
/// chunk only. (Different operands are at least 2^79 apart. An empty slot adds 0, and a key is no address.) A chunk
/// whose slot is taken goes to a list, the overflows, that only `find` reads.
///
/// Every load does the first step itself, see `Program.load`, and calls `find` if that fails.
library ChunkTable {
    /// @dev Copies records and chunks from the code to memory and enters every operand's chunks.
    /// @param data where in the code the operands' records are; behind them for each space the number of its chunks,
    /// their indices and the chunks
    /// @param operands the number of operands
    function stage(uint256 data, uint256 operands) internal pure {
        uint256 chunks = CHUNKS;
        uint256 copies;
        uint256 overflows;
        assembly ("memory-safe") {
            codecopy(add(OPERANDS, 0x20), data, shl(5, operands))
            data := add(data, shl(5, operands))
            // Behind the chunks: copies of operands' last chunks, one for each at most, and then the overflows.
            copies := add(CHUNKS, shl(8, div(sub(codesize(), add(data, 6)), 260)))
            overflows := add(copies, shl(8, operands))
            mstore(OVERFLOWS, overflows)
        }
        for (uint256 space = 0; space < 3; ++space) {
            uint256 count;
            assembly ("memory-safe") {
                codecopy(INDICES, data, 2)
                count := shr(240, mload(INDICES))
                codecopy(INDICES, add(data, 2), shl(2, count))
                data := add(add(data, 2), shl(2, count))
                codecopy(chunks, data, shl(8, count))
                data := add(data, shl(8, count))
            }
            if (count != 0) {
                for (uint256 tag = 1; tag <= operands; ++tag) {
                    uint256 operand;
                    assembly ("memory-safe") {
                        operand := mload(add(OPERANDS, shl(5, tag)))
                    }
                    if (operand >> 128 == space) {
                        (copies, overflows) = _enter(tag, operand, count, chunks, copies, overflows);
                    }
                }
            }
            chunks += count << 8;
        }
        assembly ("memory-safe") {
            mstore(add(OVERFLOWS, 0x20), overflows)
        }
    }

    /// @dev Enters those of the `count` chunks at `chunks` that are the operand's.
    function _enter(
        uint256 tag,
        uint256 operand,
        uint256 count,
        uint256 chunks,
        uint256 copies,
        uint256 overflows
    ) private pure returns (uint256, uint256) {
        assembly ("memory-safe") {
            let size := and(operand, 0xffffffffffffffff)
            let first := and(shr(64, operand), 0xffffffffffffffff)
            let indices := INDICES
            for {
                let end := add(indices, shl(2, count))
            } lt(indices, end) {
                indices := add(indices, 4)
            } {
                let offset := shl(8, sub(shr(224, mload(indices)), first))
                // if (first <= index && index < first + ceil(size / 256))
                if lt(offset, size) {
                    let chunk := chunks
                    // Bytes behind the last element are not the operand's: it has zeros there.
                    if lt(sub(size, offset), 256) {
                        mcopy(copies, chunk, sub(size, offset))
                        chunk := copies
                        copies := add(copies, 256)
                    }
                    let key := add(mul(tag, OPERAND_STRIDE), offset)
                    let slot := and(shr(3, key), SLOT_MASK)
                    switch mload(slot)
                    case 0 {
                        mstore(slot, sub(chunk, key))
                    }
                    default {
                        mstore(overflows, key)
                        mstore(add(overflows, 0x20), chunk)
                        overflows := add(overflows, 0x40)
                    }
                }
                chunks := add(chunks, 256)
            }
        }
        return (copies, overflows);
    }

    /// @dev Returns where in memory the byte `key` is if its slot holds another chunk or none; `ZERO` if it is outside
    /// the operand, or the operand is not in place. Reverts if the witness lacks the chunk.
    function find(uint256 key) internal pure returns (uint256 place) {
        uint256 operand;
        uint256 offset;
        assembly ("memory-safe") {
            let tag := shr(80, key)
            operand := mload(add(OPERANDS, shl(5, tag)))
            offset := sub(key, mul(tag, OPERAND_STRIDE))
            switch lt(offset, and(operand, 0xffffffffffffffff))
            case 0 {
                place := ZERO
            }
            default {
                let end := mload(add(OVERFLOWS, 0x20))
                for {
                    let entry := mload(OVERFLOWS)
                } lt(entry, end) {
                    entry := add(entry, 0x40)
                } {
                    let distance := sub(key, mload(entry))
                    if lt(distance, 256) {
                        place := add(mload(add(entry, 0x20)), distance)
                        break
                    }
                }
            }
        }
        if (place == 0) revert ITensorVM.MissingChunk(operand >> 128, uint64(operand >> 64) + (offset >> 8));
    }
}
