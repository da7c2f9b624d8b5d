// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {InferenceConsumer} from "../../contracts/consumer/InferenceConsumer.sol";
import {IInferenceCoordinator} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {Policy} from "../../contracts/inference/Policy.sol";

/// @dev The least a consumer does: asks its model, and keeps one word of the answer.
contract BenchConsumer is InferenceConsumer {
    bytes32 private immutable modelId;
    Policy private immutable policy;

    bytes32 public answer = bytes32(uint256(1));

    constructor(IInferenceCoordinator coordinator_, bytes32 modelId_, Policy policy_) InferenceConsumer(coordinator_) {
        (modelId, policy) = (modelId_, policy_);
    }

    function ask(bytes[] calldata tensors) external payable returns (bytes32) {
        return _request(modelId, tensors, policy, msg.value);
    }

    function _onProvisional(bytes32, bool, bytes calldata output) internal override {
        answer = bytes32(output[:32]);
    }

    function _onFinal(bytes32, bool, bytes calldata output) internal override {
        answer = bytes32(output[:32]);
    }
}
