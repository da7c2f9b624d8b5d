// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {Model} from "../registry/Model.sol";

/// @notice A tensor of a model's signature.
/// @param name as in the ONNX graph, not empty
/// @param dtype the element type
/// @param dims static extents, each at least 1, at most eight of them; none: a scalar
struct TensorSpec {
    string name;
    Dtype dtype;
    uint32[] dims;
}

/// @notice What a model is. `modelId = keccak256(abi.encode(spec))`.
/// @param semantics 0: artefact only, not disputable (the program's fields are zero); 1: kernel program
/// @param kernelRoot root of the kernel tree
/// @param kernelCount kernels in the program
/// @param traceChunks chunks of the whole trace (T)
/// @param outputChunks chunks of the outputs (O)
/// @param weightsRoot root of the weights' chunk tree
/// @param weightsChunks chunks of the weights
/// @param inputs the model's inputs, in the order in which a request carries them
/// @param outputs the model's outputs, in the order in which an answer carries them
/// @param atol absolute tolerance, the bits of an IEEE binary64; 0: none
/// @param rtol relative tolerance, the bits of an IEEE binary64; 0: none
/// @param compilerVersion the lowering that made the program
/// @param compilerOptions canonical JSON: bound dimensions and inputs
/// @param artefactHash SHA-256 of the ONNX file
/// @param owner registers and deprecates the model, earns the royalty
/// @param salt tells apart models that are otherwise alike
struct ModelSpec {
    uint8 semantics;
    bytes32 kernelRoot;
    uint32 kernelCount;
    uint64 traceChunks;
    uint64 outputChunks;
    bytes32 weightsRoot;
    uint64 weightsChunks;
    TensorSpec[] inputs;
    TensorSpec[] outputs;
    uint64 atol;
    uint64 rtol;
    string compilerVersion;
    string compilerOptions;
    bytes32 artefactHash;
    address owner;
    bytes32 salt;
}

/// @title IModelStore
/// @notice Keeps the models' words; the coordinator is one.
interface IModelStore {
    error NotModelRegistry(address caller);

    /// @notice Stores a model's word. For the registry only.
    function setModel(bytes32 modelId, Model model) external;

    /// @notice The model's word, zero if it is not registered.
    function modelOf(bytes32 modelId) external view returns (Model);
}

/// @title IModelRegistry
/// @notice Models by the hash of their full description. The description is in an event, one word is in storage.
/// @dev Nothing about a registered model changes but its royalty, its deprecation and where its artefact can be had.
/// Requests already made keep the royalty and owner they were made under.
interface IModelRegistry {
    /// @notice A model was registered; the event holds its whole description.
    /// @param uri where the artefact can be had now; no part of the id
    event ModelRegistered(
        bytes32 indexed modelId,
        address indexed owner,
        ModelSpec spec,
        uint16 royaltyBps,
        string uri
    );
    /// @notice The model takes no new requests.
    event ModelDeprecated(bytes32 indexed modelId);
    /// @notice Requests made from now on pay this royalty, in 1/10,000 of the fee.
    event RoyaltyChanged(bytes32 indexed modelId, uint16 royaltyBps);
    /// @notice The artefact can now be had from `uri`.
    event ArtefactMoved(bytes32 indexed modelId, string uri);

    error UnknownModel(bytes32 modelId);
    error ModelAlreadyRegistered(bytes32 modelId);
    error ModelIsDeprecated(bytes32 modelId);
    error NotModelOwner(address owner, address caller);
    /// @notice The deployment's arbiter judges no such program.
    error UnsupportedSemantics(uint8 semantics);
    /// @notice A model of semantics 0 has no program: kernels, trace, weights and tolerance are zero.
    error UnexpectedProgram();
    error RoyaltyTooHigh(uint16 royaltyBps);
    /// @notice A model has 1 to 63 outputs and at most 63 inputs.
    error TensorCountOutOfRange(uint256 count);
    error TensorNameEmpty();
    error TensorDtypeMissing(string name);
    /// @notice More than eight dimensions, an extent of zero, or 2^31 elements and more.
    error TensorShapeOutOfRange(string name, uint32[] dims);
    error ArtefactHashMissing();
    /// @notice `programRoot` is not the preimage of `spec.kernelRoot`.
    error ProgramRootMismatch(bytes32 expected, bytes32 given);
    /// @notice The kernels' chunks do not add up to `spec.traceChunks`.
    error TraceChunksMismatch(uint256 expected, uint256 given);
    /// @notice The output tensors take `expected` chunks.
    error OutputChunksMismatch(uint256 expected, uint256 given);

    /// @notice Registers `spec` under its owner, who must be the caller.
    /// @param programRoot for semantics 1 the preimage of `spec.kernelRoot` (`docs/formats.md`), else empty
    /// @param royaltyBps the owner's part of each fee in 1/10,000
    /// @param uri where the artefact can be had
    function register(
        ModelSpec calldata spec,
        bytes calldata programRoot,
        uint16 royaltyBps,
        string calldata uri
    ) external returns (bytes32 modelId);

    /// @notice Ends new requests for the model, nothing else. Owner only.
    function deprecate(bytes32 modelId) external;

    /// @notice Sets the royalty of requests made from now on. Owner only.
    function setRoyalty(bytes32 modelId, uint16 royaltyBps) external;

    /// @notice Announces where the artefact can be had now. Owner only.
    function moveArtefact(bytes32 modelId, string calldata uri) external;
}
