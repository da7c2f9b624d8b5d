// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {InferenceConsumer} from "../../contracts/consumer/InferenceConsumer.sol";
import {IInferenceCoordinator, RequestStatus} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {Policy} from "../../contracts/inference/Policy.sol";

/// @dev Handles Final only, and shows the base's helpers.
contract FinalConsumer is InferenceConsumer {
    event Called(string hook, bytes32 requestId, bool disputable, bytes output);

    constructor(IInferenceCoordinator coordinator_) InferenceConsumer(coordinator_) {}

    function ask(bytes32 modelId, bytes[] memory tensors, Policy policy) external payable returns (bytes32) {
        return _request(modelId, tensors, policy, msg.value);
    }

    function withdrawRefunds() external returns (uint256) {
        return _withdrawRefunds();
    }

    function statusOf(bytes32 requestId) external view returns (RequestStatus) {
        return _statusOf(requestId);
    }

    function requireDisputable(bytes32 modelId) external view {
        _requireDisputable(modelId);
    }

    function _onFinal(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        emit Called("final", requestId, disputable, output);
    }
}

/// @dev Handles every stage.
contract RecordingConsumer is FinalConsumer {
    constructor(IInferenceCoordinator coordinator_) FinalConsumer(coordinator_) {}

    function _onProvisional(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        emit Called("provisional", requestId, disputable, output);
    }

    function _onRejected(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        emit Called("rejected", requestId, disputable, output);
    }
}
