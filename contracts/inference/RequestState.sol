// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RequestStatus} from "../interfaces/IInferenceCoordinator.sol";

/// @notice All that the chain keeps of a request: one word.
///
/// | bits   | field       | meaning                                                                                  |
/// | ------ | ----------- | ---------------------------------------------------------------------------------------- |
/// | 0-7    | status      | `RequestStatus`                                                                          |
/// | 8      | provisional | 1: a Provisional callback was delivered and not taken back by a Rejected; once final: it |
/// |        |             | was the final answer's                                                                   |
/// | 9      | final       | 1: the Final callback was delivered                                                      |
/// | 10     | late        | 1: the assigned operator's lateness is settled                                           |
/// | 11     | reopened    | 1: an assertion was rejected: the first assignment no longer excludes anybody            |
/// | 16-23  | live        | live assertions                                                                          |
/// | 24-63  | startedAt   | timestamp the answer period counts from                                                  |
/// | 64-255 | commitment  | first 192 bits of the hash of the request's terms and, once final, its output's root      |
///
/// The request's identity is the key this word is stored under; the commitment binds the rest of what callers supply.
type RequestState is uint256;

using RequestStateLib for RequestState global;

library RequestStateLib {
    uint256 private constant PROVISIONAL = 1 << 8;
    uint256 private constant FINAL = 1 << 9;
    uint256 private constant LATE = 1 << 10;
    uint256 private constant REOPENED = 1 << 11;
    uint256 private constant ONE_LIVE = 1 << 16;
    uint256 private constant COMMITMENT_MASK = ~uint256(type(uint64).max);

    function create(bytes32 commitment_, uint256 timestamp) internal pure returns (RequestState) {
        return
            RequestState.wrap(
                (uint256(commitment_) & COMMITMENT_MASK) | (timestamp << 24) | uint256(RequestStatus.Requested)
            );
    }

    function status(RequestState state) internal pure returns (RequestStatus) {
        return RequestStatus(uint8(RequestState.unwrap(state)));
    }

    function withStatus(RequestState state, RequestStatus status_) internal pure returns (RequestState) {
        return RequestState.wrap((RequestState.unwrap(state) & ~uint256(0xff)) | uint256(status_));
    }

    /// @notice Whether the word was stored for these terms.
    function commitsTo(RequestState state, bytes32 commitment_) internal pure returns (bool) {
        return (RequestState.unwrap(state) ^ uint256(commitment_)) & COMMITMENT_MASK == 0;
    }

    function withCommitment(RequestState state, bytes32 commitment_) internal pure returns (RequestState) {
        return
            RequestState.wrap(
                (RequestState.unwrap(state) & ~COMMITMENT_MASK) | (uint256(commitment_) & COMMITMENT_MASK)
            );
    }

    function live(RequestState state) internal pure returns (uint256) {
        return uint8(RequestState.unwrap(state) >> 16);
    }

    /// @dev The caller checks `live() < 255`.
    function addLive(RequestState state) internal pure returns (RequestState) {
        return withStatus(RequestState.wrap(RequestState.unwrap(state) + ONE_LIVE), RequestStatus.Asserted);
    }

    /// @dev The caller removes an assertion that lived.
    function removeLive(RequestState state) internal pure returns (RequestState) {
        return RequestState.wrap(RequestState.unwrap(state) - ONE_LIVE);
    }

    /// @notice The answer period starts anew, and the first assignment no longer excludes anybody.
    function reopen(RequestState state, uint256 timestamp) internal pure returns (RequestState) {
        uint256 word = RequestState.unwrap(state) & ~(uint256(type(uint40).max) << 24);
        return withStatus(RequestState.wrap(word | (timestamp << 24) | REOPENED), RequestStatus.Requested);
    }

    function startedAt(RequestState state) internal pure returns (uint256) {
        return uint40(RequestState.unwrap(state) >> 24);
    }

    function provisionalDelivered(RequestState state) internal pure returns (bool) {
        return RequestState.unwrap(state) & PROVISIONAL != 0;
    }

    function withProvisionalDelivered(RequestState state, bool delivered) internal pure returns (RequestState) {
        uint256 word = RequestState.unwrap(state);
        return RequestState.wrap(delivered ? word | PROVISIONAL : word & ~PROVISIONAL);
    }

    function finalDelivered(RequestState state) internal pure returns (bool) {
        return RequestState.unwrap(state) & FINAL != 0;
    }

    function withFinalDelivered(RequestState state) internal pure returns (RequestState) {
        return RequestState.wrap(RequestState.unwrap(state) | FINAL);
    }

    function latenessSettled(RequestState state) internal pure returns (bool) {
        return RequestState.unwrap(state) & LATE != 0;
    }

    function withLatenessSettled(RequestState state) internal pure returns (RequestState) {
        return RequestState.wrap(RequestState.unwrap(state) | LATE);
    }

    function isReopened(RequestState state) internal pure returns (bool) {
        return RequestState.unwrap(state) & REOPENED != 0;
    }
}
