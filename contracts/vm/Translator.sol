// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Run} from "../interfaces/ITensorVM.sol";
import {Header} from "./Descriptor.sol";
import {Entries} from "./Entries.sol";
import {F64, I64} from "./Entry.sol";
import {KernelRuntime} from "./KernelRuntime.sol";
import {CODE, LOCALS, LOCAL_TYPES, READ_ONLY} from "./MemoryMap.sol";
import {Program} from "./Program.sol";
import {Section} from "./Section.sol";
import {MAX_LOADS, MAX_LOADS_AFTER_STEPS, Tally} from "./Tally.sol";

/// @title From a kernel to EVM code
/// @notice The code is, in this order: `KernelRuntime`, the operands' loads, the step and what leads to the next one,
/// `finish`, the start, and the operands' records and the chunks as data. Its first instruction jumps to the start.
abstract contract Translator is Entries {
    /// @dev All local variables i64
    uint256 private constant ALL_I64 = 0x5555555555555555;
    uint256 private constant F64_DTYPE = 2;

    /// @dev Where the code ends in memory, and the address in it of the first step, or of `finish` if there is none.
    struct Code {
        uint256 end;
        uint256 target;
    }

    /// @dev Writes all but the start.
    /// @param to the step where the code is to end
    /// @return ok false if the kernel is malformed
    /// @return step the tally of `step`
    function _translate(Code memory code, Header memory h, uint256 to) internal view returns (bool ok, Tally step) {
        _writeEntries();
        _begin(code, h);
        uint256 indices;
        unchecked {
            indices = h.axes + h.digits;
            // A JUMPDEST
            uint256 end = code.end;
            assembly ("memory-safe") {
                mstore8(end, 0x5b)
            }
            code.target = end - CODE;
            code.end = end + 1;
            if (h.accumulator != 0) {
                _setLocals(indices, h.accumulator << (2 * indices), indices + 1);
                (ok, step) = _section(code, h.stepAt, h.finishAt, h.accumulator, MAX_LOADS);
                if (!ok) return (false, step);
                code.end = Program.advance(code.end, code.end - CODE, code.target, h);
            }
        }
        ok = _finish(code, h, to, indices);
    }

    /// @dev Writes `finish`, or what gives the accumulator if the run ends before.
    function _finish(Code memory code, Header memory h, uint256 to, uint256 indices) private pure returns (bool ok) {
        uint256 start = code.end;
        uint256 result = h.dtype <= F64_DTYPE ? F64 : I64;
        if (h.accumulator == 0) {
            _setLocals(h.axes, 0, indices);
            (ok, ) = _section(code, h.finishAt, h.end, result, MAX_LOADS);
        } else {
            unchecked {
                _setLocals(h.axes, h.accumulator << (2 * indices), indices + 1);
            }
            (ok, ) = _section(code, h.finishAt, h.end, result, MAX_LOADS_AFTER_STEPS);
        }
        if (to != h.steps) code.end = Program.get(start, LOCALS + 32 * indices);
        code.end = Program.finish(code.end);
    }

    /// @dev Translates a section.
    function _section(
        Code memory code,
        uint256 start,
        uint256 end,
        uint256 result,
        uint256 maxLoads
    ) private pure returns (bool ok, Tally tally) {
        (ok, tally, code.end) = Section.translate(start, end, result, code.end);
        ok = ok && tally.isWithinLimits(maxLoads);
    }

    /// @dev Writes the runtime and the operands' loads.
    function _begin(Code memory code, Header memory h) private view {
        assembly ("memory-safe") {
            mstore(0x40, sub(CODE, 0x20))
        }
        bytes memory runtime = type(KernelRuntime).runtimeCode;
        unchecked {
            // 32 zeros: the runtime ends with metadata, and what looks like a PUSH there would swallow what follows.
            uint256 end = CODE + runtime.length + 32;
            uint256 record = h.operandsAt;
            uint256 count = h.operands;
            uint256 routines = _loads;
            for (uint256 k = 0; k < count; ++k) {
                uint256 dtype;
                assembly ("memory-safe") {
                    dtype := byte(1, calldataload(record))
                }
                _writeLoad(k, end - CODE, dtype <= F64_DTYPE ? F64 : I64);
                end = Program.load(end, end - CODE, k, dtype, routines);
                record += 14;
            }
            code.end = end;
        }
    }

    /// @dev Begins a section: the first `count` variables are i64, those of `types` are set too, others are not.
    function _setLocals(uint256 count, uint256 types, uint256 readOnly) private pure {
        assembly ("memory-safe") {
            mstore(LOCAL_TYPES, or(types, and(ALL_I64, sub(shl(add(count, count), 1), 1))))
            mstore(READ_ONLY, readOnly)
        }
    }

    /// @dev Writes the start: axes, digits and the accumulator get their values.
    function _start(Code memory code, Header memory h, Run calldata segment, uint256 accumulator) internal view {
        unchecked {
            uint256 end = code.end;
            assembly ("memory-safe") {
                // The code begins with PUSH2 start JUMP, and the start with a JUMPDEST.
                let first := or(shl(224, 0x61000056), shl(232, sub(end, CODE)))
                mstore(CODE, or(first, shr(32, shl(32, mload(CODE)))))
                mstore8(end, 0x5b)
            }
            (end, ) = _setIndices(end + 1, h.axesAt, h.digitsAt, LOCALS + 32 * h.axes, segment.element);
            uint256 left;
            uint256 bound;
            if (h.accumulator != 0) {
                uint256 local = LOCALS + 32 * (h.axes + h.digits);
                (end, bound) = _setIndices(end, h.digitsAt, h.operandsAt, local, segment.from);
                // The last digit can advance to this, if all digits but the last are to stay.
                left = bound + (segment.to - segment.from);
                bound = _extent(h.operandsAt - 4);
                if (left < bound) bound = left;
                left -= bound;
                end = Program.setWord(end, local, accumulator);
            }
            code.end = Program.stage(end, end - CODE, h.operands, _loads, code.target, left, bound);
        }
    }

    /// @dev Writes the row-major indices of `position` to the local variables before the one at address `local`.
    /// @param start the place of the first extent in calldata
    /// @param end the place behind the last one
    /// @return next where the code ends
    /// @return last the last index
    function _setIndices(
        uint256 out,
        uint256 start,
        uint256 end,
        uint256 local,
        uint256 position
    ) private pure returns (uint256 next, uint256 last) {
        next = out;
        unchecked {
            if (start < end) last = position % _extent(end - 4);
            while (start < end) {
                end -= 4;
                local -= 32;
                uint256 extent = _extent(end);
                next = Program.setIndex(next, local, position % extent);
                position /= extent;
            }
        }
    }

    function _extent(uint256 place) private pure returns (uint256 extent) {
        assembly ("memory-safe") {
            extent := shr(224, calldataload(place))
        }
    }
}
