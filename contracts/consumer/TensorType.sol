// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";

/// @notice A named input or output of a model.
/// @param name as in the model
/// @param elements how many, the product of its dimensions, at least 1
struct TensorType {
    string name;
    Dtype dtype;
    uint256 elements;
}

using TensorTypeLib for TensorType global;

/// @title TensorTypeLib
/// @notice Lists of named tensors.
library TensorTypeLib {
    /// @notice The model has no input, or no output, of this name.
    error UnknownTensor(string name);

    /// @notice The bytes of the whole tensor, `elements * dtype.size()`.
    function size(TensorType memory self) internal pure returns (uint256) {
        return self.elements * self.dtype.size();
    }

    /// @notice The list with `added` behind its last element. The array itself is left as it is.
    function append(
        TensorType[] memory types,
        TensorType memory added
    ) internal pure returns (TensorType[] memory longer) {
        assembly ("memory-safe") {
            let end := shl(5, add(mload(types), 1))
            longer := mload(0x40)
            mcopy(longer, types, end)
            mstore(longer, add(mload(types), 1))
            mstore(add(longer, end), added)
            mstore(0x40, add(add(longer, end), 32))
        }
    }

    /// @notice The least i with `types[i].name == name`. Reverts with `UnknownTensor` if there is none.
    function indexOf(TensorType[] memory types, string memory name) internal pure returns (uint256 i) {
        while (i < types.length) {
            if (Strings.equal(types[i].name, name)) return i;
            ++i;
        }
        revert UnknownTensor(name);
    }

    /// @notice The length in bytes of the first `count` tensors laid flat: each starts on a chunk, the last one ends at
    /// its own length.
    function flatLength(TensorType[] memory types, uint256 count) internal pure returns (uint256 length) {
        for (uint256 i = 0; i < count; ++i) length = _nextChunk(length) + types[i].size();
    }

    /// @notice The byte at which tensor `i` starts when all are laid flat.
    function startOf(TensorType[] memory types, uint256 i) internal pure returns (uint256) {
        return _nextChunk(flatLength(types, i));
    }

    function _nextChunk(uint256 byteLength) private pure returns (uint256) {
        return ChunkTree.chunkCount(byteLength) * ChunkTree.CHUNK_BYTES;
    }
}
