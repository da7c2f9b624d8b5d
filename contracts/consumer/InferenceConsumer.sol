// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IInferenceConsumer, Stage} from "../interfaces/IInferenceConsumer.sol";
import {IInferenceCoordinator, RequestStatus} from "../interfaces/IInferenceCoordinator.sol";
import {IModelStore} from "../interfaces/IModelRegistry.sol";
import {IPayouts} from "../interfaces/IPayouts.sol";
import {Policy} from "../inference/Policy.sol";

/// @title InferenceConsumer
/// @notice What a dApp inherits to ask models and to be called with their answers.
/// @dev What to think of:
///
/// - **Provisional is not Final.** A Provisional answer can still be proved wrong. Do with it only what
///   `_onRejected` takes back, and bound what it can do until then. Act for good in `_onFinal`.
/// - **Final may differ from Provisional**: between the two another answer may have been rejected without anybody
///   delivering that. Decode the output that comes with Final, and let it replace what Provisional set.
/// - **An answer may never come.** A request that expires is refunded to this contract without a callback: have a
///   way out that asks `_statusOf`, and pass what `_withdrawRefunds` brings on to whoever paid.
/// - **Not disputable** (`disputable` is false): the chain knows no program to check the answer with. It is its
///   operator's word, at Final as much as at Provisional. `_requireDisputable` in a constructor refuses such
///   models.
/// - **Gas.** A callback gets exactly the policy's `callbackGas`. If it reverts or runs out, the request goes on
///   without it, and anyone may have it run again. Decode, check, store; let users pull the rest.
/// - **Order.** Answers come in any order. Keep what you need to know of a request under its id.
/// - **Re-entrancy.** Anyone can have a callback run, also in the middle of a call from this contract that hands
///   over control. From within a callback the coordinator takes new requests and nothing else. Ether can arrive at
///   any time (`withdrawFor`): do not derive amounts from the balance.
abstract contract InferenceConsumer is IInferenceConsumer {
    /// @notice Takes this contract's requests, and alone may call it with answers.
    IInferenceCoordinator public immutable coordinator;

    error NotCoordinator(address caller);
    /// @notice A callback was bought that this contract does not handle.
    error StageNotHandled(bytes32 requestId, Stage stage);
    /// @notice No answer of this model can be proved wrong on chain.
    error ModelNotDisputable(bytes32 modelId);

    constructor(IInferenceCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    /// @notice Takes refunds from the coordinator.
    receive() external payable virtual {
        if (msg.sender != address(coordinator)) revert NotCoordinator(msg.sender);
    }

    /// @inheritdoc IInferenceConsumer
    function onInference(bytes32 requestId, Stage stage, bool disputable, bytes calldata output) external {
        if (msg.sender != address(coordinator)) revert NotCoordinator(msg.sender);
        if (stage == Stage.Provisional) _onProvisional(requestId, disputable, output);
        else if (stage == Stage.Final) _onFinal(requestId, disputable, output);
        else _onRejected(requestId, disputable, output);
    }

    /// @dev An answer was asserted and can still be rejected; comes again only after `_onRejected`. Whoever overrides
    /// this overrides that.
    function _onProvisional(bytes32 requestId, bool, bytes calldata) internal virtual {
        revert StageNotHandled(requestId, Stage.Provisional);
    }

    /// @dev The answer is final; comes once.
    /// @param disputable false: the answer is its operator's word
    /// @param output the output tensors, as long as the model says (`ModelSignature.outputs` reads them)
    function _onFinal(bytes32 requestId, bool disputable, bytes calldata output) internal virtual;

    /// @dev The answer that `_onProvisional` was called with was proved wrong. Another one may follow, or none.
    function _onRejected(bytes32 requestId, bool, bytes calldata) internal virtual {
        revert StageNotHandled(requestId, Stage.Rejected);
    }

    /// @dev Asks `modelId`. The fee is what `value` leaves after `policy.callbackCost()`.
    /// @param tensors the model's inputs in order (`ModelSignature.inputs` packs them)
    /// @param value wei, out of this contract's balance
    function _request(
        bytes32 modelId,
        bytes[] memory tensors,
        Policy policy,
        uint256 value
    ) internal returns (bytes32 requestId) {
        return coordinator.request{value: value}(modelId, tensors, policy);
    }

    /// @dev Where the coordinator stands with a request.
    function _statusOf(bytes32 requestId) internal view returns (RequestStatus) {
        return coordinator.requestStateOf(requestId).status();
    }

    /// @dev Brings in what the coordinator owes this contract.
    /// @return amount wei; zero also if somebody had it sent earlier, so it says nothing about a single request
    function _withdrawRefunds() internal returns (uint256 amount) {
        IPayouts payouts = IPayouts(address(coordinator));
        if (payouts.owedTo(address(this)) != 0) amount = payouts.withdraw(address(this));
    }

    /// @dev Refuses a model whose answers nobody can dispute. What a model is never changes: once, in a constructor, is
    /// enough.
    function _requireDisputable(bytes32 modelId) internal view {
        bool disputable = IModelStore(address(coordinator)).modelOf(modelId).isDisputable();
        if (!disputable) revert ModelNotDisputable(modelId);
    }
}
