// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../interfaces/IArbiter.sol";
import {IModelRegistry, IModelStore, ModelSpec, TensorSpec} from "../interfaces/IModelRegistry.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";
import {KernelTree} from "../lib/KernelTree.sol";
import {Model, ModelLib} from "./Model.sol";
import {Tolerance} from "./Tolerance.sol";

/// @title ModelRegistry
/// @notice Checks what models are. Their words are kept by the coordinator, which deploys the registry: a request then
/// reads its model without a call.
contract ModelRegistry is IModelRegistry {
    uint256 private constant MAX_TENSORS = 63;
    uint256 private constant MAX_RANK = 8;
    uint256 private constant MAX_ELEMENTS = 1 << 31;
    uint256 private constant MAX_ROYALTY_BPS = 10_000;
    uint256 private constant MAX_SEMANTICS = 15;

    IModelStore private immutable _store;
    IArbiter private immutable _arbiter;

    /// @param arbiter tells which semantics can be registered
    constructor(IModelStore store, IArbiter arbiter) {
        _store = store;
        _arbiter = arbiter;
    }

    /// @inheritdoc IModelRegistry
    function register(
        ModelSpec calldata spec,
        bytes calldata programRoot,
        uint16 royaltyBps,
        string calldata uri
    ) external returns (bytes32 modelId) {
        modelId = keccak256(abi.encode(spec));
        if (_store.modelOf(modelId).exists()) revert ModelAlreadyRegistered(modelId);
        if (msg.sender != spec.owner) revert NotModelOwner(spec.owner, msg.sender);
        if (royaltyBps > MAX_ROYALTY_BPS) revert RoyaltyTooHigh(royaltyBps);
        if (spec.artefactHash == 0) revert ArtefactHashMissing();
        if (spec.outputs.length == 0) revert TensorCountOutOfRange(0);

        (uint256 inputBytes, uint256 tag) = _measure(spec.inputs);
        (uint256 outputBytes, ) = _measure(spec.outputs);
        _checkProgram(spec, programRoot, outputBytes);
        Model model = ModelLib.pack(
            spec.owner,
            royaltyBps,
            spec.semantics,
            Tolerance.class(spec.atol),
            Tolerance.class(spec.rtol),
            spec.inputs.length,
            inputBytes,
            outputBytes,
            tag
        );
        _store.setModel(modelId, model);
        emit ModelRegistered(modelId, spec.owner, spec, royaltyBps, uri);
    }

    /// @inheritdoc IModelRegistry
    function deprecate(bytes32 modelId) external {
        _store.setModel(modelId, _ownedModel(modelId).deprecate());
        emit ModelDeprecated(modelId);
    }

    /// @inheritdoc IModelRegistry
    function setRoyalty(bytes32 modelId, uint16 royaltyBps) external {
        if (royaltyBps > MAX_ROYALTY_BPS) revert RoyaltyTooHigh(royaltyBps);
        _store.setModel(modelId, _ownedModel(modelId).withRoyaltyBps(royaltyBps));
        emit RoyaltyChanged(modelId, royaltyBps);
    }

    /// @inheritdoc IModelRegistry
    function moveArtefact(bytes32 modelId, string calldata uri) external {
        _ownedModel(modelId);
        emit ArtefactMoved(modelId, uri);
    }

    function _ownedModel(bytes32 modelId) private view returns (Model model) {
        model = _store.modelOf(modelId);
        if (!model.exists()) revert UnknownModel(modelId);
        if (msg.sender != model.owner()) revert NotModelOwner(model.owner(), msg.sender);
    }

    /// @dev Semantics 0 leaves every field of the program zero, so that nobody reads a promise into it.
    function _checkProgram(ModelSpec calldata spec, bytes calldata programRoot, uint256 outputBytes) private view {
        if (spec.semantics == 0) {
            bool empty =
                spec.kernelRoot == 0 &&
                    spec.kernelCount == 0 &&
                    spec.traceChunks == 0 &&
                    spec.outputChunks == 0 &&
                    spec.weightsRoot == 0 &&
                    spec.weightsChunks == 0 &&
                    spec.atol == 0 &&
                    spec.rtol == 0 &&
                    programRoot.length == 0;
            if (!empty) revert UnexpectedProgram();
            return;
        }
        if (spec.semantics > MAX_SEMANTICS || !_arbiter.judges(spec.semantics)) {
            revert UnsupportedSemantics(spec.semantics);
        }
        (bytes32 root, uint256 chunks) = KernelTree.open(programRoot, spec.kernelCount);
        if (root != spec.kernelRoot) revert ProgramRootMismatch(spec.kernelRoot, root);
        if (chunks != spec.traceChunks) revert TraceChunksMismatch(chunks, spec.traceChunks);
        uint256 outputChunks = ChunkTree.chunkCount(outputBytes);
        if (spec.outputChunks != outputChunks) revert OutputChunksMismatch(outputChunks, spec.outputChunks);
    }

    /// @return flatBytes length of the flat tensors
    /// @return tag of their own lengths
    function _measure(TensorSpec[] calldata tensors) private pure returns (uint256 flatBytes, uint256 tag) {
        if (tensors.length > MAX_TENSORS) revert TensorCountOutOfRange(tensors.length);
        uint256[] memory lengths = new uint256[](tensors.length);
        for (uint256 i = 0; i < tensors.length; ++i) {
            lengths[i] = _byteLength(tensors[i]);
            flatBytes = ChunkTree.chunkCount(flatBytes) * ChunkTree.CHUNK_BYTES + lengths[i];
        }
        tag = ModelLib.tagOf(lengths);
    }

    function _byteLength(TensorSpec calldata tensor) private pure returns (uint256) {
        if (bytes(tensor.name).length == 0) revert TensorNameEmpty();
        if (tensor.dtype == Dtype.None) revert TensorDtypeMissing(tensor.name);
        if (tensor.dims.length > MAX_RANK) revert TensorShapeOutOfRange(tensor.name, tensor.dims);
        uint256 elements = 1;
        for (uint256 i = 0; i < tensor.dims.length; ++i) {
            elements *= tensor.dims[i]; // below 2^31 times 2^32
            if (elements == 0 || elements >= MAX_ELEMENTS) revert TensorShapeOutOfRange(tensor.name, tensor.dims);
        }
        return elements * tensor.dtype.size();
    }
}
