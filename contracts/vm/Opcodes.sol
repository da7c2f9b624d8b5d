// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Types of values on the stack, two bits each.
uint256 constant I64 = 1;
uint256 constant F64 = 2;
uint256 constant I32 = 3;

/// @dev What an instruction adds to a section's tally: its cost, and above 2^25 one instruction that produces a value.
uint256 constant ONE_VALUE = 1 << 25;
uint256 constant ONE_LOAD = 1 << 40;
uint256 constant ONE_CONSTANT = 1 << 50;

/// @dev The most operands that a kernel can have.
uint256 constant MAX_OPERANDS = 16;

/// @dev Numbers of entries that do not stand for one byte: of loads from operand 0 and those after it, of
/// f32.demote_f64 and f64.promote_f32, of i64.trunc_sat_f64_s, and of select.
uint256 constant LOAD = 0x100;
uint256 constant ROUND_TO_F32 = 0x110;
uint256 constant TRUNC_SAT = 0x111;
uint256 constant SELECT_I64 = 0x112;
uint256 constant SELECT_F64 = 0x113;
/// @dev Where the entries end in memory.
uint256 constant ENTRIES_END = 0x2280;

/// @title What each instruction becomes
/// @notice An **entry** says all about an instruction. Bit 0 is the least significant.
///
/// | bits    | field   | meaning                                                                  |
/// |---------|---------|--------------------------------------------------------------------------|
/// | 112-255 | code    | EVM code, from the top                                                   |
/// | 104-111 | call    | 1 if the code's second and third byte are to be increased by its address |
/// | 96-103  | length  | bytes of the code                                                        |
/// | 88-95   | shift   | twice the number of operands                                             |
/// | 80-87   | mask    | `2^shift - 1`                                                            |
/// | 72-79   | pattern | types of the operands, the top of the stack lowest                       |
/// | 64-71   | result  | type of the result                                                       |
/// | 0-63    | tally   | what it adds to the section's tally                                      |
library Opcodes {
    uint256 private constant TO_I64 = I64 << 64;
    uint256 private constant TO_F64 = F64 << 64;
    uint256 private constant TO_I32 = I32 << 64;

    uint256 private constant I32_UNARY = ONE_VALUE | (2 << 88) | (0x03 << 80) | (0x03 << 72);
    uint256 private constant I32_BINARY = ONE_VALUE | (4 << 88) | (0x0f << 80) | (0x0f << 72);
    uint256 private constant I64_UNARY = ONE_VALUE | (2 << 88) | (0x03 << 80) | (0x01 << 72);
    uint256 private constant I64_BINARY = ONE_VALUE | (4 << 88) | (0x0f << 80) | (0x05 << 72);
    uint256 private constant F64_UNARY = ONE_VALUE | (2 << 88) | (0x03 << 80) | (0x02 << 72);
    uint256 private constant F64_BINARY = ONE_VALUE | (4 << 88) | (0x0f << 80) | (0x0a << 72);
    uint256 private constant I64_SELECTION = ONE_VALUE | (6 << 88) | (0x3f << 80) | (0x17 << 72) | TO_I64;
    uint256 private constant F64_SELECTION = ONE_VALUE | (6 << 88) | (0x3f << 80) | (0x2b << 72) | TO_F64;

    // Calls of routines. The return address is first the distance from the start of this code.
    /// @dev [x] -> [routine(x)]: PUSH2 8 SWAP1 PUSH2 routine JUMP JUMPDEST
    uint256 private constant CALL_UNARY = (0x61000890610000565b << 184) | (1 << 104) | (9 << 96);
    /// @dev [a, b] -> [routine(b, a)]: PUSH2 8 SWAP2 PUSH2 routine JUMP JUMPDEST
    uint256 private constant CALL_SWAPPED = (0x61000891610000565b << 184) | (1 << 104) | (9 << 96);
    /// @dev [a, b] -> [routine(a, b)]: PUSH2 9 SWAP2 SWAP1 PUSH2 routine JUMP JUMPDEST
    uint256 private constant CALL_BINARY = (0x6100099190610000565b << 176) | (1 << 104) | (10 << 96);
    uint256 private constant SHL_200 = 1 << 200;
    uint256 private constant SHL_192 = 1 << 192;

    /// @dev SWAP2 DUP2 XOR SWAP1 SWAP2 MUL XOR: [t, u, c] -> [u ^ c * (t ^ u)]
    uint256 private constant SELECT = (0x91811890910218 << 200) | (7 << 96) | 90;

    /// @dev Writes the entries of the instructions of one byte, opcode c's to address `32 * c`.
    /// @param low, high the addresses of sixteen routines each, see `KernelRuntime.entries`
    function load(uint256 low, uint256 high) internal pure {
        _loadIntegers();
        _loadFloats(low);
        _loadConversions(high);
        // select, by type
        _set(SELECT_I64, SELECT | I64_SELECTION);
        _set(SELECT_F64, SELECT | F64_SELECTION);
    }

    function _loadIntegers() private pure {
        // i64 comparisons. Values are sign-extended to 256 bits, which keeps both orders. The EVM compares the top of
        // the stack with the value below it.
        _set(0x45, (0x15 << 248) | (1 << 96) | I32_UNARY | TO_I32 | 90); // i32.eqz: ISZERO
        _set(0x50, (0x15 << 248) | (1 << 96) | I64_UNARY | TO_I32 | 90); // eqz: ISZERO
        _set(0x51, (0x14 << 248) | (1 << 96) | I64_BINARY | TO_I32 | 90); // eq: EQ
        _set(0x52, (0x1415 << 240) | (2 << 96) | I64_BINARY | TO_I32 | 90); // ne: EQ ISZERO
        _set(0x53, (0x13 << 248) | (1 << 96) | I64_BINARY | TO_I32 | 90); // lt_s: SGT
        _set(0x54, (0x11 << 248) | (1 << 96) | I64_BINARY | TO_I32 | 90); // lt_u: GT
        _set(0x55, (0x12 << 248) | (1 << 96) | I64_BINARY | TO_I32 | 90); // gt_s: SLT
        _set(0x56, (0x10 << 248) | (1 << 96) | I64_BINARY | TO_I32 | 90); // gt_u: LT
        _set(0x57, (0x1215 << 240) | (2 << 96) | I64_BINARY | TO_I32 | 90); // le_s: SLT ISZERO
        _set(0x58, (0x1015 << 240) | (2 << 96) | I64_BINARY | TO_I32 | 90); // le_u: LT ISZERO
        _set(0x59, (0x1315 << 240) | (2 << 96) | I64_BINARY | TO_I32 | 90); // ge_s: SGT ISZERO
        _set(0x5a, (0x1115 << 240) | (2 << 96) | I64_BINARY | TO_I32 | 90); // ge_u: GT ISZERO

        _set(0x71, (0x16 << 248) | (1 << 96) | I32_BINARY | TO_I32 | 90); // i32.and: AND
        _set(0x72, (0x17 << 248) | (1 << 96) | I32_BINARY | TO_I32 | 90); // i32.or: OR

        // i64 arithmetic. What may leave the range ends with PUSH1 7 SIGNEXTEND. SDIV and SMOD give 0 for a divisor 0.
        _set(0x7c, (0x0160070b << 224) | (4 << 96) | I64_BINARY | TO_I64 | 90); // add: ADD ...
        _set(0x7d, (0x900360070b << 216) | (5 << 96) | I64_BINARY | TO_I64 | 90); // sub: SWAP1 SUB ...
        _set(0x7e, (0x0260070b << 224) | (4 << 96) | I64_BINARY | TO_I64 | 90); // mul: MUL ...
        _set(0x7f, (0x900560070b << 216) | (5 << 96) | I64_BINARY | TO_I64 | 150); // div_s: SWAP1 SDIV ...
        _set(0x81, (0x9007 << 240) | (2 << 96) | I64_BINARY | TO_I64 | 150); // rem_s: SWAP1 SMOD
        _set(0x83, (0x16 << 248) | (1 << 96) | I64_BINARY | TO_I64 | 90); // and: AND
        _set(0x84, (0x17 << 248) | (1 << 96) | I64_BINARY | TO_I64 | 90); // or: OR
        _set(0x85, (0x18 << 248) | (1 << 96) | I64_BINARY | TO_I64 | 90); // xor: XOR
        _set(0x86, (0x603f161b60070b << 200) | (7 << 96) | I64_BINARY | TO_I64 | 90); // shl: PUSH1 63 AND SHL ...
        _set(0x87, (0x603f161d << 224) | (4 << 96) | I64_BINARY | TO_I64 | 90); // shr_s: PUSH1 63 AND SAR
        // shr_u: PUSH1 63 AND PUSH1 192 OR SWAP1 PUSH1 192 SHL SWAP1 SHR ...
        _set(0x88, (0x603f1660c0179060c01b901c60070b << 136) | (15 << 96) | I64_BINARY | TO_I64 | 90);
    }

    function _loadFloats(uint256 low) private pure {
        // f64 comparisons
        _set(0x61, CALL_SWAPPED | F64_BINARY | TO_I32 | 200 | (_routine(low, 6) * SHL_200)); // eq
        // ne: eq ISZERO
        _set(
            0x62,
            ((CALL_SWAPPED | (0x15 << 176)) + (1 << 96)) | F64_BINARY | TO_I32 | 200 | (_routine(low, 6) * SHL_200)
        );
        _set(0x63, CALL_BINARY | F64_BINARY | TO_I32 | 200 | (_routine(low, 7) * SHL_192)); // lt
        _set(0x64, CALL_SWAPPED | F64_BINARY | TO_I32 | 200 | (_routine(low, 7) * SHL_200)); // gt: lt, swapped
        _set(0x65, CALL_BINARY | F64_BINARY | TO_I32 | 200 | (_routine(low, 8) * SHL_192)); // le
        _set(0x66, CALL_SWAPPED | F64_BINARY | TO_I32 | 200 | (_routine(low, 8) * SHL_200)); // ge: le, swapped

        // f64 arithmetic
        _set(0x99, CALL_UNARY | F64_UNARY | TO_F64 | 90 | (_routine(low, 10) * SHL_200)); // abs
        _set(0x9a, CALL_UNARY | F64_UNARY | TO_F64 | 90 | (_routine(low, 11) * SHL_200)); // neg
        _set(0x9b, CALL_UNARY | F64_UNARY | TO_F64 | 250 | (_routine(low, 12) * SHL_200)); // ceil
        _set(0x9c, CALL_UNARY | F64_UNARY | TO_F64 | 250 | (_routine(low, 13) * SHL_200)); // floor
        _set(0x9d, CALL_UNARY | F64_UNARY | TO_F64 | 250 | (_routine(low, 14) * SHL_200)); // trunc
        _set(0x9e, CALL_UNARY | F64_UNARY | TO_F64 | 250 | (_routine(low, 15) * SHL_200)); // nearest
        _set(0x9f, CALL_UNARY | F64_UNARY | TO_F64 | 2000 | (_routine(low, 9) * SHL_200)); // sqrt
        _set(0xa0, CALL_SWAPPED | F64_BINARY | TO_F64 | 600 | (_routine(low, 0) * SHL_200)); // add
        _set(0xa1, CALL_BINARY | F64_BINARY | TO_F64 | 600 | (_routine(low, 1) * SHL_192)); // sub
        _set(0xa2, CALL_SWAPPED | F64_BINARY | TO_F64 | 500 | (_routine(low, 2) * SHL_200)); // mul
        _set(0xa3, CALL_BINARY | F64_BINARY | TO_F64 | 2000 | (_routine(low, 3) * SHL_192)); // div
        _set(0xa4, CALL_SWAPPED | F64_BINARY | TO_F64 | 250 | (_routine(low, 4) * SHL_200)); // min
        _set(0xa5, CALL_SWAPPED | F64_BINARY | TO_F64 | 250 | (_routine(low, 5) * SHL_200)); // max
    }

    function _loadConversions(uint256 high) private pure {
        // A condition is 0 or 1 already.
        _set(0xad, (0x5b << 248) | (0 << 96) | I32_UNARY | TO_I64 | 90); // i64.extend_i32_u: nothing
        _set(0xb9, CALL_UNARY | I64_UNARY | TO_F64 | 400 | (_routine(high, 1) * SHL_200)); // f64.convert_i64_s
        // i64.reinterpret_f64: toBits PUSH1 7 SIGNEXTEND
        _set(
            0xbd,
            ((CALL_UNARY | (0x60070b << 160)) + (3 << 96)) | F64_UNARY | TO_I64 | 100 | (_routine(high, 4) * SHL_200)
        );
        _set(0xbf, CALL_UNARY | I64_UNARY | TO_F64 | 90 | (_routine(high, 3) * SHL_200)); // f64.reinterpret_i64

        _set(ROUND_TO_F32, CALL_UNARY | F64_UNARY | TO_F64 | 400 | (_routine(high, 0) * SHL_200));
        _set(TRUNC_SAT, CALL_UNARY | F64_UNARY | TO_I64 | 300 | (_routine(high, 2) * SHL_200));
    }

    /// @dev Writes the entry of loads from an operand with values of type `t`, whose load is at `routine`.
    function addLoad(uint256 operand, uint256 routine, uint256 t) internal pure {
        _set(LOAD + operand, (CALL_UNARY | I64_UNARY | ONE_LOAD | 45_000) | (routine * SHL_200) | (t << 64));
    }

    function _routine(uint256 words, uint256 index) private pure returns (uint256) {
        return (words >> (16 * index)) & 0xffff;
    }

    function _set(uint256 opcode, uint256 entry) private pure {
        assembly ("memory-safe") {
            mstore(shl(5, opcode), entry)
        }
    }
}
