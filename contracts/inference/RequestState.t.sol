// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {RequestStatus} from "../interfaces/IInferenceCoordinator.sol";
import {RequestState, RequestStateLib} from "./RequestState.sol";

contract RequestStateTest is Checks {
    function test_BeginsAtTheExtremes() public pure {
        requireBegun(bytes32(0), 0);
        requireBegun(bytes32(type(uint256).max), type(uint40).max);
    }

    function testFuzz_Begins(bytes32 commitment, uint40 timestamp) public pure {
        requireBegun(commitment, timestamp);
    }

    function testFuzz_ChangesOneField(uint256 word, bytes32 commitment, uint40 timestamp) public pure {
        word = (word & ~uint256(0xff)) | uint256(RequestStatus.Asserted); // a status that exists
        RequestState state = RequestState.wrap(word);
        for (uint256 i = 0; i <= uint256(RequestStatus.Expired); ++i) {
            RequestState changed = state.withStatus(RequestStatus(i));
            requireChanged(word, RequestState.unwrap(changed), 0, 8, i, "status");
            require(changed.status() == RequestStatus(i), "status()");
        }
        for (uint256 i = 0; i < 2; ++i) {
            RequestState changed = state.withProvisionalDelivered(i == 1);
            requireChanged(word, RequestState.unwrap(changed), 8, 1, i, "provisional");
            require(changed.provisionalDelivered() == (i == 1), "provisionalDelivered()");
        }
        requireChanged(word, RequestState.unwrap(state.withFinalDelivered()), 9, 1, 1, "final");
        require(state.withFinalDelivered().finalDelivered(), "finalDelivered()");
        requireChanged(word, RequestState.unwrap(state.withLatenessSettled()), 10, 1, 1, "late");
        require(state.withLatenessSettled().latenessSettled(), "latenessSettled()");
        uint256 top = uint256(commitment) >> 64;
        requireChanged(word, RequestState.unwrap(state.withCommitment(commitment)), 64, 192, top, "commitment");

        RequestState reopened = state.reopen(timestamp);
        uint256 expected = (word & ~(ones(40) << 24) & ~uint256(0xff)) | (uint256(timestamp) << 24);
        expected |= uint256(RequestStatus.Requested) | (1 << 11);
        require(RequestState.unwrap(reopened) == expected, "reopen");
        require(reopened.isReopened() && reopened.startedAt() == timestamp, "isReopened()");
    }

    function testFuzz_CountsAssertions(uint256 word, uint8 count) public pure {
        word = (word & ~(ones(8) << 16) & ~uint256(0xff)) | uint256(RequestStatus.Requested);
        RequestState state = RequestState.wrap(word);
        for (uint256 i = 0; i < count; ++i) {
            state = state.addLive();
            require(state.live() == i + 1, "live()");
        }
        uint256 status = uint256(count == 0 ? RequestStatus.Requested : RequestStatus.Asserted);
        uint256 expected = (word & ~uint256(0xff)) | status | (uint256(count) << 16);
        require(RequestState.unwrap(state) == expected, "addLive");
        for (uint256 i = 0; i < count; ++i) state = state.removeLive();
        require(RequestState.unwrap(state) == (word & ~uint256(0xff)) | status, "removeLive");
    }

    function testFuzz_CommitsToOneHash(bytes32 commitment, uint8 bit) public pure {
        RequestState state = RequestStateLib.create(commitment, 0);
        require(state.commitsTo(commitment), "its own");
        bytes32 other = commitment ^ bytes32(uint256(1) << bit);
        require(state.commitsTo(other) == (bit < 64), "bits 64-255 tell commitments apart");
    }

    function requireBegun(bytes32 commitment, uint40 timestamp) private pure {
        RequestState state = RequestStateLib.create(commitment, timestamp);
        uint256 word = RequestState.unwrap(state);
        requireField(word, 0, 8, uint256(RequestStatus.Requested), "status");
        requireField(word, 8, 16, 0, "flags and live");
        requireField(word, 24, 40, timestamp, "startedAt");
        requireField(word, 64, 192, uint256(commitment) >> 64, "commitment");
        require(state.startedAt() == timestamp && state.live() == 0, "startedAt()");
        require(!state.provisionalDelivered() && !state.finalDelivered(), "delivered");
        require(!state.latenessSettled() && !state.isReopened(), "flags");
    }
}
