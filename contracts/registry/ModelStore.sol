// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../interfaces/IArbiter.sol";
import {IModelStore} from "../interfaces/IModelRegistry.sol";
import {Model} from "./Model.sol";
import {ModelRegistry} from "./ModelRegistry.sol";

/// @title ModelStore
/// @notice The coordinator's part that keeps the models' words and deploys the registry that writes them.
abstract contract ModelStore is IModelStore {
    /// @notice Judges assertions.
    IArbiter public immutable arbiter;
    /// @notice Where models are registered.
    ModelRegistry public immutable modelRegistry;

    mapping(bytes32 modelId => Model) internal _models;

    constructor(IArbiter arbiter_) {
        arbiter = arbiter_;
        modelRegistry = new ModelRegistry(this, arbiter_);
    }

    /// @inheritdoc IModelStore
    function setModel(bytes32 modelId, Model model) external {
        if (msg.sender != address(modelRegistry)) revert NotModelRegistry(msg.sender);
        _models[modelId] = model;
    }

    /// @inheritdoc IModelStore
    function modelOf(bytes32 modelId) external view returns (Model) {
        return _models[modelId];
    }
}
