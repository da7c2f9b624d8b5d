// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Schedule
/// @notice The gas that a move is taken to need, transaction included, whoever sends it and however many share one.
library Schedule {
    uint256 internal constant OPEN = 115_000;
    uint256 internal constant COMMIT = 60_000;
    uint256 internal constant PICK = 52_000;
    uint256 internal constant REVEAL = 44_000;
    uint256 internal constant PICK_ELEMENT = 110_000;
    uint256 internal constant REVEAL_SUMS = 53_000;
    uint256 internal constant PICK_SEGMENT = 62_000;
    uint256 internal constant TIMEOUT = 66_000;
    /// @notice For each byte that a commitment, a reveal and sums publish.
    uint256 internal constant COMMIT_BYTE = 28;
    uint256 internal constant REVEAL_BYTE = 36;
    uint256 internal constant SUMS_BYTE = 42;
    /// @notice Of a proof: the transaction itself, and what follows the verdict.
    uint256 internal constant REFUTATION = 100_000;
    /// @notice For each byte of a proof's calldata.
    uint256 internal constant PROOF_BYTE = 16;

    /// @dev A trace of 2^24 chunks (4 GiB) takes a commitment, three frontiers and a chunk; a reduction of 2^24 times S
    /// steps four cuts.
    uint256 private constant FRONTIERS = 3;
    uint256 private constant CUTS = 4;
    uint256 private constant FRONTIER_BYTES = 64 * 32;
    uint256 private constant CHUNK_BYTES = 256;
    uint256 private constant CUT_BYTES = 63 * 8;

    /// @notice What a session costs an operator at most.
    uint256 internal constant DEFENCE =
        COMMIT +
            COMMIT_BYTE * FRONTIER_BYTES +
            FRONTIERS * (REVEAL + REVEAL_BYTE * FRONTIER_BYTES) +
            REVEAL +
            REVEAL_BYTE * CHUNK_BYTES +
            CUTS * (REVEAL_SUMS + SUMS_BYTE * CUT_BYTES) +
            TIMEOUT;
    /// @notice What a session costs its owner at most, proof and settlement apart.
    uint256 internal constant ATTACK = OPEN + (FRONTIERS + 1) * PICK + PICK_ELEMENT + (CUTS - 1) * PICK_SEGMENT;
}
