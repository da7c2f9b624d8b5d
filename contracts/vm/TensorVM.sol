// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Context, ITensorVM, Kernel, Run} from "../interfaces/ITensorVM.sol";
import {Dtype} from "../lib/Dtype.sol";
import {Elements} from "../lib/Elements.sol";
import {Descriptor, F64_ACCUMULATOR, Header} from "./Descriptor.sol";
import {CODE, STRUCTS} from "./MemoryMap.sol";
import {Tally} from "./Tally.sol";
import {Translator} from "./Translator.sol";
import {Witness} from "./Witness.sol";

/// @title TensorVM
/// @notice See `ITensorVM`.
/// @dev A kernel is not interpreted but translated to EVM code, which runs as the init code of a contract that is never
/// created: it reverts, and what it reverts with is the result.
contract TensorVM is ITensorVM, Translator {
    /// @inheritdoc ITensorVM
    function inspect(uint64 chunks, bytes calldata descriptor) external view returns (Kernel memory kernel) {
        _reserve();
        Header memory h;
        Code memory code;
        _inspect(kernel, code, h, chunks, descriptor, 0);
    }

    /// @inheritdoc ITensorVM
    function run(
        Context calldata context,
        bytes calldata descriptor,
        Run calldata segment,
        bytes calldata witness
    ) external returns (Kernel memory kernel, bytes8 value) {
        _reserve();
        Header memory h;
        Code memory code;
        uint256 to = segment.to;
        _inspect(kernel, code, h, context.chunks, descriptor, to);
        if (kernel.malformed) return (kernel, 0);
        _checkRange(kernel, segment);
        _start(code, h, segment, _word(h, segment));
        uint256 end = _addOperands(h, context, code.end);
        end = Witness.stage(context, witness, end);
        value = _execute(end, _resultType(h, to));
    }

    /// @dev Keeps Solidity's structs off the memory that the translation uses. To be called before one is allocated.
    function _reserve() private pure {
        assembly ("memory-safe") {
            mstore(0x40, STRUCTS)
        }
    }

    function _inspect(
        Kernel memory kernel,
        Code memory code,
        Header memory h,
        uint256 chunks,
        bytes calldata descriptor,
        uint256 to
    ) private view {
        bool ok = Descriptor.read(h, descriptor, chunks);
        Tally step;
        if (ok) (ok, step) = _translate(code, h, to);
        assembly ("memory-safe") {
            // Cleared by `Section`. What is allocated next is behind what is still needed, see `Witness`.
            mstore(0x40, CODE)
        }
        kernel.malformed = !ok;
        if (ok) {
            kernel.elementBytes = uint8(h.elementBytes);
            kernel.elements = uint32(h.elements);
            kernel.steps = uint32(h.steps);
            kernel.stepsPerProof = uint8(step.stepsPerProof());
            kernel.accumulator = uint8(h.accumulator);
        }
    }

    /// @dev Reverts unless there is such an element and such a run of steps.
    function _checkRange(Kernel memory kernel, Run calldata segment) private pure {
        (uint256 element, uint256 from, uint256 to) = (segment.element, segment.from, segment.to);
        if (element >= kernel.elements) revert ElementOutOfRange(element, kernel.elements);
        bool isRange = kernel.steps == 0 ? from == 0 && to == 0 : from < to && to <= kernel.steps;
        if (!isRange) revert StepsOutOfRange(from, to, kernel.steps);
        if (to - from > kernel.stepsPerProof) revert TooManySteps(to - from, kernel.stepsPerProof);
    }

    /// @dev The accumulator before the first step as the machine holds it.
    function _word(Header memory h, Run calldata segment) private pure returns (uint256 word) {
        if (h.accumulator == 0) return 0;
        bytes8 accumulator = segment.from == 0 ? h.init : segment.accumulator;
        bool isCanonical;
        (isCanonical, word) = Descriptor.readAccumulator(h.accumulator, accumulator);
        if (!isCanonical) revert AccumulatorNotCanonical(accumulator);
    }

    /// @dev Writes the operands' records, see `ChunkTable.stage`.
    function _addOperands(Header memory h, Context calldata context, uint256 out) private pure returns (uint256 end) {
        end = out;
        uint256 last = h.stepAt;
        unchecked {
            for (uint256 record = h.operandsAt; record < last; record += 14) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(record)
                }
                uint256 space = word >> 248;
                uint256 first = uint64(word >> 176);
                uint256 size = uint32(word >> 144) * Descriptor.sizeOf(uint8(word >> 240));
                uint256 limit = context.inputChunks;
                if (space == 0) limit = context.firstChunk;
                else if (space == 1) limit = context.weightsChunks;
                // An operand that is not in place has no bytes.
                if (first + ((size + 255) >> 8) > limit) size = 0;
                assembly ("memory-safe") {
                    mstore(end, or(or(shl(128, space), shl(64, first)), size))
                }
                end += 32;
            }
        }
    }

    /// @dev What a run to step `to` gives: an element, or the accumulator.
    function _resultType(Header memory h, uint256 to) private pure returns (Dtype) {
        if (to == h.steps) return Dtype(h.dtype);
        return h.accumulator == F64_ACCUMULATOR ? Dtype.F64 : Dtype.I64;
    }

    /// @dev Runs the code from `CODE` to `end` in memory.
    function _execute(uint256 end, Dtype dtype) private returns (bytes8 value) {
        uint256 returned;
        uint256 word;
        assembly ("memory-safe") {
            pop(create(0, CODE, sub(end, CODE)))
            returned := returndatasize()
            returndatacopy(CODE, 0x00, returned)
            if gt(returned, 0x20) {
                revert(CODE, returned)
            }
            word := mload(CODE)
        }
        // A run that ends with an exception returns nothing.
        if (returned != 0x20) revert OutOfGas();
        assembly ("memory-safe") {
            mstore(CODE, 0)
        }
        Elements.store(dtype, CODE, word);
        assembly ("memory-safe") {
            value := mload(CODE)
        }
    }
}
