// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputeGame, Phase, Session} from "../interfaces/IDisputeGame.sol";

/// @title Sessions
/// @notice What a session is known by, and its two clocks.
library Sessions {
    uint256 private constant SESSION_BYTES = 17 * 32;

    /// @notice `keccak256(abi.encode(assertionId, serial))`.
    function idOf(bytes32 assertionId, uint32 serial) internal pure returns (bytes32 id) {
        assembly ("memory-safe") {
            mstore(0x00, assertionId)
            mstore(0x20, serial)
            id := keccak256(0x00, 0x40)
        }
    }

    /// @notice `keccak256(abi.encode(session))`: in memory a struct of single words is its own encoding.
    function hash(Session memory session) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(session, SESSION_BYTES)
        }
    }

    /// @notice A copy of what is supplied, not looked at: the hash of a session that the chain knows shows that every
    /// field is in its range.
    function copy(Session calldata supplied) internal pure returns (Session memory session) {
        assembly ("memory-safe") {
            calldatacopy(session, supplied, SESSION_BYTES)
        }
    }

    /// @notice Whether the session's node is above this chunk of the trace.
    function isAbove(Session memory session, uint256 chunk) internal pure returns (bool) {
        return chunk >> session.height == session.index;
    }

    /// @notice Ends the operator's turn by the commitment, which touched no session: it came when it came. A session
    /// that it was too late for stays as it is, to be timed out.
    function applyCommitment(
        Session memory session,
        uint40 committedAt,
        bytes32 traceRoot,
        uint32 increment
    ) internal pure {
        uint256 ranOutAt = uint256(session.since) + session.operatorClock;
        if (committedAt > ranOutAt) return;
        session.operatorClock = uint32(ranOutAt - committedAt) + increment;
        session.since = committedAt;
        session.phase = Phase.Pick;
        session.node = traceRoot;
    }

    /// @notice Ends the owner's turn with a move.
    function ownerMoves(Session memory session, Phase next, uint32 increment, uint256 cost) internal view {
        session.ownerClock = _left(session.since, session.ownerClock) + increment;
        session.ownerCost += uint96(cost);
        _turn(session, next);
    }

    /// @notice Ends the operator's turn with a move.
    function operatorMoves(Session memory session, Phase next, uint32 increment, uint256 cost) internal view {
        session.operatorClock = _left(session.since, session.operatorClock) + increment;
        session.operatorCost += uint96(cost);
        _turn(session, next);
    }

    /// @notice When the side to move runs out of time, and whether that side is the operator.
    function deadline(Session memory session) internal pure returns (uint256 ranOutAt, bool isOperators) {
        Phase phase = session.phase;
        if (phase == Phase.Joined) revert IDisputeGame.WrongPhase(phase);
        isOperators = phase == Phase.Commit || phase == Phase.Reveal || phase == Phase.Sums;
        ranOutAt = uint256(session.since) + (isOperators ? session.operatorClock : session.ownerClock);
    }

    function _turn(Session memory session, Phase next) private view {
        session.since = uint40(block.timestamp);
        session.phase = next;
    }

    function _left(uint256 since, uint256 clock) private view returns (uint32) {
        uint256 ranOutAt = since + clock;
        if (block.timestamp > ranOutAt) revert IDisputeGame.ClockRanOut(ranOutAt);
        return uint32(ranOutAt - block.timestamp); // at most `clock`
    }
}
