// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Memory of a compiled kernel while it runs. Every address is a constant, so that it can be part of an instruction.

/// @dev Slots of the chunk table, which starts at address 0: one word for each of 256 chunk numbers modulo 256.
uint256 constant SLOT_MASK = 0x1fe0;
/// @dev 64 local variables, a word each.
uint256 constant LOCALS = 0x2000;
/// @dev Operand k's record is at `OPERANDS + 32 * (k + 1)`; the word at `OPERANDS` stays 0.
uint256 constant OPERANDS = 0x2800;
/// @dev A word that stays 0: where loads beyond an operand's end are led.
uint256 constant ZERO = 0x2a20;
/// @dev Start and end of the list of chunks whose slot was taken.
uint256 constant OVERFLOWS = 0x2a40;
/// @dev Indices of the chunks of one space, 4 bytes each.
uint256 constant INDICES = 0x2a80;
/// @dev The chunks of the witness, then copies of operands' last chunks.
uint256 constant CHUNKS = 0x2d00;
/// @dev The end of the chunks: 136 of a witness and 16 copies. Below `256 * 256`: see `KernelRuntime._stage`.
uint256 constant CHUNKS_END = 0xc500;

/// @dev The most chunks that a witness can hold: 128 for the loads of a segment's steps and 8 for those of `finish`.
uint256 constant MAX_CHUNKS = 136;

/// @dev What the chunk table calls the first byte of operand k is `(k + 1) * OPERAND_STRIDE`: the high part keeps
/// operands apart, the low part spreads them over the slots.
uint256 constant OPERAND_STRIDE = 0x100000000000000002500;
