// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionRef} from "../interfaces/IArbiter.sol";
import {Case, DisputeParameters, IDisputeGame, Phase, Refutation, Session} from "../interfaces/IDisputeGame.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {Payouts} from "../inference/Payouts.sol";
import {Domain} from "./Domain.sol";
import {Schedule} from "./Schedule.sol";
import {Sessions} from "./Sessions.sol";

/// @title Cases
/// @notice What the game remembers: a word per session, one or two per disputed assertion; and its parameters.
abstract contract Cases is Domain, Payouts {
    using Sessions for Session;

    /// @dev Keeps every clock, and every sum of a timestamp and a clock, within its field.
    uint256 private constant MAX_PERIOD = 365 days;

    uint32 internal immutable _clock;
    uint32 internal immutable _increment;
    uint32 internal immutable _payoutDelay;
    uint32 internal immutable _receiptUse;
    uint96 internal immutable _challengeBond;
    uint64 internal immutable _priceCap;
    uint64 internal immutable _tip;

    mapping(bytes32 sessionId => bytes32 state) internal _sessions;
    mapping(bytes32 assertionId => Case) internal _cases;
    mapping(bytes32 assertionId => bytes32) internal _traceRoots;
    mapping(bytes32 assertionId => Refutation) internal _refutations;
    /// @dev The request that an assertion answers which contests another one.
    mapping(bytes32 assertionId => bytes32) private _contests;

    constructor(DisputeParameters memory given) {
        if (given.clock == 0 || given.clock > MAX_PERIOD) revert IDisputeGame.ImpossibleDispute("clock");
        if (given.increment > MAX_PERIOD) revert IDisputeGame.ImpossibleDispute("increment");
        if (given.payoutDelay == 0 || given.payoutDelay > MAX_PERIOD)
            revert IDisputeGame.ImpossibleDispute("payoutDelay");
        if (given.receiptUse == 0 || given.receiptUse > MAX_PERIOD) revert IDisputeGame.ImpossibleDispute("receiptUse");
        if (given.priceCap == 0) revert IDisputeGame.ImpossibleDispute("priceCap");
        uint256 defence = Schedule.DEFENCE * given.priceCap;
        if (given.challengeBond < defence + defence / 2) revert IDisputeGame.ImpossibleDispute("challengeBond");
        _clock = given.clock;
        _increment = given.increment;
        _payoutDelay = given.payoutDelay;
        _receiptUse = given.receiptUse;
        _challengeBond = given.challengeBond;
        _priceCap = given.priceCap;
        _tip = given.tip;
    }

    /// @dev Wei that `amount` of gas is worth now.
    function _priceOf(uint256 amount) internal view returns (uint256) {
        uint256 price = block.basefee + _tip;
        if (price > tx.gasprice) price = tx.gasprice;
        if (price > _priceCap) price = _priceCap;
        return amount * price;
    }

    /// @dev The most that a session's owner gets back for its moves.
    function _maxOwnerCost() internal view returns (uint256) {
        return Schedule.ATTACK * _priceCap;
    }

    /// @dev A session as the chain knows it.
    function _find(Session calldata supplied) internal view returns (bytes32 sessionId, Session memory session) {
        session = Sessions.copy(supplied);
        sessionId = Sessions.idOf(session.assertionId, session.serial);
        bytes32 given = session.hash();
        bytes32 expected = _sessions[sessionId];
        if (given != expected) revert IDisputeGame.StateMismatch(sessionId, expected, given);
    }

    /// @dev A session of an assertion that is not refuted, as it stands after the commitment.
    function _findOpen(Session calldata supplied) internal view returns (bytes32 sessionId, Session memory session) {
        (sessionId, session) = _find(supplied);
        bytes32 assertionId = session.assertionId;
        Case storage disputed = _cases[assertionId];
        if (disputed.refuted) revert IDisputeGame.AlreadyRefuted(assertionId);
        if (session.phase == Phase.Commit && disputed.committedAt != 0) {
            session.applyCommitment(disputed.committedAt, _traceRoots[assertionId], _increment);
        }
    }

    function _checkResult(Session memory session, Result calldata result) internal view {
        bytes32 given = _assertionIdOf(result);
        if (given != session.assertionId) revert IDisputeGame.ResultMismatch(session.assertionId, given);
    }

    /// @dev Counts a dispute of the assertion's. `requestId` 0: a receipt, which nothing but disputes keeps open.
    /// @param isHeld the coordinator has held it for this dispute
    function _hold(AssertionRef memory assertion, bool isHeld) internal {
        Case storage disputed = _cases[assertion.assertionId];
        bool isFirst = ++disputed.holds == 1;
        if (isFirst && !isHeld && assertion.requestId != 0) coordinator.hold(assertion);
    }

    /// @dev Ends a dispute of the assertion's without a rejection.
    function _release(AssertionRef memory assertion) internal {
        Case storage disputed = _cases[assertion.assertionId];
        bool isLast = --disputed.holds == 0;
        if (isLast && !disputed.refuted && assertion.requestId != 0) coordinator.release(assertion);
    }

    function _beginContest(AssertionRef calldata contender) internal {
        _contests[contender.assertionId] = contender.requestId;
        _hold(contender, true);
    }

    /// @dev Frees the owner's own answer if the session was about one.
    function _endContest(Session memory session) internal {
        bytes32 contender = session.contender;
        if (contender == 0) return;
        bytes32 requestId = _contests[contender];
        delete _contests[contender];
        _release(AssertionRef(contender, requestId, session.owner));
    }
}
