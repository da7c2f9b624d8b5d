// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IInferenceConsumer, Stage} from "../../contracts/interfaces/IInferenceConsumer.sol";
import {IInferenceCoordinator} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {Policy} from "../../contracts/inference/Policy.sol";

/// @dev A consumer that behaves as told, and remembers how it was called.
contract HostileConsumer is IInferenceConsumer {
    enum Mode {
        Accept,
        Revert,
        BurnGas,
        RevertWithBomb,
        ReturnBomb,
        Reenter,
        UseAll
    }

    IInferenceCoordinator public immutable coordinator;

    Mode public mode;
    bool public refusesEther;
    address private target;
    bytes private reentry;

    uint256 public calls;
    bytes32 public lastRequestId;
    Stage public lastStage;
    bool public lastDisputable;
    bytes public lastOutput;
    bool public reentered;
    bytes public reentryResult;

    error Refused();

    constructor(IInferenceCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    receive() external payable {
        if (refusesEther) revert Refused();
        if (mode == Mode.Reenter) reenter();
    }

    function behave(Mode mode_) external {
        mode = mode_;
    }

    function refuseEther(bool refuses) external {
        refusesEther = refuses;
    }

    function reenterWith(address target_, bytes calldata call_) external {
        (mode, target, reentry) = (Mode.Reenter, target_, call_);
    }

    function request(bytes32 modelId, bytes[] calldata tensors, Policy policy) external payable returns (bytes32) {
        return coordinator.request{value: msg.value}(modelId, tensors, policy);
    }

    /// @dev Lets the contract act as an operator or account of its own.
    function forward(address to, bytes calldata call_) external payable {
        (bool success, bytes memory result) = to.call{value: msg.value}(call_);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @dev With ether of its own.
    function forwardValue(address to, bytes calldata call_, uint256 value) external {
        (bool success, ) = to.call{value: value}(call_);
        if (!success) revert Refused();
    }

    function onInference(bytes32 requestId, Stage stage, bool disputable, bytes calldata output) external {
        if (mode == Mode.Revert) revert Refused();
        if (mode == Mode.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mode == Mode.UseAll) {
            while (gasleft() > 500) {}
            return;
        }
        if (mode == Mode.RevertWithBomb || mode == Mode.ReturnBomb) bomb();
        ++calls;
        (lastRequestId, lastStage, lastDisputable, lastOutput) = (requestId, stage, disputable, output);
        if (mode == Mode.Reenter) reenter();
    }

    function reenter() private {
        (reentered, reentryResult) = target.call(reentry);
    }

    /// @dev As much returned data as the gas at hand pays for.
    function bomb() private view {
        bool reverts = mode == Mode.RevertWithBomb;
        uint256 size = gasleft() / 8; // below 3 gas a word, so that expanding memory is affordable
        assembly ("memory-safe") {
            if reverts {
                revert(0, size)
            }
            return(0, size)
        }
    }
}
