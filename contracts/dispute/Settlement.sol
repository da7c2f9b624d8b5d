// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionRef, Payout} from "../interfaces/IArbiter.sol";
import {Case, Ground, IDisputeGame, Phase, Refutation, Session} from "../interfaces/IDisputeGame.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {Opening} from "./Opening.sol";
import {Schedule} from "./Schedule.sol";
import {Sessions} from "./Sessions.sol";

/// @title Settlement
/// @notice Who gets what when an assertion is refuted or a session is lost; docs/protocol.md, "Money".
/// @dev What nobody gets is burned: it stays in the contract that had it.
abstract contract Settlement is IDisputeGame, Opening {
    using Sessions for Session;

    /// @dev The chunk of a refutation that every session was right about.
    uint64 internal constant ALL_CHUNKS = type(uint64).max;

    /// @inheritdoc IDisputeGame
    function claim(Session calldata supplied) external nonReentrant {
        (bytes32 sessionId, Session memory session) = _find(supplied);
        bytes32 assertionId = session.assertionId;
        Case memory disputed = _cases[assertionId];
        if (!disputed.refuted) revert NotRefuted(assertionId);
        Refutation memory refutation = _refutations[assertionId];
        uint256 share = uint256(refutation.shareGwei) * 1 gwei;
        bool isJoined = session.phase == Phase.Joined;
        bool isOnPath = refutation.chunk == ALL_CHUNKS || session.isAbove(refutation.chunk);
        if (disputed.live == 1) {
            if (!isOnPath) share = 0;
        } else {
            uint256 until = uint256(refutation.refutedAt) + _payoutDelay;
            if (block.timestamp < until && isOnPath) {
                if (isJoined) revert PayoutDelayed(until);
                _join(sessionId, session);
                return;
            }
            share = isJoined ? share / refutation.joined : 0;
        }
        uint256 most = uint256(refutation.costGwei) * 1 gwei;
        uint256 cost = session.ownerCost < most ? session.ownerCost : most;
        if (!isJoined) _endContest(session);
        _pay(sessionId, session, cost + share);
    }

    /// @dev Ends a session that its owner let run out of time.
    function _lose(bytes32 sessionId, Session memory session, Result calldata result) internal {
        bytes32 assertionId = session.assertionId;
        Case storage disputed = _cases[assertionId];
        delete _sessions[sessionId];
        --disputed.live;
        _release(AssertionRef(assertionId, result.requestId, session.operator));
        _endContest(session);

        uint256 bond = session.bond;
        uint256 cost = session.operatorCost + _priceOf(Schedule.TIMEOUT);
        if (cost > bond) cost = bond;
        uint256 commitment = (bond - cost) / 1 gwei;
        if (commitment > disputed.commitGwei) commitment = disputed.commitGwei;
        if (commitment != 0) disputed.commitGwei -= uint48(commitment);
        uint256 refund = cost + commitment * 1 gwei;
        _credit(session.operator, refund);
        emit SessionLost(assertionId, sessionId, refund, bond - refund);
    }

    /// @dev Ends an assertion as wrong.
    /// @param winner the session that showed it, without owner: none
    /// @param gasBefore the gas left when the proof began
    function _refute(
        Result calldata result,
        Ground ground,
        uint64 chunk,
        bytes32 winnerId,
        Session memory winner,
        uint256 gasBefore
    ) internal {
        bytes32 assertionId = _assertionIdOf(result);
        uint256 sessions = _cases[assertionId].live;
        _cases[assertionId].refuted = true;
        uint256 bond = _reject(result, assertionId, winner.owner);

        uint256 used = gasBefore - gasleft() + Schedule.REFUTATION + Schedule.PROOF_BYTE * msg.data.length;
        uint256 refund = _priceOf(used);
        if (refund > bond) refund = bond;
        emit Refuted(assertionId, result.operator, msg.sender, ground, chunk, refund);

        bool isAlone = sessions == 1 && winner.owner != address(0);
        uint256 cost = isAlone ? winner.ownerCost : _maxOwnerCost();
        uint256 pot = 0;
        if (sessions != 0) {
            uint256 rest = bond - refund;
            if (cost > rest / sessions) cost = rest / sessions;
            pot = cost * sessions + (rest - cost * sessions) / 2;
        }
        pot = _slash(result.operator, bond, refund, pot);

        if (isAlone) {
            _endContest(winner);
            _pay(winnerId, winner, pot);
        } else if (sessions != 0) {
            if (cost > pot / sessions) cost = pot / sessions;
            Refutation storage refutation = _refutations[assertionId];
            refutation.refutedAt = uint40(block.timestamp);
            refutation.chunk = chunk;
            refutation.costGwei = uint48(cost / 1 gwei);
            refutation.shareGwei = uint48((pot - cost * sessions) / 1 gwei);
            if (winner.owner != address(0)) _join(winnerId, winner);
        }
    }

    /// @dev Makes a session one of those that share.
    function _join(bytes32 sessionId, Session memory session) private {
        ++_refutations[session.assertionId].joined;
        _endContest(session);
        session.phase = Phase.Joined;
        _sessions[sessionId] = session.hash();
        emit Joined(session.assertionId, sessionId, session);
    }

    /// @dev Ends a session of a refuted assertion.
    function _pay(bytes32 sessionId, Session memory session, uint256 award) private {
        delete _sessions[sessionId];
        uint256 amount = session.bond + award;
        _credit(session.owner, amount);
        emit Claimed(session.assertionId, sessionId, session.owner, amount);
    }

    /// @dev Rejects the answer, or the receipt. Returns the bond that is lost.
    function _reject(Result calldata result, bytes32 assertionId, address winner) private returns (uint256) {
        if (result.requestId == 0) return _refuteReceipt(assertionId, result.operator);
        if (winner != address(0) && coordinator.operatorOf(winner).stake == 0) winner = _operatorOf(winner);
        return coordinator.reject(AssertionRef(assertionId, result.requestId, result.operator), winner);
    }

    /// @dev Takes the bond: `refund` for the caller and `pot` for the sessions; burns the rest.
    /// @return received wei of the pot that there were
    function _slash(address operator, uint256 bond, uint256 refund, uint256 pot) private returns (uint256 received) {
        Payout[] memory payouts = new Payout[](2);
        payouts[0] = Payout(msg.sender, refund);
        payouts[1] = Payout(address(this), pot);
        uint256 taken = coordinator.slash(operator, bond, payouts);
        // A receipt's operator may have less stake than the bond.
        if (pot != 0 && taken > refund) received = coordinator.withdraw(address(this));
    }
}
