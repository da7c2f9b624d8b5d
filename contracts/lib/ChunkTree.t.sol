// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {ChunkTree} from "./ChunkTree.sol";

/// @dev Against the definition written out: pad to a full tree, hash level by level. Vectors that TypeScript and Solidity
/// share are in test/vectors.
contract ChunkTreeTest is Checks {
    uint256 private constant MAX_BYTES = 9_000; // 36 chunks, seven levels

    function rootFromPath(
        bytes memory chunk,
        uint256 index,
        uint256 count,
        bytes32[] memory path
    ) public pure returns (bytes32) {
        return ChunkTree.rootFromPath(chunk, index, count, path);
    }

    function join(bytes[] calldata tensors) public pure returns (bytes memory) {
        return ChunkTree.join(tensors, ChunkTree.flatLength(tensors));
    }

    function ancestor(bytes32 node, uint256 index, bytes32[] calldata path) public pure returns (bytes32) {
        return ChunkTree.ancestor(node, index, path);
    }

    /// @dev A leaf's ancestor is the root, also by way of a node between them.
    function testFuzz_ClimbsInSteps(
        bytes memory chunk,
        uint8 index,
        bytes32[7] memory siblings,
        uint8 cut
    ) public view {
        index %= 128;
        cut %= 8;
        bytes memory leaf = new bytes(256);
        for (uint256 i = 0; i < chunk.length && i < 256; ++i) leaf[i] = chunk[i];
        bytes32[] memory path = new bytes32[](7);
        bytes32[] memory low = new bytes32[](cut);
        bytes32[] memory high = new bytes32[](7 - cut);
        for (uint256 i = 0; i < 7; ++i) {
            path[i] = siblings[i];
            if (i < cut) low[i] = siblings[i];
            else high[i - cut] = siblings[i];
        }
        bytes32 root = ChunkTree.rootFromPath(leaf, index, 128, path);
        require(this.ancestor(keccak256(leaf), index, path) == root, "at once");
        require(this.ancestor(this.ancestor(keccak256(leaf), index, low), index >> cut, high) == root, "in steps");
    }

    function test_KnowsTheNodesOfMissingChunks() public pure {
        bytes32 node = keccak256(new bytes(256));
        for (uint256 height = 0; height < 20; ++height) {
            require(ChunkTree.missingNode(height) == node, "missing");
            node = keccak256(abi.encode(node, node));
        }
    }

    function test_CountsChunksAndLevels() public pure {
        uint16[8] memory lengths = [0, 1, 255, 256, 257, 512, 513, 1025];
        uint8[8] memory counts = [0, 1, 1, 1, 2, 2, 3, 5];
        uint8[8] memory depths = [0, 0, 0, 0, 1, 1, 2, 3];
        for (uint256 i = 0; i < lengths.length; ++i) {
            require(ChunkTree.chunkCount(lengths[i]) == counts[i], "chunkCount");
            require(ChunkTree.depth(counts[i]) == depths[i], "depth");
        }
        require(ChunkTree.depth(type(uint256).max) == 256, "the deepest");
    }

    function testFuzz_IsAsDeepAsNeeded(uint256 count) public pure {
        uint256 levels = ChunkTree.depth(count);
        require(levels == 256 || 1 << levels >= count, "holds all");
        require(levels == 0 || uint256(1) << (levels - 1) < count, "and no level more");
    }

    function test_HashesEveryShortLength() public pure {
        for (uint256 length = 0; length <= 1_300; length += 20) requireRoot(bytesOf(length, length));
        for (uint256 chunks = 1; chunks <= 9; ++chunks) {
            requireRoot(bytesOf(chunks * 256 - 1, 1));
            requireRoot(bytesOf(chunks * 256, 2));
            requireRoot(bytesOf(chunks * 256 + 1, 3));
        }
    }

    function testFuzz_HashesLikeTheDefinition(uint16 length, uint256 seed) public pure {
        requireRoot(bytesOf(length % MAX_BYTES, seed));
    }

    /// The tree is built in free memory: nothing that was allocated before may notice, and what comes after is clean.
    function testFuzz_LeavesMemoryAlone(uint16 length, uint256 seed) public pure {
        bytes memory before = bytesOf(300, ~seed);
        bytes32 hash = keccak256(before);
        bytes memory data = bytesOf(length % MAX_BYTES, seed);
        bytes32 root = ChunkTree.root(data);
        bytes memory afterwards = new bytes(MAX_BYTES);
        require(keccak256(afterwards) == keccak256(new bytes(MAX_BYTES)), "new memory is zero");
        require(keccak256(before) == hash, "old memory is untouched");
        require(ChunkTree.root(data) == root, "again");
    }

    function testFuzz_ProvesEveryChunk(uint16 length, uint256 seed, uint256 index) public pure {
        bytes memory data = bytesOf((length % MAX_BYTES) + 1, seed);
        uint256 count = ChunkTree.chunkCount(data.length);
        index %= count;
        (bytes memory chunk, bytes32[] memory path) = prove(data, index);
        require(ChunkTree.rootFromPath(chunk, index, count, path) == ChunkTree.root(data), "its root");
    }

    function testFuzz_BindsPositions(uint16 length, uint256 seed, uint256 index, uint256 other) public pure {
        bytes memory data = bytesOf((length % MAX_BYTES) + 257, seed);
        uint256 count = ChunkTree.chunkCount(data.length);
        (index, other) = (index % count, other % count);
        if (index == other) return;
        (bytes memory chunk, bytes32[] memory path) = prove(data, index);
        require(ChunkTree.rootFromPath(chunk, other, count, path) != ChunkTree.root(data), "another place");
        chunk[seed % 256] ^= 0x01;
        require(ChunkTree.rootFromPath(chunk, index, count, path) != ChunkTree.root(data), "another chunk");
    }

    function testFuzz_BindsEverySibling(uint16 length, uint256 seed, uint256 level) public pure {
        bytes memory data = bytesOf((length % MAX_BYTES) + 257, seed);
        uint256 count = ChunkTree.chunkCount(data.length);
        (bytes memory chunk, bytes32[] memory path) = prove(data, 0);
        path[level % path.length] ^= bytes32(uint256(1) << (seed & 255));
        require(ChunkTree.rootFromPath(chunk, 0, count, path) != ChunkTree.root(data), "another sibling");
    }

    function test_RefusesMalformedProofs() public view {
        bytes memory data = bytesOf(1_025, 1);
        (bytes memory chunk, bytes32[] memory path) = prove(data, 4);

        bytes memory expected = abi.encodeWithSelector(ChunkTree.ChunkIndexOutOfRange.selector, 5, 5);
        requireRevert(abi.encodeCall(this.rootFromPath, (chunk, 5, 5, path)), expected);
        expected = abi.encodeWithSelector(ChunkTree.ChunkIndexOutOfRange.selector, 0, 0);
        requireRevert(abi.encodeCall(this.rootFromPath, (chunk, 0, 0, new bytes32[](0))), expected);

        expected = abi.encodeWithSelector(ChunkTree.ProofLengthMismatch.selector, 3, 2);
        requireRevert(abi.encodeCall(this.rootFromPath, (chunk, 4, 5, new bytes32[](2))), expected);
        expected = abi.encodeWithSelector(ChunkTree.ProofLengthMismatch.selector, 3, 4);
        requireRevert(abi.encodeCall(this.rootFromPath, (chunk, 4, 5, new bytes32[](4))), expected);

        expected = abi.encodeWithSelector(ChunkTree.ChunkLengthMismatch.selector, 64);
        requireRevert(abi.encodeCall(this.rootFromPath, (new bytes(64), 4, 5, path)), expected);
        expected = abi.encodeWithSelector(ChunkTree.ChunkLengthMismatch.selector, 257);
        requireRevert(abi.encodeCall(this.rootFromPath, (new bytes(257), 4, 5, path)), expected);
    }

    function testFuzz_JoinsTensorsOnChunks(uint16 first, uint16 second, uint16 third, uint256 seed) public view {
        bytes[] memory tensors = new bytes[](3);
        (tensors[0], tensors[1]) = (bytesOf(first % 1_000, seed), bytesOf(second % 1_000, ~seed));
        tensors[2] = bytesOf(third % 1_000, seed >> 1);
        bytes memory expected = bytes.concat(padded(tensors[0]), padded(tensors[1]), tensors[2]);
        require(keccak256(this.join(tensors)) == keccak256(expected), "flat");
    }

    function test_JoinsNoneAndOne() public view {
        require(this.join(new bytes[](0)).length == 0, "none");
        bytes[] memory tensors = new bytes[](1);
        tensors[0] = bytesOf(300, 1);
        require(keccak256(this.join(tensors)) == keccak256(tensors[0]), "a tensor alone is itself");
    }

    function requireRoot(bytes memory data) private pure {
        bytes32[][] memory levels = levelsOf(data);
        bytes32 expected = data.length == 0 ? bytes32(0) : levels[levels.length - 1][0];
        require(ChunkTree.root(data) == expected, "root");
    }

    function prove(bytes memory data, uint256 index) private pure returns (bytes memory chunk, bytes32[] memory path) {
        chunk = chunkOf(data, index);
        bytes32[][] memory levels = levelsOf(data);
        path = new bytes32[](levels.length - 1);
        for (uint256 level = 0; level < path.length; ++level) path[level] = levels[level][(index >> level) ^ 1];
    }

    /// @dev All nodes, leaves first.
    function levelsOf(bytes memory data) private pure returns (bytes32[][] memory levels) {
        uint256 width = 1;
        uint256 depth = 0;
        while (width * 256 < data.length) (width, depth) = (width * 2, depth + 1);
        levels = new bytes32[][](depth + 1);
        levels[0] = new bytes32[](width);
        for (uint256 i = 0; i < width; ++i) levels[0][i] = keccak256(chunkOf(data, i));
        for (uint256 level = 1; level <= depth; ++level) {
            levels[level] = new bytes32[](width >> level);
            for (uint256 i = 0; i < width >> level; ++i) {
                bytes32 left = levels[level - 1][2 * i];
                levels[level][i] = keccak256(abi.encodePacked(left, levels[level - 1][2 * i + 1]));
            }
        }
    }

    function chunkOf(bytes memory data, uint256 index) private pure returns (bytes memory chunk) {
        chunk = new bytes(256);
        for (uint256 i = 0; i < 256 && index * 256 + i < data.length; ++i) chunk[i] = data[index * 256 + i];
    }

    function padded(bytes memory data) private pure returns (bytes memory) {
        return bytes.concat(data, new bytes((256 - (data.length % 256)) % 256));
    }

    function bytesOf(uint256 length, uint256 seed) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; i += 32) {
            bytes32 word = keccak256(abi.encode(seed, i));
            for (uint256 j = 0; j < 32 && i + j < length; ++j) data[i + j] = word[j];
        }
    }
}
