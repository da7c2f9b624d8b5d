// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {KernelTree} from "./KernelTree.sol";

contract KernelTreeTest is Checks {
    function open(bytes calldata preimage, uint256 kernelCount) public pure returns (bytes32, uint256) {
        return KernelTree.open(preimage, kernelCount);
    }

    function testFuzz_OpensALeaf(uint64 chunks, bytes memory descriptor) public view {
        bytes memory preimage = bytes.concat(hex"00", bytes8(chunks), descriptor);
        (bytes32 root, uint256 sum) = this.open(preimage, 1);
        require(root == keccak256(preimage) && sum == chunks, "leaf");
    }

    function testFuzz_OpensAnInnerNode(
        bytes32 left,
        bytes32 right,
        uint64 leftSum,
        uint64 rightSum,
        uint32 count
    ) public view {
        rightSum %= type(uint64).max - leftSum + (leftSum == 0 ? 0 : 1);
        bytes memory preimage = inner(left, leftSum, right, rightSum);
        (bytes32 root, uint256 sum) = this.open(preimage, uint256(count) + 2);
        require(root == keccak256(preimage) && sum == uint256(leftSum) + rightSum, "inner node");
    }

    function test_SumsUpToTheLastBit() public view {
        bytes memory preimage = inner(0, type(uint64).max, 0, 0);
        (, uint256 sum) = this.open(preimage, 2);
        require(sum == type(uint64).max, "2^64-1");
        preimage = inner(0, type(uint64).max, 0, 1);
        requireRevert(abi.encodeCall(this.open, (preimage, 2)), abi.encodeWithSignature("Panic(uint256)", 0x11));
    }

    function test_RefusesWhatIsNoRoot() public view {
        bytes memory leaf = hex"000000000000000003c0de";
        bytes memory node = inner(bytes32(uint256(1)), 2, bytes32(uint256(3)), 4);
        requireMalformed(leaf, 0);
        requireMalformed(node, 0);
        requireMalformed("", 0);
        requireMalformed("", 1);
        requireMalformed("", 2);
        requireMalformed(leaf, 2); // a leaf for a tree
        requireMalformed(node, 1); // an inner node for a leaf
        requireMalformed(hex"0000000000000003", 1); // shorter than a leaf's header
        requireMalformed(bytes.concat(node, hex"00"), 2);
        node[0] = 0x00;
        requireMalformed(node, 2);
        node[0] = 0x02;
        requireMalformed(node, 2);
    }

    function requireMalformed(bytes memory preimage, uint256 count) private view {
        bytes memory expected = abi.encodeWithSelector(
            KernelTree.ProgramRootMalformed.selector,
            count,
            preimage.length
        );
        requireRevert(abi.encodeCall(this.open, (preimage, count)), expected);
    }

    function inner(bytes32 left, uint64 leftSum, bytes32 right, uint64 rightSum) private pure returns (bytes memory) {
        return bytes.concat(hex"01", left, bytes8(leftSum), right, bytes8(rightSum));
    }
}
