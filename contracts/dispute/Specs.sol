// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ModelSpec, TensorSpec} from "../interfaces/IModelRegistry.sol";
import {IVerdict} from "../interfaces/IVerdict.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";

/// @title Specs
/// @notice Reads a model's description in calldata, without decoding what is not asked for.
library Specs {
    /// @notice The ModelSpec that `spec` encodes.
    /// @dev The registry hashes what it encodes itself, so that a registered id has one preimage, in which every offset
    /// is in place. For an id that was never registered the fields mean nothing.
    function open(bytes calldata spec, bytes32 modelId) internal pure returns (ModelSpec calldata model) {
        bytes32 hash = keccak256(spec);
        if (hash != modelId) revert IVerdict.SpecMismatch(modelId, hash);
        assembly ("memory-safe") {
            model := add(spec.offset, 0x20) // behind the offset of the only argument
        }
    }

    /// @notice Chunks of the tensors, each of which starts on one.
    function chunksOf(TensorSpec[] calldata tensors) internal pure returns (uint256 chunks) {
        for (uint256 i = 0; i < tensors.length; ++i) {
            chunks += _chunksOf(tensors[i]);
        }
    }

    /// @notice The dtype of the tensor that has chunk `index` of the tensors' chunks.
    function dtypeAt(TensorSpec[] calldata tensors, uint256 index) internal pure returns (Dtype) {
        uint256 end = 0;
        for (uint256 i = 0; i < tensors.length; ++i) {
            end += _chunksOf(tensors[i]);
            if (index < end) return tensors[i].dtype;
        }
        revert ChunkTree.ChunkIndexOutOfRange(index, end);
    }

    function _chunksOf(TensorSpec calldata tensor) private pure returns (uint256) {
        uint32[] calldata dims = tensor.dims;
        uint256 elements = 1;
        for (uint256 i = 0; i < dims.length; ++i) {
            elements *= dims[i];
        }
        return ChunkTree.chunkCount(elements * tensor.dtype.size());
    }
}
