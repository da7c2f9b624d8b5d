// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IInferenceCoordinator} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {Policy} from "../../contracts/inference/Policy.sol";

/// @dev Records the gas it is called with. Written without Solidity's dispatcher, which would use some of it first.
contract GasProbe {
    IInferenceCoordinator public immutable coordinator;
    uint256 public gasAtEntry;

    constructor(IInferenceCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    fallback() external {
        uint256 left = gasleft();
        gasAtEntry = left;
    }

    function request(bytes32 modelId, bytes[] calldata tensors, Policy policy) external payable returns (bytes32) {
        return coordinator.request{value: msg.value}(modelId, tensors, policy);
    }
}
