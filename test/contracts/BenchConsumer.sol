// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IInferenceConsumer, Stage} from "../../contracts/interfaces/IInferenceConsumer.sol";
import {IInferenceCoordinator} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {Policy} from "../../contracts/inference/Policy.sol";

/// @dev The least a consumer does: asks, and keeps one word of the answer.
contract BenchConsumer is IInferenceConsumer {
    IInferenceCoordinator private immutable coordinator;

    bytes32 public answer = bytes32(uint256(1));

    error NotCoordinator(address caller);

    constructor(IInferenceCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    function ask(bytes32 modelId, bytes[] calldata tensors, Policy policy) external payable returns (bytes32) {
        return coordinator.request{value: msg.value}(modelId, tensors, policy);
    }

    function onInference(bytes32, Stage, bool, bytes calldata output) external {
        if (msg.sender != address(coordinator)) revert NotCoordinator(msg.sender);
        answer = bytes32(output[:32]);
    }
}
