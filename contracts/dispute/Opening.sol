// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionRef} from "../interfaces/IArbiter.sol";
import {Case, IDisputeGame, Phase, Session} from "../interfaces/IDisputeGame.sol";
import {ModelSpec} from "../interfaces/IModelRegistry.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {AssertionState} from "../inference/AssertionState.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {ReceiptBook} from "./ReceiptBook.sol";
import {Schedule} from "./Schedule.sol";
import {Sessions} from "./Sessions.sol";
import {Specs} from "./Specs.sol";

/// @title Opening
/// @notice How sessions begin.
abstract contract Opening is ReceiptBook {
    using Sessions for Session;

    uint8 internal constant KERNEL_PROGRAM = 1;

    /// @dev Opens a session of the caller's, see `IDisputeGame.open`.
    function _open(Result calldata result, bytes calldata spec) internal returns (bytes32) {
        bytes32 assertionId = _assertionIdOf(result);
        if (_cases[assertionId].refuted) revert IDisputeGame.AlreadyRefuted(assertionId);
        uint256 end = _checkLive(result, assertionId);
        if (block.timestamp >= end) revert IDisputeGame.WindowOver(end);
        AssertionRef memory disputed = AssertionRef(assertionId, result.requestId, result.operator);
        return _begin(result, disputed, spec, AssertionRef(0, 0, msg.sender));
    }

    /// @dev Opens a session.
    /// @param challenger the owner's own contradicting answer, or just the owner
    function _begin(
        Result calldata result,
        AssertionRef memory rival,
        bytes calldata spec,
        AssertionRef memory challenger
    ) internal returns (bytes32 sessionId) {
        if (msg.value != _challengeBond) revert IDisputeGame.WrongBond(_challengeBond, msg.value);
        ModelSpec calldata model = Specs.open(spec, result.modelId);
        if (model.semantics != KERNEL_PROGRAM) revert IDisputeGame.NotJudged(result.modelId);
        _hold(rival, challenger.assertionId != 0);

        Case storage disputed = _cases[rival.assertionId];
        Session memory session;
        session.assertionId = rival.assertionId;
        session.operator = rival.operator;
        session.owner = challenger.operator;
        session.serial = disputed.opened;
        session.bond = _challengeBond;
        session.chunks = model.traceChunks;
        session.phase = Phase.Commit;
        session.height = uint8(ChunkTree.depth(model.traceChunks));
        session.since = uint40(block.timestamp);
        session.ownerClock = _clock;
        session.operatorClock = _clock;
        session.ownerCost = uint96(_priceOf(Schedule.OPEN));
        session.contender = challenger.assertionId;
        if (disputed.committedAt != 0) {
            session.phase = Phase.Pick;
            session.node = _traceRoots[rival.assertionId];
        }
        ++disputed.opened;
        ++disputed.live;
        disputed.chunks = model.traceChunks;
        sessionId = Sessions.idOf(rival.assertionId, session.serial);
        _sessions[sessionId] = session.hash();
        emit IDisputeGame.Opened(rival.assertionId, sessionId, session.owner, result, session);
    }

    /// @dev Reverts unless the assertion is live.
    /// @return end timestamp of its window's end
    function _checkLive(Result calldata result, bytes32 assertionId) internal view returns (uint256 end) {
        if (result.requestId == 0) {
            if (!_isOpen(assertionId)) revert IDisputeGame.NotLive(assertionId);
            return _postings[assertionId].disputableUntil;
        }
        AssertionState state = coordinator.assertionStateOf(result.requestId, result.operator);
        if (!state.isLive() || !state.isFor(assertionId)) revert IDisputeGame.NotLive(assertionId);
        return state.finalisableAt();
    }
}
