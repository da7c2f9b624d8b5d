// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Schedule
/// @notice The gas that a move is taken to need, transaction included, whoever sends it and however many share one.
library Schedule {
    uint256 internal constant OPEN = 150_000;
    uint256 internal constant COMMIT = 85_000;
    uint256 internal constant PICK = 75_000;
    uint256 internal constant REVEAL = 48_000;
    uint256 internal constant PICK_ELEMENT = 150_000;
    uint256 internal constant REVEAL_SUMS = 60_000;
    uint256 internal constant PICK_SEGMENT = 60_000;
    uint256 internal constant TIMEOUT = 80_000;
    /// @notice For each byte that a move of the operator publishes: EIP-7623's floor.
    uint256 internal constant BYTE = 40;
    /// @notice Of a proof: the transaction itself, and what follows the verdict.
    uint256 internal constant REFUTATION = 170_000;
    /// @notice For each byte of a proof's calldata.
    uint256 internal constant PROOF_BYTE = 16;

    /// @dev A trace of 2^24 chunks (4 GiB) takes a commitment, three frontiers and a chunk; a reduction of 2^18 times S
    /// steps three cuts.
    uint256 private constant FRONTIERS = 3;
    uint256 private constant CUTS = 3;
    uint256 private constant FRONTIER_BYTES = 64 * 32;
    uint256 private constant CHUNK_BYTES = 256;
    uint256 private constant SUMS_BYTES = 63 * 8;

    /// @notice What a session costs an operator at most.
    uint256 internal constant DEFENCE =
        COMMIT +
            (FRONTIERS + 1) * (REVEAL + FRONTIER_BYTES * BYTE) +
            CHUNK_BYTES * BYTE +
            CUTS * (REVEAL_SUMS + SUMS_BYTES * BYTE) +
            TIMEOUT;
    /// @notice What a session costs its owner at most, proof and settlement apart.
    uint256 internal constant ATTACK = OPEN + (FRONTIERS + 1) * PICK + PICK_ELEMENT + (CUTS - 1) * PICK_SEGMENT;
}
