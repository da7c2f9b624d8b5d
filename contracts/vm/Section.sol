// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elements} from "../lib/Elements.sol";
import {LOCALS} from "./MemoryMap.sol";
import {
    F64,
    I64,
    LOAD,
    MAX_OPERANDS,
    ONE_CONSTANT,
    ONE_VALUE,
    ROUND_TO_F32,
    SELECT_F64,
    SELECT_I64,
    TRUNC_SAT
} from "./Opcodes.sol";

/// @dev In memory: the types of the local variables, two bits each, 0 if unset; the number of those that are read-only.
uint256 constant LOCAL_TYPES = 0x1800;
uint256 constant READ_ONLY = 0x1820;

/// @title Translation of a section of kernel code to EVM code
/// @notice One pass checks and translates. Operands stay on the EVM's stack; local variables are in memory.
library Section {
    uint256 private constant LOCAL_GET = 0x20;
    uint256 private constant LOCAL_SET = 0x21;
    uint256 private constant LOCAL_TEE = 0x22;
    uint256 private constant CALL = 0x10;
    uint256 private constant SELECT = 0x1b;
    uint256 private constant I64_CONST = 0x42;
    uint256 private constant F64_CONST = 0x44;

    uint256 private constant CONSTANT = ONE_VALUE | ONE_CONSTANT;
    /// @dev Beyond the end of any section: where the translation goes on after an instruction that is malformed.
    uint256 private constant NOWHERE = 1 << 128;

    /// @dev Translates the code from `cursor` to `end` in calldata. Stops at the first instruction that cannot be read;
    /// what else is wrong does not stop it.
    /// @param base where in memory the EVM code's address 0 is
    /// @param result the type that the section must leave
    /// @param out where in memory the EVM code goes, and then ends
    /// @return ok whether the section keeps all rules but the limits on its tally
    /// @return tally instructions and cost, see `Opcodes`
    /// @return next the end of the EVM code
    function translate(
        uint256 cursor,
        uint256 end,
        uint256 base,
        uint256 result,
        uint256 out
    ) internal pure returns (bool ok, uint256 tally, uint256 next) {
        uint256 types;
        uint256 bad;
        next = out;
        while (cursor < end) {
            uint256 opcode;
            uint256 entry;
            assembly {
                opcode := byte(0, calldataload(cursor))
                entry := mload(shl(5, opcode))
            }
            if (opcode == LOCAL_GET) {
                assembly {
                    let x := byte(1, calldataload(cursor))
                    // 0 for a variable that is unset or above 63
                    let t := and(shr(add(x, x), mload(LOCAL_TYPES)), 3)
                    bad := or(bad, iszero(t))
                    types := or(shl(2, types), t)
                    // PUSH2 address MLOAD
                    mstore(next, or(shl(224, 0x61000051), shl(232, add(LOCALS, shl(5, x)))))
                    next := add(next, 4)
                    cursor := add(cursor, 2)
                }
            } else if (opcode == I64_CONST) {
                (cursor, next) = _i64Const(cursor, next);
                types = (types << 2) | I64;
                tally += CONSTANT;
            } else if (opcode == F64_CONST) {
                (cursor, next) = _f64Const(cursor, next);
                types = (types << 2) | F64;
                tally += CONSTANT;
            } else if (opcode == LOCAL_SET || opcode == LOCAL_TEE) {
                bad |= _set(cursor, types & 3);
                if (opcode == LOCAL_SET) types >>= 2;
                next = _emitSet(cursor, next, opcode);
                cursor += 2;
            } else {
                if (entry >> 248 == 0) (entry, cursor) = _entry(opcode, cursor, types);
                assembly {
                    bad := or(bad, xor(and(types, byte(21, entry)), byte(22, entry)))
                    types := or(shl(2, shr(byte(20, entry), types)), byte(23, entry))
                    tally := add(tally, and(entry, 0xffffffffffffffff))
                    mstore(next, add(entry, mul(byte(18, entry), shl(232, sub(next, base)))))
                    next := add(next, byte(19, entry))
                    cursor := add(cursor, 1)
                }
            }
            // The stack holds 32 values.
            bad |= types >> 64;
        }
        ok = cursor == end && types == result && bad == 0;
    }

    /// @dev The entry of an instruction of two bytes, or of `select`; also the address of its last byte.
    function _entry(uint256 opcode, uint256 cursor, uint256 types) private pure returns (uint256 entry, uint256 last) {
        uint256 second;
        assembly {
            second := byte(1, calldataload(cursor))
        }
        uint256 id;
        last = cursor + 1;
        if (opcode == CALL && second < MAX_OPERANDS) {
            id = LOAD + second;
        } else if (opcode == SELECT) {
            last = cursor;
            id = (types >> 2) & 3 == I64 ? SELECT_I64 : SELECT_F64;
        } else if (opcode == 0xb6 && second == 0xbb) {
            id = ROUND_TO_F32;
        } else if (opcode == 0xfc && second == 0x06) {
            id = TRUNC_SAT;
        } else {
            return (0, NOWHERE);
        }
        assembly {
            entry := mload(shl(5, id))
        }
        if (entry == 0) last = NOWHERE;
    }

    /// @dev Sets the type of the variable of local.set or local.tee at `cursor` to t; returns 0 if it may be set.
    function _set(uint256 cursor, uint256 t) private pure returns (uint256 bad) {
        assembly {
            let x := byte(1, calldataload(cursor))
            let types := mload(LOCAL_TYPES)
            let old := and(shr(add(x, x), types), 3)
            mstore(LOCAL_TYPES, or(types, shl(add(x, x), t)))
            // require(READ_ONLY <= x < 64 && t is i64 or f64 && (old == 0 || old == t));
            bad := or(lt(x, mload(READ_ONLY)), gt(x, 63))
            bad := or(bad, or(iszero(and(add(t, 1), 2)), mul(old, xor(old, t))))
        }
    }

    function _emitSet(uint256 cursor, uint256 out, uint256 opcode) private pure returns (uint256 next) {
        assembly {
            next := out
            // DUP1
            if eq(opcode, LOCAL_TEE) {
                mstore8(next, 0x80)
                next := add(next, 1)
            }
            // PUSH2 address MSTORE
            let x := byte(1, calldataload(cursor))
            mstore(next, or(shl(224, 0x61000052), shl(232, add(LOCALS, shl(5, x)))))
            next := add(next, 4)
        }
    }

    /// @dev Translates the i64.const at `cursor` to PUSH, and NOT for a negative id.
    function _i64Const(uint256 cursor, uint256 out) private pure returns (uint256 end, uint256 next) {
        assembly {
            let word := shl(8, calldataload(cursor))
            let last := byte(0, word)
            let value := and(last, 0x7f)
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
            end := add(add(cursor, 1), length)

            let sign := sar(255, value)
            value := xor(value, sign)
            next := out
            switch lt(value, 0x100)
            case 1 {
                // PUSH1 value [NOT]
                mstore(next, or(shl(224, 0x60001900), shl(240, value)))
                next := add(next, 2)
            }
            default {
                // PUSH8 value [NOT]
                mstore(next, or(0x6700000000000000001900000000000000000000000000000000000000000000, shl(184, value)))
                next := add(next, 9)
            }
            next := sub(next, sign)
        }
    }

    /// @dev Translates the f64.const at `cursor` to PUSH32 of a Float64.
    function _f64Const(uint256 cursor, uint256 out) private pure returns (uint256 end, uint256 next) {
        assembly ("memory-safe") {
            mstore(0x00, calldataload(add(cursor, 1)))
        }
        uint256 value = Elements.loadF64(0x00);
        assembly {
            mstore8(out, 0x7f)
            mstore(add(out, 1), value)
            next := add(out, 33)
            end := add(cursor, 9)
        }
    }
}
