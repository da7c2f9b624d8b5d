// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What an instruction becomes: its **entry**, a word. Bit 0 is the least significant.
//
// | bits    | field   | meaning                                                                  |
// |---------|---------|--------------------------------------------------------------------------|
// | 112-255 | code    | EVM code, from the top                                                   |
// | 104-111 | call    | 1 if the code's second and third byte are to be increased by its address |
// | 96-103  | length  | bytes of the code                                                        |
// | 88-95   | shift   | twice the number of operands                                             |
// | 80-87   | mask    | `2^shift - 1`                                                            |
// | 72-79   | pattern | types of the operands, the top of the stack lowest                       |
// | 64-71   | result  | type of the result                                                       |
// | 0-63    | tally   | what it adds to the section's `Tally`                                    |
//
// Entry c is at the address `32 * c` of memory, see `MemoryMap`. What has no code, its first byte is 0, is a mark, the
// translator of an instruction of several bytes, or no instruction. Opcodes 0 to 8 meet words of Solidity's
// own there: the scratch space and the free memory pointer, which are cleared, zero, and the struct `Kernel`, which is
// still zeros.

/// @dev Types of values on the stack, two bits each.
uint256 constant I64 = 1;
uint256 constant F64 = 2;
uint256 constant I32 = 3;

/// @dev What is in the places of the entries of local.get, local.set and local.tee: no code, and larger than any other
/// word without.
uint256 constant LOCAL_GET = 0x80000000000000000000000000000000000000000000000000000000000000;
uint256 constant LOCAL_SET = 0x80000000000000000000000000000000000000000000000000000000000001;
uint256 constant LOCAL_TEE = 0x80000000000000000000000000000000000000000000000000000000000002;

/// @dev The most operands that a kernel can have.
uint256 constant MAX_OPERANDS = 16;

/// @dev Numbers of the entries behind those of opcodes: of loads from operand 0 and those after it, of f32.demote_f64
/// and f64.promote_f32, of i64.trunc_sat_f64_s, and of select.
uint256 constant LOAD = 0x100;
uint256 constant ROUND_TO_F32 = 0x110;
uint256 constant TRUNC_SAT = 0x111;
uint256 constant SELECT_I64 = 0x112;
uint256 constant SELECT_F64 = 0x113;
