// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceCoordinator, RequestStatus} from "../interfaces/IInferenceCoordinator.sol";
import {IModelStore} from "../interfaces/IModelRegistry.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {Model} from "../registry/Model.sol";
import {Offer} from "../registry/Offer.sol";
import {AssertionState} from "./AssertionState.sol";
import {Policy} from "./Policy.sol";
import {RequestState} from "./RequestState.sol";

/// @title Lens
/// @notice The coordinator's words, read out field by field for wallets, indexers and explorers. It holds nothing, and
/// nothing depends on it.
contract Lens {
    struct ModelView {
        address owner;
        uint256 royaltyBps;
        bool deprecated;
        bool disputable;
        uint256 inputCount;
        uint256 inputBytes;
        uint256 outputBytes;
        uint256 offerCount;
    }

    struct RequestView {
        RequestStatus status;
        uint256 liveAssertions;
        uint256 startedAt;
        bool provisionalDelivered;
        bool finalDelivered;
        bool reopened;
    }

    struct AssertionView {
        bool live;
        bool held;
        bool delivered;
        uint256 finalisableAt;
        uint256 bond;
    }

    /// @param operator whose offer it is
    /// @param fee wei a request must pay, royalty included, for the operator to take it
    /// @param latency seconds it answers exclusively
    /// @param penaltyBps 1/10,000 of the fee it loses if it does not
    struct QuoteView {
        address operator;
        uint256 fee;
        uint256 latency;
        uint256 penaltyBps;
    }

    IInferenceCoordinator public immutable coordinator;

    constructor(IInferenceCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    /// @notice A model's word, field by field.
    function modelOf(bytes32 modelId) external view returns (ModelView memory) {
        Model model = _modelOf(modelId);
        return
            ModelView({
                owner: model.owner(),
                royaltyBps: model.royaltyBps(),
                deprecated: model.isDeprecated(),
                disputable: model.isDisputable(),
                inputCount: model.inputCount(),
                inputBytes: model.inputBytes(),
                outputBytes: model.outputBytes(),
                offerCount: model.offerCount()
            });
    }

    /// @notice A request's word, field by field.
    function requestOf(bytes32 requestId) external view returns (RequestView memory) {
        RequestState state = coordinator.requestStateOf(requestId);
        return
            RequestView({
                status: state.status(),
                liveAssertions: state.live(),
                startedAt: state.startedAt(),
                provisionalDelivered: state.provisionalDelivered(),
                finalDelivered: state.finalDelivered(),
                reopened: state.isReopened()
            });
    }

    /// @notice An assertion's word, field by field.
    function assertionOf(bytes32 requestId, address operator) external view returns (AssertionView memory) {
        AssertionState state = coordinator.assertionStateOf(requestId, operator);
        return
            AssertionView({
                live: state.isLive(),
                held: state.isHeld(),
                delivered: state.isDelivered(),
                finalisableAt: state.finalisableAt(),
                bond: state.bond()
            });
    }

    /// @notice The offers of fit operators for a request under `policy`, of at most `count` listed from `start`.
    /// `msg.value` of the request is a quote's `fee` and `callbackCost` together.
    /// @return quotes in the order of the list
    /// @return callbackCost wei for the callbacks that `policy` asks for
    function quotesFor(
        bytes32 modelId,
        Policy policy,
        uint256 start,
        uint256 count
    ) external view returns (QuoteView[] memory quotes, uint256 callbackCost) {
        Offer[] memory offers = IOperatorRegistry(address(coordinator)).offersOf(modelId, start, count);
        uint256 netBps = 10_000 - _modelOf(modelId).royaltyBps();
        quotes = new QuoteView[](offers.length);
        uint256 found = 0;
        for (uint256 i = 0; i < offers.length; ++i) {
            // At a royalty of 100 % no fee reaches the operator, so only free offers are fit.
            bool payable_ = netBps != 0 || offers[i].price() == 0;
            if (payable_ && _isFit(offers[i], policy)) {
                quotes[found] = _quote(offers[i], netBps);
                ++found;
            }
        }
        assembly ("memory-safe") {
            mstore(quotes, found)
        }
        callbackCost = policy.callbackCost();
    }

    /// @dev What a fee leaves is `fee - floor(fee * royalty) = ceil(fee * netBps / 10,000)`; the least fee that leaves
    /// the price is `floor((price - 1) * 10,000 / netBps) + 1`. A fee is at least 1.
    function _quote(Offer offer, uint256 netBps) private pure returns (QuoteView memory) {
        uint256 price = offer.price();
        return
            QuoteView({
                operator: offer.operator(),
                fee: price == 0 ? 1 : ((price - 1) * 10_000) / netBps + 1,
                latency: offer.latency(),
                penaltyBps: offer.penaltyBps()
            });
    }

    function _isFit(Offer offer, Policy policy) private view returns (bool) {
        if (offer.callbackGas() < policy.callbackGas() || offer.latency() > policy.answerPeriod()) return false;
        IOperatorRegistry.OperatorView memory operator = IOperatorRegistry(address(coordinator)).operatorOf(
            offer.operator()
        );
        return operator.live && !operator.jailed && operator.stake - operator.locked >= coordinator.bondFor(policy);
    }

    function _modelOf(bytes32 modelId) private view returns (Model) {
        return IModelStore(address(coordinator)).modelOf(modelId);
    }
}
