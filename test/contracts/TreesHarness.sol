// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ChunkTree} from "../../contracts/lib/ChunkTree.sol";
import {KernelTree} from "../../contracts/lib/KernelTree.sol";

/// @dev Shows the trees' libraries to tests.
contract TreesHarness {
    function rootFromMultiproof(
        bytes calldata data,
        uint256 count
    ) external pure returns (bytes32 root, uint256 chunks, uint256 length) {
        return ChunkTree.rootFromMultiproof(data, count);
    }

    function rootFromFrontier(bytes32[] calldata nodes) external pure returns (bytes32) {
        return ChunkTree.rootFromFrontier(nodes);
    }

    function rootFromKernelPath(
        uint64 chunks,
        bytes calldata descriptor,
        uint256 kernel,
        uint256 kernelCount,
        bytes calldata path
    ) external pure returns (bytes32 root, uint64 sum, uint64 first) {
        return KernelTree.rootFromPath(KernelTree.leaf(chunks, descriptor), chunks, kernel, kernelCount, path);
    }
}
