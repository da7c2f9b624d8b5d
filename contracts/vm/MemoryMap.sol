// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// --- Memory while a kernel is translated ---

// From 0x200 to 0x2280: the entries of instructions, that of opcode c at `32 * c`, the first opcode being 0x10.

/// @dev Types of the local variables, two bits each, 0 if unset.
uint256 constant LOCAL_TYPES = 0x2280;
/// @dev The number of local variables that are read-only.
uint256 constant READ_ONLY = 0x22a0;
/// @dev The section that is being translated, at most 512 bytes, and zeros behind it.
uint256 constant SOURCE = 0x22c0;
/// @dev Solidity's structs.
uint256 constant STRUCTS = 0x2500;
/// @dev The EVM code, from its address 0 on.
uint256 constant CODE = 0x2800;

// --- Memory of a translated kernel while it runs ---
// Every address is a constant, so that it can be part of an instruction.

/// @dev The chunk table starts at address 0. Slots are words; a slot's address has these bits.
uint256 constant SLOT_MASK = 0x1fe0;
/// @dev 64 local variables, a word each.
uint256 constant LOCALS = 0x2000;
/// @dev Operand k's record is at `OPERANDS + 32 * (k + 1)`; the word at `OPERANDS` stays 0.
uint256 constant OPERANDS = 0x2800;
/// @dev A word that stays 0: where loads beyond an operand's end are led.
uint256 constant ZERO = 0x2a20;
/// @dev Positions of the chunks in the witness: those of space s are from the word `BOUNDS + 32 * s` to the next word.
uint256 constant BOUNDS = 0x2a40;
/// @dev Indices of the chunks in their spaces, 4 bytes each.
uint256 constant INDICES = 0x2ae0;
/// @dev Where copies of operands' last chunks are, without what belongs to other operands: that of operand k at
/// `mload(COPIES) + 256 * k`.
uint256 constant COPIES = 0x2d20;
/// @dev The chunks of the witness, 256 bytes each, and behind them the copies.
uint256 constant CHUNKS = 0x2d40;
/// @dev Behind 136 chunks and 16 copies. Not above `256 * 256`, see `ChunkTable`.
uint256 constant CHUNKS_END = 0xc540;

/// @dev The most chunks that a witness can hold: 128 for the loads of a segment's steps and 8 for those of `finish`.
uint256 constant MAX_CHUNKS = 136;

/// @dev The first byte of operand k has the key `(k + 1) * OPERAND_STRIDE`: the high part keeps operands apart, the low
/// part spreads them over the slots.
uint256 constant OPERAND_STRIDE = 0x100000000000000002500;
