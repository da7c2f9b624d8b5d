// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {Focus} from "../interfaces/IVerdict.sol";
import {F64_ACCUMULATOR} from "../vm/Descriptor.sol";

/// @title Segments
/// @notice How the steps of a focus are cut, as docs/kernels.md defines it, and the accumulators at the cuts.
library Segments {
    uint256 private constant FOCUS_BYTES = 10 * 32;
    uint256 private constant MAX_SEGMENTS = 64;
    uint256 private constant SUM_BYTES = 8;
    /// @dev Of a binary64 number, little-endian: all bits but the sign; infinity, which has all bits of the exponent
    /// and no other; and the only NaN.
    uint64 private constant MAGNITUDE = 0xffffffffffffff7f;
    uint64 private constant INFINITY = 0x000000000000f07f;
    uint64 private constant CANONICAL_NAN = 0x000000000000f87f;

    /// @notice `keccak256(abi.encode(focus))`.
    function hash(Focus calldata focus) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            calldatacopy(preimage, focus, FOCUS_BYTES)
            result := keccak256(preimage, FOCUS_BYTES)
        }
    }

    /// @notice `keccak256(abi.encode(focus))`.
    function hashOf(Focus memory focus) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(focus, FOCUS_BYTES)
        }
    }

    /// @notice `keccak256(abi.encode(focus, sums))`.
    function hash(Focus calldata focus, bytes calldata sums) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            calldatacopy(preimage, focus, FOCUS_BYTES)
            let tail := add(preimage, FOCUS_BYTES)
            mstore(tail, add(FOCUS_BYTES, 0x20))
            mstore(add(tail, 0x20), sums.length)
            let padded := and(add(sums.length, 0x1f), not(0x1f))
            calldatacopy(add(tail, 0x40), calldatasize(), padded) // zeros
            calldatacopy(add(tail, 0x40), sums.offset, sums.length)
            result := keccak256(preimage, add(add(FOCUS_BYTES, 0x40), padded))
        }
    }

    /// @notice The focus's segments have `length` steps each, the last one perhaps fewer.
    function cut(Focus calldata focus) internal pure returns (uint256 length, uint256 count) {
        uint256 steps = focus.to - focus.from;
        length = (steps + MAX_SEGMENTS - 1) / MAX_SEGMENTS;
        if (length < focus.stepsPerProof) length = focus.stepsPerProof;
        count = (steps + length - 1) / length;
    }

    /// @notice Reverts unless `sums` are accumulators for all cuts of the focus, a NaN in its one form.
    function check(Focus calldata focus, bytes calldata sums) internal pure {
        (, uint256 count) = cut(focus);
        uint256 expected = (count - 1) * SUM_BYTES;
        if (sums.length != expected) revert IDisputeGame.SumsMismatch(expected, sums.length);
        if (focus.accumulator != F64_ACCUMULATOR) return;
        for (uint256 i = 0; i < count - 1; ++i) {
            uint64 sum;
            assembly ("memory-safe") {
                sum := shr(192, calldataload(add(sums.offset, mul(SUM_BYTES, i)))) // i is below the number of sums
            }
            bool isNaN = sum & INFINITY == INFINITY && sum & MAGNITUDE != INFINITY;
            if (isNaN && sum != CANONICAL_NAN) revert IDisputeGame.SumNotCanonical(i, bytes8(sum));
        }
    }

    /// @notice Segment number `segment` of the focus, from and to the accumulators that `sums` claim.
    function part(
        Focus calldata focus,
        bytes calldata sums,
        uint256 segment
    ) internal pure returns (Focus memory result) {
        (uint256 length, uint256 count) = cut(focus);
        if (segment >= count) revert IDisputeGame.SegmentOutOfRange(segment, count);
        result = focus;
        uint256 from = focus.from + segment * length;
        result.from = uint32(from); // below `focus.to`
        if (segment != 0) result.before = _sumAt(sums, segment - 1);
        if (segment == count - 1) return result;
        result.to = uint32(from + length);
        result.after_ = _sumAt(sums, segment);
    }

    function _sumAt(bytes calldata sums, uint256 index) private pure returns (bytes8) {
        return bytes8(sums[SUM_BYTES * index:]);
    }
}
