// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ModelSpec} from "../interfaces/IModelRegistry.sol";
import {Context, ITensorVM, Kernel, Run} from "../interfaces/ITensorVM.sol";
import {ChunkProof, Focus, IVerdict, KernelProof, Result} from "../interfaces/IVerdict.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";
import {KernelTree} from "../lib/KernelTree.sol";
import {Descriptor, Header} from "../vm/Descriptor.sol";
import {Closeness} from "./Closeness.sol";
import {Specs} from "./Specs.sol";

/// @title Verdict
/// @notice See `IVerdict`.
contract Verdict is IVerdict {
    using Specs for *;

    /// @notice Computes elements.
    ITensorVM public immutable machine;

    constructor(ITensorVM machine_) {
        machine = machine_;
    }

    /// @inheritdoc IVerdict
    function proveElement(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        uint256 element,
        bytes calldata witness,
        bytes32 traceRoot
    ) external {
        ModelSpec calldata model = spec.open(result.modelId);
        uint64 first = _checkKernel(model, kernel);
        _checkTraced(model, traceRoot, traced);
        _checkOwn(traced.index, first, kernel.chunks);
        Header memory header;
        // What is malformed otherwise, in its code, the machine tells.
        if (Descriptor.read(header, kernel.descriptor, kernel.chunks)) {
            uint256 offset = _offsetOf(element, header.elementBytes, first, traced.index);
            (Kernel memory shape, bytes8 value) = machine.run(
                _context(result, traceRoot, model, first, kernel.chunks),
                kernel.descriptor,
                Run(element, 0, header.steps, 0),
                witness
            );
            if (!shape.malformed) {
                if (value == _elementAt(traced.chunk, offset, header.elementBytes)) revert NothingRefuted();
                return;
            }
        }
        if (_isZeroFrom(traced.chunk, 0)) revert NothingRefuted();
    }

    /// @inheritdoc IVerdict
    function proveTail(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        bytes32 traceRoot
    ) external view {
        ModelSpec calldata model = spec.open(result.modelId);
        uint64 first = _checkKernel(model, kernel);
        _checkTraced(model, traceRoot, traced);
        _checkOwn(traced.index, first, kernel.chunks);
        Kernel memory shape = machine.inspect(kernel.chunks, kernel.descriptor);
        if (shape.malformed) revert KernelMalformed();
        uint256 end = uint256(shape.elements) * shape.elementBytes;
        uint256 start = uint256(traced.index - first) * ChunkTree.CHUNK_BYTES;
        // The kernel's elements fill every chunk of its but the last.
        if (end >= start + ChunkTree.CHUNK_BYTES || _isZeroFrom(traced.chunk, end - start)) revert NothingRefuted();
    }

    /// @inheritdoc IVerdict
    function provePadding(
        Result calldata result,
        bytes calldata spec,
        uint256 height,
        uint256 index,
        bytes32 node,
        bytes32[] calldata path,
        bytes32 traceRoot
    ) external pure {
        ModelSpec calldata model = spec.open(result.modelId);
        uint256 chunks = model.traceChunks;
        uint256 depth = ChunkTree.depth(chunks);
        if (height > depth || index << height < chunks) revert NotPadding(height, index, chunks);
        uint256 levels = depth - height;
        if (path.length != levels) revert ChunkTree.ProofLengthMismatch(levels, path.length);
        if (index >> levels != 0) revert ChunkTree.ChunkIndexOutOfRange(index, 1 << levels);
        bytes32 root = ChunkTree.ancestor(node, index, path);
        if (root != traceRoot) revert TraceRootMismatch(traceRoot, root);
        if (node == ChunkTree.missingNode(height)) revert NothingRefuted();
    }

    /// @inheritdoc IVerdict
    function proveOutput(
        Result calldata result,
        bytes calldata spec,
        ChunkProof calldata asserted,
        ChunkProof calldata traced,
        uint256 element,
        bytes32 traceRoot
    ) external pure returns (uint64 chunk) {
        ModelSpec calldata model = spec.open(result.modelId);
        bytes32 root = _rootOf(asserted, model.outputChunks);
        if (root != result.outputRoot) revert OutputRootMismatch(result.outputRoot, root);
        _checkTraced(model, traceRoot, traced);
        chunk = traced.index;
        _checkOwn(chunk, model.traceChunks - model.outputChunks + asserted.index, 1);
        if (_isRight(model, asserted, traced.chunk, element)) revert NothingRefuted();
    }

    /// @inheritdoc IVerdict
    function proveSegment(
        Result calldata result,
        bytes calldata spec,
        Focus calldata focus,
        uint64 chunks,
        bytes calldata descriptor,
        bytes calldata witness,
        bytes32 traceRoot
    ) external {
        ModelSpec calldata model = spec.open(result.modelId);
        bytes32 leaf = KernelTree.leaf(chunks, descriptor);
        if (leaf != focus.leaf) revert ProgramMismatch(focus.leaf, leaf);
        (, bytes8 value) = machine.run(
            _context(result, traceRoot, model, focus.firstChunk, chunks),
            descriptor,
            Run(focus.element, focus.from, focus.to, focus.before),
            witness
        );
        if (value == focus.after_) revert NothingRefuted();
    }

    /// @inheritdoc IVerdict
    function focusOn(
        bytes32 modelId,
        bytes calldata spec,
        KernelProof calldata kernel,
        uint64 chunkIndex,
        bytes calldata chunk,
        uint256 element
    ) external view returns (Focus memory focus) {
        if (chunk.length != ChunkTree.CHUNK_BYTES) revert ChunkTree.ChunkLengthMismatch(chunk.length);
        uint64 first = _checkKernel(spec.open(modelId), kernel);
        Kernel memory shape = machine.inspect(kernel.chunks, kernel.descriptor);
        if (shape.malformed) revert KernelMalformed();
        if (shape.steps <= shape.stepsPerProof) revert NeedsNoSession(shape.steps, shape.stepsPerProof);
        if (element >= shape.elements) revert ITensorVM.ElementOutOfRange(element, shape.elements);
        uint256 offset = _offsetOf(element, shape.elementBytes, first, chunkIndex);
        focus.leaf = KernelTree.leaf(kernel.chunks, kernel.descriptor);
        focus.firstChunk = first;
        focus.element = uint32(element); // below `shape.elements`
        focus.steps = shape.steps;
        focus.to = shape.steps;
        focus.stepsPerProof = shape.stepsPerProof;
        focus.accumulator = shape.accumulator;
        focus.after_ = _elementAt(chunk, offset, shape.elementBytes);
    }

    /// @dev Returns the kernel's first chunk in the trace.
    function _checkKernel(ModelSpec calldata model, KernelProof calldata kernel) private pure returns (uint64) {
        (bytes32 root, uint64 sum, uint64 first) = KernelTree.rootFromPath(
            KernelTree.leaf(kernel.chunks, kernel.descriptor),
            kernel.chunks,
            kernel.kernel,
            model.kernelCount,
            kernel.path
        );
        if (root != model.kernelRoot) revert ProgramMismatch(model.kernelRoot, root);
        // Registration has shown the root's sum; this holds for whoever asks about a model that is not registered.
        if (sum != model.traceChunks)
            revert ProgramMismatch(bytes32(uint256(model.traceChunks)), bytes32(uint256(sum)));
        return first;
    }

    function _checkTraced(ModelSpec calldata model, bytes32 traceRoot, ChunkProof calldata traced) private pure {
        bytes32 root = _rootOf(traced, model.traceChunks);
        if (root != traceRoot) revert TraceRootMismatch(traceRoot, root);
    }

    function _checkOwn(uint256 chunk, uint256 first, uint256 chunks) private pure {
        if (chunk < first || chunk - first >= chunks) revert ForeignChunk(chunk, first, chunks);
    }

    function _rootOf(ChunkProof calldata traced, uint256 count) private pure returns (bytes32) {
        return ChunkTree.rootFromPath(traced.chunk, traced.index, count, traced.path);
    }

    /// @dev Returns where in the trace's chunk `index` the element is.
    function _offsetOf(
        uint256 element,
        uint256 elementBytes,
        uint256 first,
        uint256 index
    ) private pure returns (uint256 offset) {
        // No kernel has 2^64 elements; a larger number is in no chunk.
        if (element > type(uint64).max) revert ElementElsewhere(element, index);
        offset = element * elementBytes;
        if (first + offset / ChunkTree.CHUNK_BYTES != index) revert ElementElsewhere(element, index);
        offset %= ChunkTree.CHUNK_BYTES;
    }

    function _elementAt(bytes calldata chunk, uint256 offset, uint256 size) private pure returns (bytes8) {
        return bytes8(chunk[offset:offset + size]);
    }

    function _isZeroFrom(bytes calldata chunk, uint256 start) private pure returns (bool) {
        return keccak256(chunk[start:]) == keccak256(new bytes(ChunkTree.CHUNK_BYTES - start));
    }

    /// @dev Whether the asserted chunk of the output, with a tolerance an element of it, is right if `traced` is.
    function _isRight(
        ModelSpec calldata model,
        ChunkProof calldata asserted,
        bytes calldata traced,
        uint256 element
    ) private pure returns (bool) {
        if (model.atol | model.rtol == 0) return keccak256(asserted.chunk) == keccak256(traced);
        Dtype dtype = model.outputs.dtypeAt(asserted.index);
        uint256 size = dtype.size();
        // Bytes behind a tensor's last element are held to the trace's zeros like elements.
        if (element >= ChunkTree.CHUNK_BYTES / size) revert ElementElsewhere(element, asserted.index);
        bytes8 y = _elementAt(asserted.chunk, element * size, size);
        bytes8 c = _elementAt(traced, element * size, size);
        return Closeness.isClose(dtype, y, c, model.atol, model.rtol);
    }

    function _context(
        Result calldata result,
        bytes32 traceRoot,
        ModelSpec calldata model,
        uint64 first,
        uint64 chunks
    ) private pure returns (Context memory) {
        return
            Context({
                traceRoot: traceRoot,
                weightsRoot: model.weightsRoot,
                inputRoot: result.inputRoot,
                traceChunks: model.traceChunks,
                weightsChunks: model.weightsChunks,
                inputChunks: uint64(model.inputs.chunksOf()), // at most 63 tensors of 2^31 elements
                firstChunk: first,
                chunks: chunks
            });
    }
}
