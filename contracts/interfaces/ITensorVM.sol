// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What an element is computed from: the program's chunks, and the place of the kernel among them.
/// @param traceRoot, weightsRoot, inputRoot roots of the three spaces
/// @param traceChunks, weightsChunks, inputChunks numbers of their chunks
/// @param firstChunk the kernel's first chunk of the trace
/// @param chunks the number of its chunks, as its leaf states it
struct Context {
    bytes32 traceRoot;
    bytes32 weightsRoot;
    bytes32 inputRoot;
    uint64 traceChunks;
    uint64 weightsChunks;
    uint64 inputChunks;
    uint64 firstChunk;
    uint64 chunks;
}

/// @notice What to compute: steps `from` to `to` of an element and, if `to` is the last one, the element.
/// @param element its number
/// @param from steps done before; 0 if the kernel has no accumulator
/// @param to steps done after, above `from`; 0 if the kernel has no accumulator
/// @param accumulator the accumulator before, little-endian; ignored if `from` is 0
struct Run {
    uint256 element;
    uint256 from;
    uint256 to;
    bytes8 accumulator;
}

/// @notice What a kernel's leaf says about its shape.
/// @param malformed all bytes of the kernel are 0; the other fields are 0 too
/// @param elementBytes size of an element: element e is at byte `e * elementBytes` of the kernel's chunks
/// @param elements number of elements
/// @param steps R, the reduce steps of an element; 0 if the kernel has no accumulator
/// @param stepsPerProof S, the most steps of one run
/// @param accumulator 0: none, 1: i64, 2: f64
struct Kernel {
    bool malformed;
    uint8 elementBytes;
    uint32 elements;
    uint32 steps;
    uint8 stepsPerProof;
    uint8 accumulator;
}

/// @title The machine that judges
/// @notice Computes an element of a kernel, or a part of one, exactly as `docs/kernels.md` defines it, from chunks that
/// a witness proves. It has no owner and no storage. What it cannot compute reverts and is no verdict.
interface ITensorVM {
    /// @notice The element is not below the kernel's number of elements.
    error ElementOutOfRange(uint256 element, uint256 elements);
    /// @notice Not a range of the element's steps, or an empty one.
    error StepsOutOfRange(uint256 from, uint256 to, uint256 steps);
    /// @notice One run takes at most `stepsPerProof` steps.
    error TooManySteps(uint256 steps, uint256 stepsPerProof);
    /// @notice A NaN has one form.
    error AccumulatorNotCanonical(bytes8 accumulator);
    /// @notice The witness is cut short, is longer than its sections, or `present` is neither 0 nor 1.
    error WitnessMalformed();
    /// @notice More chunks than the loads of one run can need.
    error TooManyChunks(uint256 chunks);
    /// @notice The multiproof gives another root than the space has.
    error RootMismatch(uint256 space, bytes32 expected, bytes32 given);
    /// @notice The kernel loads from a chunk that the witness does not hold.
    error MissingChunk(uint256 space, uint256 chunk);
    /// @notice Too little gas was left to run the kernel.
    error OutOfGas();

    /// @notice Reads and checks a kernel.
    /// @param chunks the number of the kernel's chunks, as its leaf states it
    /// @param descriptor the kernel
    function inspect(uint64 chunks, bytes calldata descriptor) external view returns (Kernel memory kernel);

    /// @notice Computes a run of a kernel.
    /// @dev Not a view, as it runs the kernel as the init code of a contract that is never created.
    /// @param context what the element is computed from; the caller vouches that it belongs to the descriptor
    /// @param descriptor the kernel
    /// @param segment what to compute
    /// @param witness the chunks that the run loads from, see docs/kernels.md
    /// @return kernel the kernel's shape; if it is malformed nothing else was looked at
    /// @return value if `to` is `kernel.steps` the element's `elementBytes` bytes as they are stored, else the
    /// accumulator after, little-endian; zeros behind that
    function run(
        Context calldata context,
        bytes calldata descriptor,
        Run calldata segment,
        bytes calldata witness
    ) external returns (Kernel memory kernel, bytes8 value);
}
