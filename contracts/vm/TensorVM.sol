// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Context, ITensorVM, Kernel} from "../interfaces/ITensorVM.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";
import {Elements} from "../lib/Elements.sol";
import {Descriptor, F64_ACCUMULATOR, Header} from "./Descriptor.sol";
import {KernelRuntime} from "./KernelRuntime.sol";
import {LOCALS, MAX_CHUNKS} from "./MemoryMap.sol";
import {ENTRIES_END, F64, I64, ONE_CONSTANT, ONE_LOAD, ONE_VALUE, Opcodes} from "./Opcodes.sol";
import {Program} from "./Program.sol";
import {LOCAL_TYPES, READ_ONLY, Section} from "./Section.sol";

contract TensorVM is ITensorVM {
    uint256 private constant MAX_VALUES = 256;
    uint256 private constant MAX_LOADS = 128;
    uint256 private constant MAX_FINISH_LOADS = 8;
    uint256 private constant MAX_CONSTANTS = 128;
    uint256 private constant MAX_COST = 6_000_000;
    uint256 private constant MAX_STEPS = 64;
    uint256 private constant ALL_I64 = 0x5555555555555555;

    uint256 private constant F64_DTYPE = 2;

    // Addresses in KernelRuntime's code, see there.
    uint256 private immutable _arithmetic;
    uint256 private immutable _conversions;
    uint256 private immutable _loads;

    /// @dev A kernel on its way to EVM code.
    struct Translation {
        Header header;
        uint256 base; // where in memory the code's address 0 is
        uint256 out; // where in memory the code ends
        uint256 target; // the address of the first step, or of `finish`
    }

    constructor() {
        (_arithmetic, _conversions, _loads) = new KernelRuntime().entries();
    }

    /// @inheritdoc ITensorVM
    function inspect(uint64 chunks, bytes calldata descriptor) external view returns (Kernel memory kernel) {
        Translation memory t;
        _translate(kernel, t, chunks, descriptor, 0);
    }

    /// @inheritdoc ITensorVM
    function run(
        Context calldata context,
        bytes calldata descriptor,
        uint256 element,
        uint256 from,
        uint256 to,
        bytes8 accumulator,
        bytes calldata witness
    ) external returns (Kernel memory kernel, bytes8 value) {
        Translation memory t;
        _translate(kernel, t, context.chunks, descriptor, to);
        if (kernel.malformed) return (kernel, 0);
        _checkRange(kernel, element, from, to);
        _start(t, element, from, to, _accumulator(t.header, from, accumulator));
        _addOperands(t, context);
        _addWitness(t, context, witness);
        value = _execute(t, _resultType(t.header, to));
    }

    function _translate(
        Kernel memory kernel,
        Translation memory t,
        uint256 chunks,
        bytes calldata descriptor,
        uint256 to
    ) private view {
        bool ok;
        (ok, t.header) = Descriptor.read(descriptor, chunks);
        if (ok) {
            _begin(t);
            uint256 stepTally;
            uint256 tally;
            if (t.header.accumulator != 0) (ok, stepTally) = _step(t);
            if (ok) (ok, tally) = _finish(t, to);
            if (ok && t.header.accumulator != 0) ok = (tally / ONE_LOAD) % 1024 <= MAX_FINISH_LOADS;
            if (ok) {
                kernel.elementBytes = uint8(t.header.elementBytes);
                kernel.elements = uint32(t.header.elements);
                kernel.steps = uint32(t.header.steps);
                kernel.stepsPerProof = uint8(_stepsPerProof(stepTally));
            }
        }
        kernel.malformed = !ok;
    }

    /// @dev Sets up the translation: the entries, and the routines and the operands' loads at the start of the code.
    function _begin(Translation memory t) private view {
        Opcodes.load(_arithmetic, _conversions);
        assembly ("memory-safe") {
            mstore(0x40, ENTRIES_END)
        }
        bytes memory runtime = type(KernelRuntime).runtimeCode;
        uint256 routines = _loads;
        uint256 base;
        assembly ("memory-safe") {
            base := add(runtime, 0x20)
        }
        // 32 zeros: the runtime ends with metadata, and what looks like a PUSH there would swallow what follows.
        uint256 out = base + runtime.length + 32;
        uint256 record = t.header.operandsAt;
        uint256 count = t.header.operands;
        for (uint256 k = 0; k < count; ++k) {
            uint256 dtype;
            assembly ("memory-safe") {
                dtype := byte(1, calldataload(record))
            }
            Opcodes.addLoad(k, out - base, dtype <= F64_DTYPE ? F64 : I64);
            out = Program.load(out, out - base, k, dtype, routines);
            record += 14;
        }
        t.base = base;
        t.out = out;
    }

    /// @dev A JUMPDEST at `t.out`, which is the target.
    function _mark(Translation memory t) private pure {
        uint256 out = t.out;
        assembly ("memory-safe") {
            mstore8(out, 0x5b)
        }
        t.target = out - t.base;
        t.out = out + 1;
    }

    function _step(Translation memory t) private pure returns (bool ok, uint256 tally) {
        Header memory h = t.header;
        _mark(t);
        uint256 indices = h.axes + h.digits;
        _setLocals((ALL_I64 & ((1 << (2 * indices)) - 1)) | (h.accumulator << (2 * indices)), indices + 1);
        uint256 out;
        (ok, tally, out) = Section.translate(h.stepAt, h.finishAt, t.base, h.accumulator, t.out);
        if (ok) ok = _isWithinLimits(tally);
        if (ok) out = Program.advance(out, out - t.base, t.target, h);
        t.out = out;
    }

    function _setLocals(uint256 types, uint256 readOnly) private pure {
        assembly ("memory-safe") {
            mstore(LOCAL_TYPES, types)
            mstore(READ_ONLY, readOnly)
        }
    }

    function _finish(Translation memory t, uint256 to) private pure returns (bool ok, uint256 tally) {
        Header memory h = t.header;
        uint256 start = t.out;
        uint256 indices = h.axes + h.digits;
        uint256 types = ALL_I64 & ((1 << (2 * h.axes)) - 1);
        if (h.accumulator == 0) {
            _mark(t);
            _setLocals(types, indices);
        } else {
            _setLocals(types | (h.accumulator << (2 * indices)), indices + 1);
        }
        uint256 out;
        bool isFloat = h.dtype <= F64_DTYPE;
        (ok, tally, out) = Section.translate(h.finishAt, h.end, t.base, isFloat ? F64 : I64, t.out);
        if (ok) ok = _isWithinLimits(tally);
        if (to != h.steps) {
            out = Program.get(start, LOCALS + 32 * indices);
        }
        t.out = Program.finish(out);
    }

    function _isWithinLimits(uint256 tally) private pure returns (bool) {
        return
            tally % ONE_VALUE <= MAX_COST &&
            (tally / ONE_VALUE) % 1024 <= MAX_VALUES &&
            (tally / ONE_LOAD) % 1024 <= MAX_LOADS &&
            tally / ONE_CONSTANT <= MAX_CONSTANTS;
    }

    function _stepsPerProof(uint256 tally) private pure returns (uint256 steps) {
        uint256 loads = (tally / ONE_LOAD) % 1024;
        uint256 cost = tally % ONE_VALUE;
        steps = MAX_STEPS;
        if (loads != 0 && MAX_LOADS / loads < steps) steps = MAX_LOADS / loads;
        if (cost != 0 && MAX_COST / cost < steps) steps = MAX_COST / cost;
    }

    /// @dev Reverts unless there is such an element and such a run of steps.
    function _checkRange(Kernel memory kernel, uint256 element, uint256 from, uint256 to) private pure {
        if (element >= kernel.elements) revert ElementOutOfRange(element, kernel.elements);
        bool isRange = kernel.steps == 0 ? from == 0 && to == 0 : from < to && to <= kernel.steps;
        if (!isRange) revert StepsOutOfRange(from, to, kernel.steps);
        if (to - from > kernel.stepsPerProof) revert TooManySteps(to - from, kernel.stepsPerProof);
    }

    /// @dev Writes the code that sets the axes, digits and the accumulator and starts the run.
    function _start(Translation memory t, uint256 element, uint256 from, uint256 to, uint256 accumulator) private view {
        Header memory h = t.header;
        uint256 out = t.out;
        uint256 base = t.base;
        assembly ("memory-safe") {
            // The first instruction jumps here: PUSH2 start JUMP
            let first := or(shl(224, 0x61000056), shl(232, sub(out, base)))
            mstore(base, or(first, shr(32, shl(32, mload(base)))))
            mstore8(out, 0x5b)
        }
        (out, ) = _setIndices(out + 1, h.axesAt, 0, h.axes, element);
        uint256 left;
        uint256 bound;
        if (to != 0) {
            (out, bound) = _setIndices(out, h.digitsAt, h.axes, h.digits, from);
            uint256 extent;
            uint256 lastAt = h.stepAt - 14 * h.operands - 4;
            assembly ("memory-safe") {
                extent := shr(224, calldataload(lastAt))
            }
            left = bound + (to - from);
            bound = left < extent ? left : extent;
            left -= bound;
            out = Program.setWord(out, LOCALS + 32 * (h.axes + h.digits), accumulator);
        }
        t.out = Program.stage(out, out - base, h.operands, _loads, t.target, left, bound);
    }

    function _accumulator(Header memory h, uint256 from, bytes8 given) private pure returns (uint256 word) {
        if (from == 0) return h.init;
        bool isCanonical;
        (isCanonical, word) = Descriptor.readAccumulator(h.accumulator, given);
        if (!isCanonical) revert AccumulatorNotCanonical(given);
    }

    /// @dev Sets `count` local variables from `first` on to the row-major indices of `position`.
    function _setIndices(
        uint256 out,
        uint256 extents,
        uint256 first,
        uint256 count,
        uint256 position
    ) private pure returns (uint256 end, uint256 last) {
        end = out;
        last = type(uint256).max;
        for (uint256 i = count; i > 0; --i) {
            uint256 extent;
            uint256 place = extents + 4 * (i - 1);
            assembly ("memory-safe") {
                extent := shr(224, calldataload(place))
            }
            uint256 index = position % extent;
            position /= extent;
            if (i == count) last = index;
            end = Program.setIndex(end, LOCALS + 32 * (first + i - 1), index);
        }
    }

    /// @dev Writes the operands' records.
    function _addOperands(Translation memory t, Context calldata context) private pure {
        uint256 out = t.out;
        uint256 end = t.header.stepAt;
        for (uint256 record = t.header.operandsAt; record < end; record += 14) {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(record)
            }
            uint256 space = word >> 248;
            uint256 first = uint64(word >> 176);
            uint256 length = uint32(word >> 144) * Descriptor.sizeOf(uint8(word >> 240));
            uint256 limit =
                space == 0
                    ? context.firstChunk
                    : space == 1
                        ? context.weightsChunks
                        : context.inputChunks;
            if (first + ((length + 255) >> 8) > limit) length = 0;
            assembly ("memory-safe") {
                mstore(out, or(shl(128, space), or(shl(64, first), length)))
            }
            out += 32;
        }
        t.out = out;
    }

    /// @dev Checks the witness and writes its chunks.
    function _addWitness(Translation memory t, Context calldata context, bytes calldata witness) private pure {
        uint256 total;
        for (uint256 space = 0; space < 3; ++space) {
            if (witness.length == 0 || uint8(witness[0]) > 1) revert WitnessMalformed();
            bool present = witness[0] != 0;
            witness = witness[1:];
            uint256 out = t.out;
            if (present) {
                assembly ("memory-safe") {
                    mstore(0x40, out)
                }
                (uint256 chunks, uint256 length) = _checkProof(context, witness, space);
                total += chunks;
                if (total > MAX_CHUNKS) revert TooManyChunks(total);
                assembly ("memory-safe") {
                    let size := add(2, mul(260, chunks))
                    calldatacopy(out, witness.offset, size)
                    out := add(out, size)
                }
                witness = witness[length:];
            } else {
                assembly ("memory-safe") {
                    mstore(out, 0)
                    out := add(out, 2)
                }
            }
            t.out = out;
        }
        if (witness.length != 0) revert WitnessMalformed();
    }

    function _checkProof(
        Context calldata context,
        bytes calldata witness,
        uint256 space
    ) private pure returns (uint256 chunks, uint256 length) {
        bytes32 expected =
            space == 0
                ? context.traceRoot
                : space == 1
                    ? context.weightsRoot
                    : context.inputRoot;
        uint256 count =
            space == 0
                ? context.traceChunks
                : space == 1
                    ? context.weightsChunks
                    : context.inputChunks;
        bytes32 given;
        (given, chunks, length) = ChunkTree.rootFromMultiproof(witness, count);
        if (given != expected) revert RootMismatch(space, expected, given);
    }

    /// @dev What a run to step `to` gives: an element, or the accumulator.
    function _resultType(Header memory h, uint256 to) private pure returns (Dtype) {
        if (to == h.steps) return Dtype(h.dtype);
        return h.accumulator == F64_ACCUMULATOR ? Dtype.F64 : Dtype.I64;
    }

    /// @dev Runs the code, which is never deployed: it reverts with its result.
    /// @return value the result as an element of type `dtype`
    function _execute(Translation memory t, Dtype dtype) private returns (bytes8 value) {
        uint256 base = t.base;
        uint256 length = t.out - base;
        uint256 returned;
        uint256 word;
        assembly ("memory-safe") {
            pop(create(0, base, length))
            returned := returndatasize()
            returndatacopy(base, 0x00, returned)
            word := mload(base)
            if gt(returned, 0x20) {
                revert(base, returned)
            }
        }
        // Nothing is returned by a run that ended with an exception.
        if (returned != 0x20) revert OutOfGas();
        assembly ("memory-safe") {
            mstore(base, 0)
        }
        Elements.store(dtype, base, word);
        assembly ("memory-safe") {
            value := mload(base)
        }
    }
}
