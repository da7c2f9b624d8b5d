// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Context, ITensorVM} from "../interfaces/ITensorVM.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {MAX_CHUNKS} from "./MemoryMap.sol";

/// @title The chunks that a run loads from
library Witness {
    uint256 private constant TRACE = 0;
    uint256 private constant WEIGHTS = 1;
    uint256 private constant SPACES = 3;

    /// @dev Checks a witness, and writes for each space the number of its chunks, their indices and the chunks to `out`
    /// in memory.
    /// @return end where they end
    function stage(Context calldata context, bytes calldata witness, uint256 out) internal pure returns (uint256 end) {
        end = out;
        uint256 total;
        for (uint256 space = 0; space < SPACES; ++space) {
            if (witness.length == 0 || uint8(witness[0]) > 1) revert ITensorVM.WitnessMalformed();
            bool isPresent = witness[0] != 0;
            witness = witness[1:];
            uint256 size = 2;
            if (isPresent) {
                // Hashing needs free memory.
                assembly ("memory-safe") {
                    mstore(0x40, end)
                }
                (uint256 chunks, uint256 length) = _prove(context, witness, space);
                total += chunks;
                if (total > MAX_CHUNKS) revert ITensorVM.TooManyChunks(total);
                size = 2 + 260 * chunks;
                assembly ("memory-safe") {
                    calldatacopy(end, witness.offset, size)
                }
                witness = witness[length:];
            } else {
                assembly ("memory-safe") {
                    mstore(end, 0)
                }
            }
            end += size;
        }
        if (witness.length != 0) revert ITensorVM.WitnessMalformed();
    }

    /// @dev Checks the multiproof at the start of `data`.
    function _prove(
        Context calldata context,
        bytes calldata data,
        uint256 space
    ) private pure returns (uint256 chunks, uint256 length) {
        bytes32 expected = context.inputRoot;
        uint256 count = context.inputChunks;
        if (space == TRACE) (expected, count) = (context.traceRoot, context.traceChunks);
        else if (space == WEIGHTS) (expected, count) = (context.weightsRoot, context.weightsChunks);
        bytes32 root;
        (root, chunks, length) = ChunkTree.rootFromMultiproof(data, count);
        if (root != expected) revert ITensorVM.RootMismatch(space, expected, root);
    }
}
