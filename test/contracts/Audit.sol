// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IInferenceCoordinator} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {IModelStore} from "../../contracts/interfaces/IModelRegistry.sol";
import {IOperatorRegistry} from "../../contracts/interfaces/IOperatorRegistry.sol";
import {IPayouts} from "../../contracts/interfaces/IPayouts.sol";
import {AssertionState} from "../../contracts/inference/AssertionState.sol";
import {RequestState} from "../../contracts/inference/RequestState.sol";
import {Model} from "../../contracts/registry/Model.sol";
import {Offer} from "../../contracts/registry/Offer.sol";

/// @dev Reads all that the campaign compares in one call, or each step would cost a hundred.
contract Audit {
    struct State {
        uint256 balance;
        IOperatorRegistry.OperatorView[] operators;
        uint256[] owed;
        RequestState[] requests;
        /// Of request r and operator o at index r * operators + o.
        AssertionState[] assertions;
        Model[] models;
        /// One list per model.
        Offer[][] offers;
        /// Of model m and operator o at index m * operators + o.
        Offer[] offersByOperator;
    }

    function read(
        address coordinator,
        address[] calldata operators,
        address[] calldata accounts,
        bytes32[] calldata requestIds,
        bytes32[] calldata modelIds
    ) external view returns (State memory state) {
        state.balance = coordinator.balance;
        state.operators = new IOperatorRegistry.OperatorView[](operators.length);
        for (uint256 i = 0; i < operators.length; ++i) {
            state.operators[i] = IOperatorRegistry(coordinator).operatorOf(operators[i]);
        }
        state.owed = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            state.owed[i] = IPayouts(coordinator).owedTo(accounts[i]);
        }
        (state.requests, state.assertions) = readRequests(IInferenceCoordinator(coordinator), operators, requestIds);
        state.models = new Model[](modelIds.length);
        state.offers = new Offer[][](modelIds.length);
        state.offersByOperator = new Offer[](modelIds.length * operators.length);
        for (uint256 i = 0; i < modelIds.length; ++i) {
            state.models[i] = IModelStore(coordinator).modelOf(modelIds[i]);
            state.offers[i] = IOperatorRegistry(coordinator).offersOf(modelIds[i], 0, type(uint256).max);
            for (uint256 j = 0; j < operators.length; ++j) {
                state.offersByOperator[i * operators.length + j] = IOperatorRegistry(coordinator).offerOf(
                    modelIds[i],
                    operators[j]
                );
            }
        }
    }

    function readRequests(
        IInferenceCoordinator coordinator,
        address[] calldata operators,
        bytes32[] calldata requestIds
    ) private view returns (RequestState[] memory requests, AssertionState[] memory assertions) {
        requests = new RequestState[](requestIds.length);
        assertions = new AssertionState[](requestIds.length * operators.length);
        for (uint256 i = 0; i < requestIds.length; ++i) {
            requests[i] = coordinator.requestStateOf(requestIds[i]);
            for (uint256 j = 0; j < operators.length; ++j) {
                assertions[i * operators.length + j] = coordinator.assertionStateOf(requestIds[i], operators[j]);
            }
        }
    }
}
