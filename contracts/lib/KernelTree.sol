// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title KernelTree
/// @notice Merkle sum trees over a program's kernels, as `docs/formats.md` defines them: leaf
/// `keccak256(0x00 ‖ chunks ‖ descriptor)`, inner node `keccak256(0x01 ‖ left ‖ leftSum ‖ right ‖ rightSum)`, counts
/// as 8 bytes big-endian.
library KernelTree {
    uint256 private constant LEAF_HEADER_BYTES = 9;
    uint256 private constant INNER_BYTES = 81;

    /// @notice Not the preimage of a node at the root of `kernelCount` kernels.
    error ProgramRootMalformed(uint256 kernelCount, uint256 length);

    /// @notice Hashes a root's preimage and adds up its sum.
    /// @dev A node's own sum is computed, never stated, so a root has one sum.
    /// @return root keccak256 of the preimage
    /// @return chunks trace chunks of all kernels together
    function open(bytes calldata preimage, uint256 kernelCount) internal pure returns (bytes32 root, uint256 chunks) {
        if (kernelCount == 1) {
            bool leaf = preimage.length >= LEAF_HEADER_BYTES && preimage[0] == 0x00;
            if (!leaf) revert ProgramRootMalformed(kernelCount, preimage.length);
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
