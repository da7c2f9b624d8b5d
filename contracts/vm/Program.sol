// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Header} from "./Descriptor.sol";
import {LOCALS, OPERAND_STRIDE} from "./MemoryMap.sol";

/// @title The frame around a kernel's sections in EVM code
/// @dev Functions write code at `out` in memory, whose address in the code is `position`, and return its end. Code is
/// written a word at a time, from the top: what a word has beyond the code is overwritten by what follows.
library Program {
    /// @dev Byte `i` is the binary logarithm of the size of the dtype with id `i`.
    uint256 private constant SIZE_LOGS = 0x0002030000010102020300 << 168;

    // --- Operands ---

    /// @dev The routine that loads from operand k.
    /// @param routines addresses of routines, see `KernelRuntime`
    function load(
        uint256 out,
        uint256 position,
        uint256 k,
        uint256 dtype,
        uint256 routines
    ) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            // [return, index]         JUMPDEST PUSH1 log2(size) SHL PUSH11 base ADD
            // [return, key]           DUP1 PUSH1 3 SHR PUSH2 SLOT_MASK AND MLOAD DUP2 ADD
            // [return, key, address]  DUP1 PUSH2 CHUNKS_END
            let code := 0x5b60001b6a0000000000000000000000018060031c611fe0165181018061c540
            code := or(code, shl(232, byte(dtype, SIZE_LOGS)))
            mstore(out, or(code, shl(128, mul(add(k, 1), OPERAND_STRIDE))))
            //                         GT PUSH2 hit JUMPI POP DUP1 PUSH2 hit SWAP1 PUSH2 find JUMP
            // [return, key, address]  hit: JUMPDEST SWAP1 POP
            code := 0x1161000057508061000090610000565b90500000000000000000000000000000
            let hit := add(position, 47)
            code := or(code, or(shl(224, hit), shl(176, hit)))
            mstore(add(out, 32), or(code, shl(144, and(routines, 0xffff))))
            end := add(out, 50)

            // [return, address]
            switch dtype
            case 3 {
                // loadI8: MLOAD PUSH1 248 SAR SWAP1 JUMP
                mstore(end, shl(208, 0x5160f81d9056))
                end := add(end, 6)
            }
            case 4 {
                // loadU8: MLOAD PUSH1 248 SHR SWAP1 JUMP
                mstore(end, shl(208, 0x5160f81c9056))
                end := add(end, 6)
            }
            default {
                // PUSH2 load JUMP
                mstore(end, or(shl(224, 0x61000056), shl(232, and(shr(shl(4, dtype), routines), 0xffff))))
                end := add(end, 4)
            }
        }
    }

    // --- Steps ---

    /// @dev What follows a step: its result becomes the accumulator, and the next step follows unless the last digit
    /// reaches its bound. Then, if steps are left, the digits before it advance.
    ///
    /// Between steps the stack holds the number of steps left when the last digit reaches its bound, and that bound.
    /// @param loop the address of the step
    function advance(uint256 out, uint256 position, uint256 loop, Header memory h) internal pure returns (uint256 end) {
        uint256 digit = LOCALS + 32 * (h.axes + h.digits - 1);
        assembly ("memory-safe") {
            // [left, bound, value]  PUSH2 accumulator MSTORE
            // [left, bound]         PUSH1 1 PUSH2 digit MLOAD ADD DUP1 PUSH2 digit MSTORE DUP2 GT PUSH2 loop JUMPI
            let code := or(shl(80, 0x61000052600161000051018061000052811161000057), shl(232, add(digit, 32)))
            mstore(out, or(code, or(or(shl(184, digit), shl(136, digit)), shl(88, loop))))
            end := add(out, 22)
        }
        if (h.digits > 1) end = _carry(end, position + 22, loop, h);
    }

    /// @dev Sets the last digit to 0, advances the one before it, and so on; then bounds the last digit anew.
    function _carry(uint256 out, uint256 position, uint256 loop, Header memory h) private pure returns (uint256 end) {
        // 12 bytes, 27 for each digit but the last, 24 bytes
        uint256 next = position + 12 + 27 * (h.digits - 1);
        uint256 digit = LOCALS + 32 * (h.axes + h.digits - 1);
        uint256 extentAt = h.digitsAt + 4 * (h.digits - 1);
        assembly ("memory-safe") {
            let extent := shr(224, calldataload(extentAt))
            // [left, bound]  POP DUP1 ISZERO PUSH2 done JUMPI PUSH0 PUSH2 digit MSTORE
            mstore(out, or(shl(160, 0x508015610000575f61000052), or(shl(208, add(next, 23)), shl(168, digit))))
            end := add(out, 12)
            for {
                let first := add(LOCALS, shl(5, mload(add(h, 0x40))))
            } gt(digit, first) {} {
                digit := sub(digit, 32)
                extentAt := sub(extentAt, 4)
                // [left]  PUSH1 1 PUSH2 digit MLOAD ADD DUP1 PUSH2 digit MSTORE PUSH4 extent GT PUSH2 next JUMPI
                //         PUSH0 PUSH2 digit MSTORE
                let code := or(shl(40, 0x600161000051018061000052630000000011610000575f61000052), shl(216, digit))
                code := or(code, or(shl(168, digit), shl(120, shr(224, calldataload(extentAt)))))
                mstore(end, or(code, or(shl(88, next), shl(48, digit))))
                end := add(end, 27)
            }
            // next: [left]  JUMPDEST PUSH4 extent DUP2 SUB DUP2 PUSH4 extent LT MUL DUP1 SWAP2 SUB PUSH2 loop JUMP
            // done:         JUMPDEST
            let code := or(shl(64, 0x5b630000000081038163000000001002809103610000565b), shl(208, extent))
            mstore(end, or(code, or(shl(144, extent), shl(80, loop))))
            end := add(end, 24)
        }
    }

    // --- Start ---

    /// @dev Sets the local variable at address `local`, which is 0 before.
    function setIndex(uint256 out, uint256 local, uint256 value) internal pure returns (uint256 end) {
        end = out;
        assembly ("memory-safe") {
            if value {
                // PUSH4 value PUSH2 local MSTORE
                mstore(out, or(shl(184, 0x630000000061000052), or(shl(216, value), shl(192, local))))
                end := add(out, 9)
            }
        }
    }

    /// @dev Sets the local variable at address `local`, which is 0 before.
    function setWord(uint256 out, uint256 local, uint256 word) internal pure returns (uint256 end) {
        end = out;
        assembly ("memory-safe") {
            if word {
                // PUSH32 word PUSH2 local MSTORE
                mstore8(out, 0x7f)
                mstore(add(out, 1), word)
                mstore(add(out, 33), or(shl(224, 0x61000052), shl(232, local)))
                end := add(out, 37)
            }
        }
    }

    /// @dev Takes in operands and chunks, which are in the code right behind this, and goes to `target`.
    function stage(
        uint256 out,
        uint256 position,
        uint256 operands,
        uint256 routines,
        uint256 target,
        uint256 left,
        uint256 bound
    ) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            // PUSH4 left PUSH4 bound PUSH2 target PUSH2 data PUSH1 operands PUSH2 stage JUMP
            let code := or(shl(80, 0x63000000006300000000610000610000600061000056), shl(216, left))
            code := or(code, or(or(shl(176, bound), shl(152, target)), shl(128, add(position, 22))))
            mstore(out, or(code, or(shl(112, operands), shl(88, and(shr(176, routines), 0xffff)))))
            end := add(out, 22)
        }
    }

    // --- End ---

    /// @dev Pushes the local variable at address `local`.
    function get(uint256 out, uint256 local) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            // PUSH2 local MLOAD
            mstore(out, or(shl(224, 0x61000051), shl(232, local)))
            end := add(out, 4)
        }
    }

    /// @dev Ends the run with the top of the stack as its result. Reverting costs nothing; returning would buy code.
    function finish(uint256 out) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            // PUSH0 MSTORE PUSH1 32 PUSH0 REVERT
            mstore(out, shl(208, 0x5f5260205ffd))
            end := add(out, 6)
        }
    }
}
