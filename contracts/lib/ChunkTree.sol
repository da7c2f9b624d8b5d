// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ChunkTree
/// @notice Merkle trees over 256-byte chunks, as `docs/formats.md` defines them: leaf `keccak256(chunk)`, inner node
/// `keccak256(left ‖ right)`, `2^depth` leaves, `depth = ceil(log2(chunkCount))`, a missing chunk is 256 zero bytes, no
/// chunks at all have root 0.
/// @dev A leaf's preimage is 256 bytes and an inner node's 64, so neither can stand for the other.
library ChunkTree {
    /// @notice The size of a chunk in bytes.
    uint256 internal constant CHUNK_BYTES = 256;

    /// @notice `index` does not address one of the tree's `chunkCount` chunks.
    error ChunkIndexOutOfRange(uint256 index, uint256 chunkCount);
    /// @notice A path in a tree of this size has `expected` siblings.
    error ProofLengthMismatch(uint256 expected, uint256 given);
    /// @notice A chunk is exactly 256 bytes.
    error ChunkLengthMismatch(uint256 given);
    /// @notice A multiproof has at least one chunk and ends where its last hash does.
    error MultiproofTruncated(uint256 length);
    /// @notice The indices of a multiproof are strictly increasing; this one is not above the one before.
    error MultiproofIndexOutOfOrder(uint256 index);
    /// @notice The chunks of a multiproof need `expected` siblings.
    error MultiproofSiblingsMismatch(uint256 expected, uint256 given);
    /// @notice A frontier has a power of two of nodes.
    error FrontierLengthMismatch(uint256 given);

    /// @notice `ceil(byteLength / 256)`.
    function chunkCount(uint256 byteLength) internal pure returns (uint256) {
        return (byteLength + CHUNK_BYTES - 1) / CHUNK_BYTES;
    }

    /// @notice `ceil(log2(count))`, 0 for counts 0 and 1.
    function depth(uint256 count) internal pure returns (uint256 levels) {
        if (count > 1) {
            assembly ("memory-safe") {
                levels := sub(256, clz(sub(count, 1)))
            }
        }
    }

    /// @notice The root of `data` cut into chunks, the last one padded with zeros.
    function root(bytes memory data) internal pure returns (bytes32 result) {
        uint256 leaves = chunkCount(data.length);
        if (leaves == 0) return 0;
        uint256 levels = depth(leaves);
        assembly ("memory-safe") {
            // Nodes of the level at hand, in free memory; a level is written over the one below it, always behind the
            // place being read. One chunk more than needed is used as the padded copy of the last chunk.
            let nodes := mload(0x40)
            let full := shr(8, mload(data))
            let source := add(data, 0x20)
            for {
                let i := 0
            } lt(i, full) {
                i := add(i, 1)
            } {
                mstore(add(nodes, shl(5, i)), keccak256(add(source, shl(8, i)), 256))
            }
            if lt(full, leaves) {
                let slot := add(nodes, shl(5, full))
                calldatacopy(slot, calldatasize(), 256) // zeros
                mcopy(slot, add(source, shl(8, full)), and(mload(data), 255))
                mstore(slot, keccak256(slot, 256))
            }
            // The root of an all-zero subtree at the level at hand, for the missing right sibling of an odd level.
            let zero := add(nodes, shl(5, add(leaves, 1)))
            calldatacopy(zero, calldatasize(), 256)
            let zeroNode := keccak256(zero, 256)
            for {} levels {
                levels := sub(levels, 1)
            } {
                if and(leaves, 1) {
                    mstore(add(nodes, shl(5, leaves)), zeroNode)
                    leaves := add(leaves, 1)
                }
                leaves := shr(1, leaves)
                for {
                    let i := 0
                } lt(i, leaves) {
                    i := add(i, 1)
                } {
                    mstore(add(nodes, shl(5, i)), keccak256(add(nodes, shl(6, i)), 64))
                }
                mstore(0x00, zeroNode)
                mstore(0x20, zeroNode)
                zeroNode := keccak256(0x00, 64)
            }
            result := mload(nodes)
        }
    }

    /// @notice The root that `chunk` at `index` and its sibling path (leaf to root) give in a tree of `count` chunks.
    /// @dev The depth comes from `count`, never from the proof: a shorter path cannot present an inner node as a leaf.
    function rootFromPath(
        bytes memory chunk,
        uint256 index,
        uint256 count,
        bytes32[] memory path
    ) internal pure returns (bytes32 node) {
        if (chunk.length != CHUNK_BYTES) revert ChunkLengthMismatch(chunk.length);
        if (index >= count) revert ChunkIndexOutOfRange(index, count);
        uint256 levels = depth(count);
        if (path.length != levels) revert ProofLengthMismatch(levels, path.length);
        node = keccak256(chunk);
        for (uint256 level = 0; level < levels; ++level) {
            bytes32 sibling = path[level];
            bool isRight = (index >> level) & 1 == 1;
            assembly ("memory-safe") {
                let side := shl(5, isRight)
                mstore(side, node)
                mstore(xor(side, 0x20), sibling)
                node := keccak256(0x00, 0x40)
            }
        }
    }

    /// @notice The node that has `node` as number `index` of those `path.length` levels below it. The path lists
    /// siblings, the node's first. Bits of `index` above the path's length are the ancestor's own number.
    function ancestor(bytes32 node, uint256 index, bytes32[] calldata path) internal pure returns (bytes32 result) {
        result = node;
        assembly ("memory-safe") {
            let end := add(path.offset, shl(5, path.length))
            for {
                let sibling := path.offset
            } lt(sibling, end) {
                sibling := add(sibling, 0x20)
            } {
                let side := shl(5, and(index, 1))
                mstore(side, result)
                mstore(xor(side, 0x20), calldataload(sibling))
                result := keccak256(0x00, 0x40)
                index := shr(1, index)
            }
        }
    }

    /// @notice The node `height` levels above missing chunks: the root of `2^height` chunks of zeros.
    function missingNode(uint256 height) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            let chunk := mload(0x40)
            calldatacopy(chunk, calldatasize(), CHUNK_BYTES) // zeros
            node := keccak256(chunk, CHUNK_BYTES)
            for {} height {
                height := sub(height, 1)
            } {
                mstore(0x00, node)
                mstore(0x20, node)
                node := keccak256(0x00, 0x40)
            }
        }
    }

    /// @notice The root that the multiproof at the start of `data` gives in a tree of `count` chunks.
    /// @dev What follows the multiproof is the caller's to judge. The depth comes from `count`.
    /// @return node the root
    /// @return chunks the number of chunks; their indices are at byte 2 of `data`, the chunks behind these
    /// @return length the bytes of the multiproof
    function rootFromMultiproof(
        bytes calldata data,
        uint256 count
    ) internal pure returns (bytes32 node, uint256 chunks, uint256 length) {
        uint256 siblings;
        (chunks, siblings) = _multiproofCounts(data);
        length = 4 + 260 * chunks + 32 * siblings;
        if (length > data.length) revert MultiproofTruncated(data.length);
        uint256 nodes = _hashChunks(data, chunks, count);

        uint256 start;
        assembly ("memory-safe") {
            start := add(data.offset, sub(length, shl(5, siblings)))
        }
        (uint256 levels, uint256 sibling) = _mergeNodes(nodes, chunks, depth(count), start);
        assembly ("memory-safe") {
            // One node is left, and their memory free again.
            mstore(0x40, nodes)
            let index := mload(nodes)
            node := mload(add(nodes, 0x20))
            for {} levels {
                levels := sub(levels, 1)
            } {
                let side := shl(5, and(index, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(sibling))
                node := keccak256(0x00, 0x40)
                sibling := add(sibling, 0x20)
                index := shr(1, index)
            }
        }
        uint256 used = (sibling - start) / 32;
        if (used != siblings) revert MultiproofSiblingsMismatch(used, siblings);
    }

    /// @dev Replaces the `count` nodes by those of the level above, until there is one or the root is reached.
    /// @param sibling where in calldata the next sibling is
    /// @return left the number of levels left
    /// @return next where in calldata the next sibling is then
    function _mergeNodes(
        uint256 nodes,
        uint256 count,
        uint256 levels,
        uint256 sibling
    ) private pure returns (uint256 left, uint256 next) {
        left = levels;
        next = sibling;
        assembly ("memory-safe") {
            for {
                let end := add(nodes, shl(6, count))
            } and(gt(end, add(nodes, 0x40)), gt(left, 0)) {
                left := sub(left, 1)
            } {
                let parent := nodes
                for {
                    let child := nodes
                } lt(child, end) {
                    child := add(child, 0x40)
                } {
                    let index := mload(child)
                    let side := shl(5, and(index, 1))
                    mstore(side, mload(add(child, 0x20)))
                    mstore(parent, shr(1, index))
                    switch and(lt(add(child, 0x40), end), eq(mload(add(child, 0x40)), xor(index, 1)))
                    case 0 {
                        mstore(xor(side, 0x20), calldataload(next))
                        next := add(next, 0x20)
                    }
                    default {
                        child := add(child, 0x40)
                        mstore(0x20, mload(add(child, 0x20)))
                    }
                    mstore(add(parent, 0x20), keccak256(0x00, 0x40))
                    parent := add(parent, 0x40)
                }
                end := parent
            }
        }
    }

    /// @notice The node that has these `2^n` nodes n levels below it, n at most 6.
    function rootFromFrontier(bytes32[] calldata nodes) internal pure returns (bytes32 node) {
        uint256 width = nodes.length;
        if (width == 0 || width > 64 || width & (width - 1) != 0) revert FrontierLengthMismatch(width);
        assembly ("memory-safe") {
            let level := mload(0x40)
            calldatacopy(level, nodes.offset, shl(5, width))
            for {
                width := shr(1, width)
            } width {
                width := shr(1, width)
            } {
                for {
                    let i := 0
                } lt(i, width) {
                    i := add(i, 1)
                } {
                    mstore(add(level, shl(5, i)), keccak256(add(level, shl(6, i)), 0x40))
                }
            }
            node := mload(level)
        }
    }

    /// @dev The numbers of chunks and siblings of a multiproof.
    function _multiproofCounts(bytes calldata data) private pure returns (uint256 chunks, uint256 siblings) {
        assembly ("memory-safe") {
            chunks := shr(240, calldataload(data.offset))
            siblings := shr(240, calldataload(add(data.offset, add(2, mul(260, chunks)))))
        }
        if (chunks == 0 || 4 + 260 * chunks > data.length) revert MultiproofTruncated(data.length);
    }

    /// @dev Returns where in memory the leaves of a multiproof are, index and hash.
    function _hashChunks(bytes calldata data, uint256 chunks, uint256 count) private pure returns (uint256 nodes) {
        uint256 index;
        bool isOrdered = true;
        assembly ("memory-safe") {
            nodes := mload(0x40)
            let leaf := nodes
            let end := add(leaf, shl(6, chunks))
            mstore(0x40, end)
            let indices := add(data.offset, 2)
            let chunk := add(indices, shl(2, chunks))
            let last := not(0) // -1
            for {} lt(leaf, end) {
                leaf := add(leaf, 0x40)
            } {
                index := shr(224, calldataload(indices))
                isOrdered := sgt(index, last)
                if iszero(isOrdered) {
                    break
                }
                last := index
                mstore(leaf, index)
                calldatacopy(end, chunk, 256)
                mstore(add(leaf, 0x20), keccak256(end, 256))
                indices := add(indices, 4)
                chunk := add(chunk, 256)
            }
        }
        if (!isOrdered) revert MultiproofIndexOutOfOrder(index);
        if (index >= count) revert ChunkIndexOutOfRange(index, count);
    }

    /// @notice The flat bytes of a list of tensors: each starts on a chunk, the last one ends at its own length.
    /// @dev `root(join(tensors))` is the root of the list. The flat length and the tensors' own lengths determine
    /// every byte, which the root alone does not: zeros that end a chunk leave no trace in it.
    /// @param length `flatLength(tensors)`
    function join(bytes[] calldata tensors, uint256 length) internal pure returns (bytes memory flat) {
        flat = new bytes(length);
        uint256 offset;
        assembly ("memory-safe") {
            offset := add(flat, 0x20)
        }
        for (uint256 i = 0; i < tensors.length; ++i) {
            bytes calldata tensor = tensors[i];
            assembly ("memory-safe") {
                calldatacopy(offset, tensor.offset, tensor.length)
                offset := add(offset, and(add(tensor.length, 255), not(255)))
            }
        }
    }

    /// @notice The length of `join(tensors)` in bytes.
    function flatLength(bytes[] calldata tensors) internal pure returns (uint256 length) {
        for (uint256 i = 0; i < tensors.length; ++i) {
            length = ((length + 255) & ~uint256(255)) + tensors[i].length;
        }
    }
}
