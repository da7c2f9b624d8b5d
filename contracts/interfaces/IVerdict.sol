// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What an operator signed (EIP-712); its digest is the assertionId.
/// @param requestId 0: a receipt
/// @param traceRoot 0: committed on the first challenge
/// @param issuedAt unix seconds
struct Result {
    bytes32 modelId;
    bytes32 requestId;
    bytes32 inputRoot;
    bytes32 outputRoot;
    bytes32 traceRoot;
    address operator;
    uint64 issuedAt;
}

/// @notice A chunk and its place in a tree.
/// @param chunk its 256 bytes
/// @param path siblings, leaf to root
struct ChunkProof {
    uint64 index;
    bytes chunk;
    bytes32[] path;
}

/// @notice A kernel and its place in the program.
/// @param chunks the number of its chunks, as its leaf states it
/// @param path siblings with their sums, leaf to root, see `KernelTree.rootFromPath`
struct KernelProof {
    uint32 kernel;
    uint64 chunks;
    bytes descriptor;
    bytes path;
}

/// @notice A part of the reduction of one element that the operator has claimed: from `before` the steps `from` to `to`
/// give `after_`.
/// @param leaf the kernel's leaf in the kernel tree
/// @param firstChunk the kernel's first chunk of the trace
/// @param element its number in the kernel
/// @param steps R: with `to` equal to it `after_` is the element as it is stored, else an accumulator
/// @param stepsPerProof S: a longer part is cut
/// @param accumulator 1: i64, 2: f64
/// @param before, after_ little-endian, zeros behind; `before` is 0 and ignored if `from` is 0
struct Focus {
    bytes32 leaf;
    uint64 firstChunk;
    uint32 element;
    uint32 steps;
    uint32 from;
    uint32 to;
    uint8 stepsPerProof;
    uint8 accumulator;
    bytes8 before;
    bytes8 after_;
}

/// @title IVerdict
/// @notice Whether a trace is what a program gives. It has no state and no owner, and knows nothing of sessions: each
/// function returns if the proof shows that the trace is wrong, and reverts if it does not.
/// @dev `spec` is always `abi.encode(ModelSpec)`, whose hash is the Result's modelId. `traceRoot` is the root that the
/// operator is bound to; the caller vouches for it. It comes last, where `IDisputeGame` has the sessions: the game
/// passes a proof on as it is. What is malformed, missing or out of gas reverts and proves
/// nothing.
interface IVerdict {
    /// @notice `spec` is not the description of the Result's model.
    error SpecMismatch(bytes32 expected, bytes32 given);
    /// @notice The path leads to another root than the trace's.
    error TraceRootMismatch(bytes32 expected, bytes32 given);
    /// @notice The path leads to another root than the asserted output's.
    error OutputRootMismatch(bytes32 expected, bytes32 given);
    /// @notice The path leads to another root or another number of chunks than the program's.
    error ProgramMismatch(bytes32 expected, bytes32 given);
    /// @notice The chunk is none of the `chunks` from `first` on, which the kernel, or the output, has in the trace.
    error ForeignChunk(uint256 chunk, uint256 first, uint256 chunks);
    /// @notice The element is not in the chunk.
    error ElementElsewhere(uint256 element, uint256 chunk);
    /// @notice The element has no more steps than one proof runs: prove it. One that has more cannot be proved without
    /// a session (`ITensorVM.TooManySteps`).
    error NeedsNoSession(uint256 steps, uint256 stepsPerProof);
    /// @notice The kernel is malformed: all its bytes are 0, which `proveElement` shows.
    error KernelMalformed();
    /// @notice The program gives the same: nothing is refuted.
    error NothingRefuted();
    /// @notice The node covers chunks of the trace.
    error NotPadding(uint256 height, uint256 index, uint256 chunks);

    /// @notice An element is not what its kernel gives, or a byte of a malformed kernel is not 0.
    /// @param traced the trace chunk with the element
    /// @param element its number in the kernel; ignored if the kernel is malformed
    /// @param witness the chunks that the kernel loads, see docs/kernels.md
    function proveElement(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        uint256 element,
        bytes calldata witness,
        bytes32 traceRoot
    ) external;

    /// @notice A byte behind a kernel's last element is not 0.
    function proveTail(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        bytes32 traceRoot
    ) external view;

    /// @notice A node that covers no chunk of the trace is not that of zeros.
    /// @param height levels above the leaves
    /// @param index the node's number on its level
    /// @param path siblings, the node's first
    function provePadding(
        Result calldata result,
        bytes calldata spec,
        uint256 height,
        uint256 index,
        bytes32 node,
        bytes32[] calldata path,
        bytes32 traceRoot
    ) external pure;

    /// @notice An output chunk of the trace is not the asserted one; with a tolerance: an element of it is too far off.
    /// @param asserted chunk of the asserted output, proved by its root
    /// @param traced the trace's chunk T - O + `asserted.index`
    /// @param element number of the element in the chunk, ignored without a tolerance
    /// @return chunk the chunk's index in the trace
    function proveOutput(
        Result calldata result,
        bytes calldata spec,
        ChunkProof calldata asserted,
        ChunkProof calldata traced,
        uint256 element,
        bytes32 traceRoot
    ) external view returns (uint64 chunk);

    /// @notice The steps of `focus` give something else than `focus.after_`.
    function proveSegment(
        Result calldata result,
        bytes calldata spec,
        Focus calldata focus,
        uint64 chunks,
        bytes calldata descriptor,
        bytes calldata witness,
        bytes32 traceRoot
    ) external;

    /// @notice The whole reduction of an element that no single proof can run, with the element as the trace has it.
    /// @param chunk the 256 bytes of trace chunk `chunkIndex`, whose place in the trace the caller vouches for
    function focusOn(
        bytes32 modelId,
        bytes calldata spec,
        KernelProof calldata kernel,
        uint64 chunkIndex,
        bytes calldata chunk,
        uint256 element
    ) external view returns (Focus memory focus);
}
