// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkTree} from "./ChunkTree.sol";

/// @title KernelTree
/// @notice Merkle sum trees over a program's kernels, as `docs/formats.md` defines them: leaf
/// `keccak256(0x00 ‖ chunks ‖ descriptor)`, inner node `keccak256(0x01 ‖ left ‖ leftSum ‖ right ‖ rightSum)`, counts
/// as 8 bytes big-endian.
library KernelTree {
    uint256 private constant LEAF_HEADER_BYTES = 9;
    uint256 private constant INNER_BYTES = 81;
    uint256 private constant SIBLING_BYTES = 40;

    /// @notice Not the preimage of a node at the root of `kernelCount` kernels.
    error ProgramRootMalformed(uint256 kernelCount, uint256 length);

    /// @notice `kernel` does not address one of the program's `kernelCount` kernels.
    error KernelOutOfRange(uint256 kernel, uint256 kernelCount);
    /// @notice A path in a tree of this size has `expected` bytes.
    error KernelPathLengthMismatch(uint256 expected, uint256 given);

    /// @notice The leaf of a kernel that adds `chunks` chunks to the trace.
    function leaf(uint64 chunks, bytes calldata descriptor) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), chunks, descriptor));
    }

    /// @notice The root that a leaf and its path give, and where the kernel's chunks are in the trace.
    /// @dev The path lists each sibling's `hash ‖ sum`, leaf to root. Its length comes from `kernelCount`.
    /// @param node the leaf
    /// @param chunks the leaf's sum
    /// @return root the root
    /// @return sum the root's sum, which must be the trace's number of chunks
    /// @return first the kernel's first chunk: the sum of all siblings on its left
    function rootFromPath(
        bytes32 node,
        uint64 chunks,
        uint256 kernel,
        uint256 kernelCount,
        bytes calldata path
    ) internal pure returns (bytes32 root, uint64 sum, uint64 first) {
        if (kernel >= kernelCount) revert KernelOutOfRange(kernel, kernelCount);
        uint256 levels = ChunkTree.depth(kernelCount);
        if (path.length != SIBLING_BYTES * levels) {
            revert KernelPathLengthMismatch(SIBLING_BYTES * levels, path.length);
        }
        root = node;
        sum = chunks;
        for (uint256 level = 0; level < levels; ++level) {
            uint256 offset = SIBLING_BYTES * level;
            bytes32 sibling = bytes32(path[offset:offset + 32]);
            uint64 siblingSum = uint64(bytes8(path[offset + 32:offset + 40]));
            if ((kernel >> level) & 1 == 1) {
                root = keccak256(abi.encodePacked(bytes1(0x01), sibling, siblingSum, root, sum));
                first += siblingSum; // checked uint64
            } else {
                root = keccak256(abi.encodePacked(bytes1(0x01), root, sum, sibling, siblingSum));
            }
            sum += siblingSum; // checked uint64
        }
    }

    /// @notice Hashes a root's preimage and adds up its sum.
    /// @dev A node's own sum is computed, never stated, so a root has one sum.
    /// @return root keccak256 of the preimage
    /// @return chunks trace chunks of all kernels together
    function open(bytes calldata preimage, uint256 kernelCount) internal pure returns (bytes32 root, uint256 chunks) {
        if (kernelCount == 1) {
            bool isLeaf = preimage.length >= LEAF_HEADER_BYTES && preimage[0] == 0x00;
            if (!isLeaf) revert ProgramRootMalformed(kernelCount, preimage.length);
            chunks = uint64(bytes8(preimage[1:9]));
        } else {
            bool inner = kernelCount != 0 && preimage.length == INNER_BYTES && preimage[0] == 0x01;
            if (!inner) revert ProgramRootMalformed(kernelCount, preimage.length);
            uint64 left = uint64(bytes8(preimage[33:41]));
            chunks = left + uint64(bytes8(preimage[73:81])); // checked uint64
        }
        root = keccak256(preimage);
    }
}
