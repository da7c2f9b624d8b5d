// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Focus} from "../interfaces/IVerdict.sol";
import {Segments} from "./Segments.sol";

contract SegmentsTest {
    function cut(Focus calldata focus) public pure returns (uint256 length, uint256 count) {
        return Segments.cut(focus);
    }

    function part(Focus calldata focus, bytes calldata sums, uint256 segment) public pure returns (Focus memory) {
        return Segments.part(focus, sums, segment);
    }

    function hash(Focus calldata focus, bytes calldata sums) public pure returns (bytes32, bytes32) {
        return (Segments.hash(focus), Segments.hash(focus, sums));
    }

    function test_CutsAsTheFormatSays() public view {
        uint32[7] memory steps = [2, 65, 128, 4_096, 4_097, 5_000, type(uint32).max >> 1];
        uint8[7] memory most = [1, 64, 64, 64, 64, 64, 1];
        uint32[7] memory lengths = [1, 64, 64, 64, 65, 79, 33_554_432];
        uint8[7] memory counts = [2, 2, 2, 64, 64, 64, 64];
        for (uint256 i = 0; i < steps.length; ++i) {
            (uint256 length, uint256 count) = this.cut(focusOf(7, steps[i], most[i]));
            require(length == lengths[i] && count == counts[i], "cut");
        }
    }

    /// @dev Segments join without a gap from `from` to `to`, none is longer than the others, and each ends with what the
    /// next one begins with.
    function testFuzz_PartsMakeUpTheWhole(uint32 from, uint32 steps, uint8 most) public view {
        from %= 1 << 30;
        steps = 1 + (steps % (1 << 30));
        most = 1 + (most % 64);
        Focus memory focus = focusOf(from, steps, most);
        (uint256 length, uint256 count) = this.cut(focus);
        require(count <= 64 && (length == most || length == (uint256(steps) + 63) / 64), "the rule");
        bytes memory sums = sumsOf(count - 1);
        uint256 end = from;
        bytes8 before = focus.before;
        for (uint256 i = 0; i < count; ++i) {
            Focus memory segment = this.part(focus, sums, i);
            require(segment.from == end && segment.before == before, "joins");
            require(segment.to > end && segment.to - end <= length, "length");
            require(segment.leaf == focus.leaf && segment.steps == focus.steps, "of the same element");
            end = segment.to;
            before = segment.after_;
        }
        require(end == uint256(from) + steps && before == focus.after_, "the end");
    }

    function testFuzz_HashesTheEncoding(Focus calldata focus, bytes calldata sums) public view {
        (bytes32 ofFocus, bytes32 ofBoth) = this.hash(focus, sums);
        require(ofFocus == keccak256(abi.encode(focus)), "focus");
        require(Segments.hashOf(focus) == ofFocus, "in memory");
        require(ofBoth == keccak256(abi.encode(focus, sums)), "with sums");
    }

    function focusOf(uint32 from, uint32 steps, uint8 most) private pure returns (Focus memory focus) {
        focus.leaf = keccak256("leaf");
        focus.steps = from + steps;
        focus.from = from;
        focus.to = from + steps;
        focus.stepsPerProof = most;
        focus.accumulator = 2;
        focus.before = 0x1122334455667788;
        focus.after_ = 0x8877665544332211;
    }

    function sumsOf(uint256 count) private pure returns (bytes memory sums) {
        for (uint256 i = 0; i < count; ++i) {
            sums = abi.encodePacked(sums, bytes8(uint64(i + 1)));
        }
    }
}
