// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elements} from "../lib/Elements.sol";
import {CODE, LOCAL_TYPES, READ_ONLY, SOURCE} from "./MemoryMap.sol";
import {
    F64,
    I64,
    LOAD,
    LOCAL_GET,
    LOCAL_SET,
    MAX_OPERANDS,
    ROUND_TO_F32,
    SELECT_F64,
    SELECT_I64,
    TRUNC_SAT
} from "./Entry.sol";
import {ONE_CONSTANT, ONE_VALUE, Tally} from "./Tally.sol";

/// @title Translation of a section of kernel code to EVM code
/// @notice One pass checks and translates. Operands stay on the EVM's stack; local variables are in memory.
///
/// The state of the translation: `cursor`, where in memory the next instruction is; `next`, where its EVM code goes;
/// `types` of the values on the stack, two bits each, the top lowest; `tally`, see `Tally`. When an instruction cannot
/// be read or breaks a rule, the cursor goes `NOWHERE`.
library Section {
    uint256 private constant CONSTANT = ONE_VALUE | ONE_CONSTANT;
    /// @dev Behind the end of any section.
    uint256 private constant NOWHERE = 1 << 128;
    /// @dev PUSH2 LOCALS MLOAD, and DUP1 PUSH2 LOCALS MSTORE, at the top of the word
    uint256 private constant GET_CODE = 0x6120005100000000000000000000000000000000000000000000000000000000;
    uint256 private constant TEE_CODE = 0x8061200052000000000000000000000000000000000000000000000000000000;

    /// @dev Translates the code from `start` to `end` in calldata.
    /// @param result the type that the section must leave
    /// @param out where in memory the EVM code goes
    /// @return ok whether the section keeps all rules but the limits on its tally
    /// @return total the section's tally
    /// @return next where the EVM code ends
    function translate(
        uint256 start,
        uint256 end,
        uint256 result,
        uint256 out
    ) internal pure returns (bool ok, Tally total, uint256 next) {
        next = out;
        uint256 tally;
        uint256 types;
        uint256 bad;
        uint256 cursor = SOURCE;
        end = _copy(start, end);
        while (cursor < end) {
            uint256 entry;
            assembly ("memory-safe") {
                for {} 1 {} {
                    entry := mload(shl(5, byte(0, mload(cursor))))
                    if shr(248, entry) {
                        cursor := add(cursor, 1)
                        bad := or(bad, xor(and(types, byte(21, entry)), byte(22, entry)))
                        types := or(shl(2, shr(byte(20, entry), types)), byte(23, entry))
                        tally := add(tally, entry)
                        mstore(next, add(entry, mul(byte(18, entry), shl(232, sub(next, CODE)))))
                        next := add(next, byte(19, entry))
                        continue
                    }
                    if lt(entry, LOCAL_GET) {
                        break
                    }
                    let x := byte(1, mload(cursor))
                    cursor := add(cursor, 2)
                    // 0 for a variable that is unset or above 63
                    let t := and(shr(add(x, x), mload(LOCAL_TYPES)), 3)
                    if eq(entry, LOCAL_GET) {
                        types := or(shl(2, types), t)
                        // The stack holds 32 values.
                        bad := or(bad, or(shr(64, types), iszero(t)))
                        mstore(next, add(GET_CODE, shl(237, x)))
                        next := add(next, 4)
                        continue
                    }
                    // require(READ_ONLY <= x < 64 && top is i64 or f64 && (t == 0 || t == top));
                    let top := and(types, 3)
                    bad := or(bad, or(lt(x, mload(READ_ONLY)), gt(x, 63)))
                    bad := or(bad, or(iszero(and(add(top, 1), 2)), mul(t, xor(t, top))))
                    mstore(LOCAL_TYPES, or(mload(LOCAL_TYPES), shl(add(x, x), top)))
                    // local.set is local.tee without the DUP1 and takes the value away.
                    let isSet := eq(entry, LOCAL_SET)
                    types := shr(add(isSet, isSet), types)
                    mstore(next, shl(shl(3, isSet), add(TEE_CODE, shl(229, x))))
                    next := add(next, sub(5, isSet))
                }
            }
            if (entry == 0) break;
            (cursor, next, types, tally) = _translator(entry)(cursor, next, types, tally);
        }
        ok = cursor == end && types == result && bad == 0;
        total = Tally.wrap(tally);
    }

    /// @dev Copies a section to `SOURCE` and returns its end there.
    function _copy(uint256 start, uint256 end) private pure returns (uint256 last) {
        assembly ("memory-safe") {
            // Opcodes 0 to 2 have their entries in the scratch space and in the place of the free memory pointer.
            mstore(0x00, 0)
            mstore(0x20, 0)
            mstore(0x40, 0)
            // Zeros, no instruction, behind the code: who reads it needs not look for the end.
            last := add(SOURCE, sub(end, start))
            mstore(last, 0)
            calldatacopy(SOURCE, start, sub(end, start))
        }
    }

    function _translator(
        uint256 entry
    )
        private
        pure
        returns (
            function(uint256, uint256, uint256, uint256) pure returns (uint256, uint256, uint256, uint256) translator
        )
    {
        assembly ("memory-safe") {
            translator := entry
        }
    }

    // --- Instructions with an immediate ---

    /// @dev i64.const becomes PUSH, and NOT for a negative number.
    function i64Const(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        uint256 value;
        (cursor, value) = _signed(cursor + 1);
        assembly ("memory-safe") {
            let sign := sar(255, value)
            value := xor(value, sign)
            switch lt(value, 0x100)
            case 1 {
                // PUSH1 value NOT
                mstore(next, or(0x6000190000000000000000000000000000000000000000000000000000000000, shl(240, value)))
                next := add(next, 2)
            }
            default {
                // PUSH8 value NOT
                mstore(next, or(0x6700000000000000001900000000000000000000000000000000000000000000, shl(184, value)))
                next := add(next, 9)
            }
            next := sub(next, sign)
            types := or(shl(2, types), I64)
        }
        return (_checkHeight(cursor, types), next, types, tally + CONSTANT);
    }

    /// @dev f64.const becomes PUSH32 of the number's word.
    function f64Const(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        unchecked {
            uint256 word = Elements.loadF64(cursor + 1);
            assembly ("memory-safe") {
                mstore8(next, 0x7f)
                mstore(add(next, 1), word)
                types := or(shl(2, types), F64)
            }
            return (_checkHeight(cursor + 9, types), next + 33, types, tally + CONSTANT);
        }
    }

    /// @dev call: a load.
    function load(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        uint256 operand = _second(cursor);
        return _apply(operand < MAX_OPERANDS ? LOAD + operand : 0, cursor + 2, next, types, tally);
    }

    // --- Instructions with one or two bytes ---

    function select(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        return _apply((types >> 2) & 3 == I64 ? SELECT_I64 : SELECT_F64, cursor + 1, next, types, tally);
    }

    /// @dev f32.demote_f64 and f64.promote_f32
    function roundToF32(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        return _apply(_second(cursor) == 0xbb ? ROUND_TO_F32 : 0, cursor + 2, next, types, tally);
    }

    /// @dev i64.trunc_sat_f64_s
    function truncSat(
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) internal pure returns (uint256, uint256, uint256, uint256) {
        return _apply(_second(cursor) == 0x06 ? TRUNC_SAT : 0, cursor + 2, next, types, tally);
    }

    /// @dev Translates by the entry with number `id`. An entry that is not there is one of opcode 0, or of an operand
    /// that the kernel does not have: all zeros.
    function _apply(
        uint256 id,
        uint256 cursor,
        uint256 next,
        uint256 types,
        uint256 tally
    ) private pure returns (uint256, uint256, uint256, uint256) {
        assembly ("memory-safe") {
            // As in `translate`.
            let entry := mload(shl(5, id))
            if or(iszero(entry), xor(and(types, byte(21, entry)), byte(22, entry))) {
                cursor := NOWHERE
            }
            types := or(shl(2, shr(byte(20, entry), types)), byte(23, entry))
            tally := add(tally, entry)
            mstore(next, add(entry, mul(byte(18, entry), shl(232, sub(next, CODE)))))
            next := add(next, byte(19, entry))
        }
        return (cursor, next, types, tally);
    }

    /// @dev Reads a signed 64-bit LEB128 number.
    function _signed(uint256 cursor) private pure returns (uint256 end, uint256 value) {
        assembly ("memory-safe") {
            let word := mload(cursor)
            let last := byte(0, word)
            value := and(last, 0x7f)
            let length := 1
            for {} and(last, 0x80) {} {
                let previous := last
                last := byte(length, word)
                value := or(value, shl(mul(7, length), and(last, 0x7f)))
                length := add(length, 1)
                // Not minimal: the last byte only repeats the sign of those before it.
                if eq(last, mul(0x7f, and(shr(6, previous), 1))) {
                    length := NOWHERE
                }
                // Ten bytes have 70 bits: the last 7 must be equal. Eleven are too many.
                if gt(length, 9) {
                    if or(and(last, 0x80), and(add(last, 1), 0x7e)) {
                        length := NOWHERE
                    }
                    break
                }
            }
            value := sub(value, shl(mul(7, length), and(shr(6, last), 1)))
            end := add(cursor, length)
        }
    }

    function _second(uint256 cursor) private pure returns (uint256 second) {
        assembly ("memory-safe") {
            second := byte(1, mload(cursor))
        }
    }

    /// @dev The stack holds 32 values.
    function _checkHeight(uint256 cursor, uint256 types) private pure returns (uint256) {
        return types >> 64 == 0 ? cursor : NOWHERE;
    }
}
