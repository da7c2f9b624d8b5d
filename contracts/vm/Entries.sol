// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    F64,
    I32,
    I64,
    LOAD,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    ROUND_TO_F32,
    SELECT_F64,
    SELECT_I64,
    TRUNC_SAT
} from "./Entry.sol";
import {KernelRuntime} from "./KernelRuntime.sol";

import {Section} from "./Section.sol";
import {ONE_LOAD, ONE_VALUE} from "./Tally.sol";

/// @title What each instruction becomes
/// @dev See `Entry`.
abstract contract Entries {
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

    /// @dev SWAP2 DUP2 XOR SWAP1 SWAP2 MUL XOR: [t, u, c] -> [u ^ c * (t ^ u)]
    uint256 private constant SELECT = (0x91811890910218 << 200) | (7 << 96) | 90;

    // Entries with the addresses of routines in them.
    uint256 private immutable _f64Eq;
    uint256 private immutable _f64Ne;
    uint256 private immutable _f64Lt;
    uint256 private immutable _f64Gt;
    uint256 private immutable _f64Le;
    uint256 private immutable _f64Ge;
    uint256 private immutable _f64Abs;
    uint256 private immutable _f64Neg;
    uint256 private immutable _f64Ceil;
    uint256 private immutable _f64Floor;
    uint256 private immutable _f64Trunc;
    uint256 private immutable _f64Nearest;
    uint256 private immutable _f64Sqrt;
    uint256 private immutable _f64Add;
    uint256 private immutable _f64Sub;
    uint256 private immutable _f64Mul;
    uint256 private immutable _f64Div;
    uint256 private immutable _f64Min;
    uint256 private immutable _f64Max;
    uint256 private immutable _f64ConvertI64;
    uint256 private immutable _i64ReinterpretF64;
    uint256 private immutable _i64ShrU;
    uint256 private immutable _f64ReinterpretI64;
    uint256 private immutable _roundToF32;
    uint256 private immutable _truncSat;
    /// @dev Addresses of routines, see `KernelRuntime`.
    uint256 internal immutable _loads;

    constructor() {
        (uint256 arithmetic, uint256 conversions, uint256 loads) = abi.decode(
            address(new KernelRuntime()).code,
            (uint256, uint256, uint256)
        );
        _loads = loads;

        _f64Add = _swapped(arithmetic, 0) | F64_BINARY | TO_F64 | 600;
        _f64Sub = _binary(arithmetic, 1) | F64_BINARY | TO_F64 | 600;
        _f64Mul = _swapped(arithmetic, 2) | F64_BINARY | TO_F64 | 500;
        _f64Div = _binary(arithmetic, 3) | F64_BINARY | TO_F64 | 2000;
        _f64Min = _swapped(arithmetic, 4) | F64_BINARY | TO_F64 | 250;
        _f64Max = _swapped(arithmetic, 5) | F64_BINARY | TO_F64 | 250;
        _f64Eq = _swapped(arithmetic, 6) | F64_BINARY | TO_I32 | 200;
        _f64Ne = (_swapped(arithmetic, 6) + ((0x15 << 176) | (1 << 96))) | F64_BINARY | TO_I32 | 200; // eq ISZERO
        _f64Lt = _binary(arithmetic, 7) | F64_BINARY | TO_I32 | 200;
        _f64Gt = _swapped(arithmetic, 7) | F64_BINARY | TO_I32 | 200; // lt, the other way round
        _f64Le = _binary(arithmetic, 8) | F64_BINARY | TO_I32 | 200;
        _f64Ge = _swapped(arithmetic, 8) | F64_BINARY | TO_I32 | 200; // le, the other way round
        _f64Sqrt = _unary(arithmetic, 9) | F64_UNARY | TO_F64 | 2000;
        _f64Abs = _unary(arithmetic, 10) | F64_UNARY | TO_F64 | 90;
        _f64Neg = _unary(arithmetic, 11) | F64_UNARY | TO_F64 | 90;
        _f64Ceil = _unary(arithmetic, 12) | F64_UNARY | TO_F64 | 250;
        _f64Floor = _unary(arithmetic, 13) | F64_UNARY | TO_F64 | 250;
        _f64Trunc = _unary(arithmetic, 14) | F64_UNARY | TO_F64 | 250;
        _f64Nearest = _unary(arithmetic, 15) | F64_UNARY | TO_F64 | 250;

        _roundToF32 = _unary(conversions, 0) | F64_UNARY | TO_F64 | 400;
        _f64ConvertI64 = _unary(conversions, 1) | I64_UNARY | TO_F64 | 400;
        _truncSat = _unary(conversions, 2) | F64_UNARY | TO_I64 | 300;
        _f64ReinterpretI64 = _unary(conversions, 3) | I64_UNARY | TO_F64 | 90;
        _i64ReinterpretF64 = _unary(conversions, 4) | F64_UNARY | TO_I64 | 100;
        _i64ShrU = _swapped(conversions, 5) | I64_BINARY | TO_I64 | 90;
    }

    function _unary(uint256 routines, uint256 index) private pure returns (uint256) {
        return CALL_UNARY | (((routines >> (16 * index)) & 0xffff) << 200);
    }

    function _swapped(uint256 routines, uint256 index) private pure returns (uint256) {
        return CALL_SWAPPED | (((routines >> (16 * index)) & 0xffff) << 200);
    }

    function _binary(uint256 routines, uint256 index) private pure returns (uint256) {
        return CALL_BINARY | (((routines >> (16 * index)) & 0xffff) << 192);
    }

    /// @dev Writes all entries but those of loads.
    function _writeEntries() internal view {
        _set(0x20, LOCAL_GET);
        _set(0x21, LOCAL_SET);
        _set(0x22, LOCAL_TEE);
        _setTranslator(0x10, Section.load);
        _setTranslator(0x1b, Section.select);
        _setTranslator(0x42, Section.i64Const);
        _setTranslator(0x44, Section.f64Const);
        _setTranslator(0xb6, Section.roundToF32);
        _setTranslator(0xfc, Section.truncSat);
        _writeComparisons();
        _writeIntegers();
        _writeFloats();
        _set(SELECT_I64, SELECT | I64_SELECTION);
        _set(SELECT_F64, SELECT | F64_SELECTION);
    }

    function _writeComparisons() private view {
        // i64: values are sign-extended to 256 bits, which keeps both orders. The EVM compares the top of the stack
        // with the value below it.
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

        _set(0x61, _f64Eq);
        _set(0x62, _f64Ne);
        _set(0x63, _f64Lt);
        _set(0x64, _f64Gt);
        _set(0x65, _f64Le);
        _set(0x66, _f64Ge);

        _set(0x71, (0x16 << 248) | (1 << 96) | I32_BINARY | TO_I32 | 90); // i32.and: AND
        _set(0x72, (0x17 << 248) | (1 << 96) | I32_BINARY | TO_I32 | 90); // i32.or: OR
    }

    function _writeIntegers() private view {
        // What may leave the range ends with PUSH1 7 SIGNEXTEND. SDIV and SMOD give 0 for a divisor 0.
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
        _set(0x88, _i64ShrU);
    }

    function _writeFloats() private view {
        _set(0x99, _f64Abs);
        _set(0x9a, _f64Neg);
        _set(0x9b, _f64Ceil);
        _set(0x9c, _f64Floor);
        _set(0x9d, _f64Trunc);
        _set(0x9e, _f64Nearest);
        _set(0x9f, _f64Sqrt);
        _set(0xa0, _f64Add);
        _set(0xa1, _f64Sub);
        _set(0xa2, _f64Mul);
        _set(0xa3, _f64Div);
        _set(0xa4, _f64Min);
        _set(0xa5, _f64Max);

        // i64.extend_i32_u: nothing. A condition is 0 or 1 already.
        _set(0xad, (0x5b << 248) | (0 << 96) | I32_UNARY | TO_I64 | 90);
        _set(0xb9, _f64ConvertI64);
        _set(0xbd, _i64ReinterpretF64);
        _set(0xbf, _f64ReinterpretI64);
        _set(ROUND_TO_F32, _roundToF32);
        _set(TRUNC_SAT, _truncSat);
    }

    /// @dev Writes the entry of loads from an operand with values of type `t`, whose load is at `routine`.
    function _writeLoad(uint256 operand, uint256 routine, uint256 t) internal pure {
        _set(LOAD + operand, (CALL_UNARY | I64_UNARY | ONE_LOAD | 45_000) | (routine << 200) | (t << 64));
    }

    function _set(uint256 id, uint256 entry) private pure {
        assembly ("memory-safe") {
            mstore(shl(5, id), entry)
        }
    }

    function _setTranslator(
        uint256 id,
        function(uint256, uint256, uint256, uint256) pure returns (uint256, uint256, uint256, uint256) translator
    ) private pure {
        assembly ("memory-safe") {
            mstore(shl(5, id), translator)
        }
    }
}
