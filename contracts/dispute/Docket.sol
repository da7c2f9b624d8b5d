// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionRef} from "../interfaces/IArbiter.sol";
import {InferenceCoordinator} from "../inference/InferenceCoordinator.sol";
import {DisputeParameters, IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {Cases} from "./Cases.sol";
import {Domain} from "./Domain.sol";
import {Receipts} from "./Receipts.sol";

/// @title Docket
/// @notice How disputes come before the game.
/// @dev The part of the game that would make its code longer than a chain takes. The game deploys it and runs it in its
/// own place: both have the storage of `Opening`, and no other.
contract Docket is Receipts {
    uint256 private constant WORD = 32;

    constructor(
        InferenceCoordinator coordinator_,
        DisputeParameters memory parameters_,
        address p256Verifier_
    ) Domain(coordinator_, p256Verifier_) Cases(parameters_) {}

    /// @notice See `IDisputeGame`.
    function open(Result calldata result, bytes calldata spec) external payable returns (bytes32 sessionId) {
        return _open(result, spec);
    }

    /// @notice See `IArbiter`.
    /// @param data `abi.encode(Result, bytes)`: the rival's Result and the ModelSpec's encoding
    function contest(
        AssertionRef calldata challenger,
        AssertionRef calldata rival,
        bytes calldata data
    ) external payable {
        if (msg.sender != address(coordinator)) revert IDisputeGame.NotCoordinator(msg.sender);
        (Result calldata result, bytes calldata spec) = _decode(data);
        bytes32 given = _assertionIdOf(result);
        if (given != rival.assertionId) revert IDisputeGame.ResultMismatch(rival.assertionId, given);
        _beginContest(challenger);
        _begin(result, rival, spec, challenger);
    }

    function _decode(bytes calldata data) private pure returns (Result calldata result, bytes calldata spec) {
        uint256 offset = uint256(bytes32(data[7 * WORD:]));
        uint256 length = uint256(bytes32(data[offset:]));
        spec = data[offset + WORD:offset + WORD + length];
        assembly ("memory-safe") {
            result := data.offset
        }
    }
}
