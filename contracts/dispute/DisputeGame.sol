// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {AssertionRef, IArbiter} from "../interfaces/IArbiter.sol";
import {InferenceCoordinator} from "../inference/InferenceCoordinator.sol";
import {
    Case,
    DisputeParameters,
    Ground,
    IDisputeGame,
    Phase,
    Refutation,
    Session
} from "../interfaces/IDisputeGame.sol";
import {ChunkProof, Focus, IVerdict, KernelProof, Result} from "../interfaces/IVerdict.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Cases} from "./Cases.sol";
import {Domain} from "./Domain.sol";
import {Docket} from "./Docket.sol";
import {Schedule} from "./Schedule.sol";
import {Segments} from "./Segments.sol";
import {Sessions} from "./Sessions.sol";
import {Settlement} from "./Settlement.sol";

/// @title DisputeGame
/// @notice The moves and the proofs.
/// @dev Calls that carry no ether can share a transaction (`multicall`, which takes none itself). Nothing here calls
/// code that a player chose but the payouts, which are pulled.
contract DisputeGame is IArbiter, Settlement, Multicall {
    using Segments for Focus;
    using Sessions for Session;

    /// @dev A frontier is this many levels below its node.
    uint256 private constant LEVELS = 6;
    uint256 private constant NODE_BYTES = 32;

    bytes32 private constant COMMIT_TYPEHASH = keccak256("Commit(bytes32 assertionId,bytes32 traceRoot)");
    bytes32 private constant SUMS_TYPEHASH = keccak256("Sums(bytes32 sessionId,bytes32 state,bytes32 sums)");

    /// @notice Decides whether a trace is right.
    IVerdict public immutable verdict;
    /// @notice The code of `open`, `contest` and `IReceipts`, which run as the game's own.
    Docket public immutable docket;

    /// @param coordinator_ names this game as its arbiter, so that it is deployed later than the game
    constructor(
        InferenceCoordinator coordinator_,
        IVerdict verdict_,
        DisputeParameters memory parameters_,
        address p256Verifier_
    ) Domain(coordinator_, p256Verifier_) Cases(parameters_) {
        if (address(verdict_) == address(0)) revert ImpossibleDispute("verdict");
        verdict = verdict_;
        docket = new Docket(coordinator_, parameters_, p256Verifier_);
    }

    /// @dev Shares of slashed bonds, which the coordinator owes the game.
    receive() external payable {
        if (msg.sender != address(coordinator)) revert NotCoordinator(msg.sender);
    }

    /// @dev What the game does not have is `IReceipts`.
    fallback() external payable {
        _runDocket();
    }

    // -------------------------------------------------------------------------------------------------- opening

    /// @inheritdoc IDisputeGame
    function open(Result calldata, bytes calldata) external payable returns (bytes32) {
        _runDocket();
    }

    /// @inheritdoc IArbiter
    function contest(AssertionRef calldata, AssertionRef calldata, bytes calldata) external payable {
        _runDocket();
    }

    /// @inheritdoc IArbiter
    function judges(uint8 semantics) external pure returns (bool) {
        return semantics == KERNEL_PROGRAM;
    }

    // ---------------------------------------------------------------------------------------------------- moves

    /// @inheritdoc IDisputeGame
    function commit(
        Result calldata result,
        bytes32 traceRoot,
        bytes32[] calldata nodes,
        bytes calldata signature
    ) external {
        bytes32 assertionId = _assertionIdOf(result);
        Case storage disputed = _cases[assertionId];
        if (disputed.refuted) revert AlreadyRefuted(assertionId);
        if (disputed.live == 0) revert NotLive(assertionId);
        if (disputed.committedAt != 0) revert AlreadyCommitted(assertionId);
        if (result.traceRoot == 0) {
            bytes32 structHash = keccak256(abi.encode(COMMIT_TYPEHASH, assertionId, traceRoot));
            _checkOperator(result.operator, _digest(structHash), signature);
        } else if (result.traceRoot != traceRoot) {
            revert TraceRootFixed(result.traceRoot, traceRoot);
        }
        _checkFrontier(nodes, NODE_BYTES * nodes.length, ChunkTree.depth(disputed.chunks), traceRoot);

        disputed.committedAt = uint40(block.timestamp);
        uint256 cost = _priceOf(Schedule.COMMIT + Schedule.COMMIT_BYTE * NODE_BYTES * nodes.length);
        disputed.commitGwei = uint48(cost / 1 gwei);
        _traceRoots[assertionId] = traceRoot;
        emit Committed(assertionId, traceRoot, nodes);
    }

    /// @inheritdoc IDisputeGame
    function pick(
        Session calldata supplied,
        uint8 height,
        uint64 index,
        bytes32 node,
        bytes32[] calldata path
    ) external {
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkPhase(session, Phase.Pick);
        _checkOwner(session);
        uint256 from = session.height;
        // One level at a time would make the operator publish a frontier for each: a pick goes to this one at least.
        bool isBelow = height + LEVELS <= from || (height == 0 && from <= LEVELS);
        if (!isBelow || uint256(index) << height >= session.chunks) revert NodeOutOfRange(height, index);
        _checkPath(session, height, index, node, path);

        session.height = height;
        session.index = index;
        session.node = node;
        session.ownerMoves(Phase.Reveal, _increment, _priceOf(Schedule.PICK));
        _sessions[sessionId] = session.hash();
        emit Picked(session.assertionId, sessionId, session);
    }

    /// @inheritdoc IDisputeGame
    function reveal(Session calldata supplied, bytes calldata data) external {
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkPhase(session, Phase.Reveal);
        Phase next = Phase.Pick;
        if (session.height == 0) {
            next = Phase.Chunk;
            if (data.length != ChunkTree.CHUNK_BYTES) revert FrontierMismatch(ChunkTree.CHUNK_BYTES, data.length);
            bytes32 leaf = keccak256(data);
            if (leaf != session.node) revert NodeMismatch(session.node, leaf);
        } else {
            _checkFrontier(_asNodes(data), data.length, session.height, session.node);
        }

        session.operatorMoves(next, _increment, _priceOf(Schedule.REVEAL + Schedule.REVEAL_BYTE * data.length));
        _sessions[sessionId] = session.hash();
        emit Revealed(session.assertionId, sessionId, session, data);
    }

    /// @inheritdoc IDisputeGame
    function pickElement(
        Session calldata supplied,
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        uint256 element
    ) external {
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        if (session.phase != Phase.Chunk) _checkPhase(session, Phase.Pick);
        _checkOwner(session);
        _checkResult(session, result);
        bytes32 leaf = keccak256(traced.chunk);
        if (traced.index >= session.chunks) revert NodeOutOfRange(0, traced.index);
        _checkPath(session, 0, traced.index, leaf, traced.path);
        Focus memory focus = verdict.focusOn(result.modelId, spec, kernel, traced.index, traced.chunk, element);

        session.height = 0;
        session.index = traced.index;
        session.node = leaf;
        session.ownerMoves(Phase.Sums, _increment, _priceOf(Schedule.PICK_ELEMENT));
        _focus(sessionId, session, focus);
    }

    /// @inheritdoc IDisputeGame
    function revealSums(
        Session calldata supplied,
        Focus calldata focus,
        bytes calldata sums,
        bytes calldata signature
    ) external {
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkPhase(session, Phase.Sums);
        bytes32 given = focus.hash();
        if (given != session.focus) revert FocusMismatch(session.focus, given);
        bytes32 structHash = keccak256(abi.encode(SUMS_TYPEHASH, sessionId, session.hash(), keccak256(sums)));
        _checkOperator(session.operator, _digest(structHash), signature);
        focus.check(sums);

        session.focus = focus.hash(sums);
        session.operatorMoves(
            Phase.Segment,
            _increment,
            _priceOf(Schedule.REVEAL_SUMS + Schedule.SUMS_BYTE * sums.length)
        );
        _sessions[sessionId] = session.hash();
        emit SumsRevealed(session.assertionId, sessionId, session, focus, sums);
    }

    /// @inheritdoc IDisputeGame
    function pickSegment(
        Session calldata supplied,
        Focus calldata focus,
        bytes calldata sums,
        uint256 segment
    ) external {
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkPhase(session, Phase.Segment);
        _checkOwner(session);
        Focus memory part = _segment(session, focus, sums, segment);
        uint256 steps = part.to - part.from;
        if (steps <= part.stepsPerProof) revert SegmentFits(steps, part.stepsPerProof);

        session.ownerMoves(Phase.Sums, _increment, _priceOf(Schedule.PICK_SEGMENT));
        _focus(sessionId, session, part);
    }

    /// @inheritdoc IDisputeGame
    function timeout(Session calldata supplied, Result calldata result) external nonReentrant {
        uint256 gasBefore = gasleft();
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkResult(session, result);
        (uint256 until, bool isOperators) = session.deadline();
        if (block.timestamp <= until) revert ClockRunning(until);
        if (!isOperators) return _lose(sessionId, session, result);
        _refute(result, Ground.Timeout, ALL_CHUNKS, sessionId, session, gasBefore);
    }

    // --------------------------------------------------------------------------------------------------- proofs

    /// @inheritdoc IDisputeGame
    function proveElement(
        Result calldata result,
        bytes calldata /* spec */,
        KernelProof calldata /* kernel */,
        ChunkProof calldata traced,
        uint256 /* element */,
        bytes calldata /* witness */,
        Session[] calldata sessions
    ) external nonReentrant {
        uint256 gasBefore = gasleft();
        _judge(IVerdict.proveElement.selector, 12, result);
        _refuteFor(result, Ground.Element, traced.index, sessions, gasBefore);
    }

    /// @inheritdoc IDisputeGame
    function proveTail(
        Result calldata result,
        bytes calldata /* spec */,
        KernelProof calldata /* kernel */,
        ChunkProof calldata traced,
        Session[] calldata sessions
    ) external nonReentrant {
        uint256 gasBefore = gasleft();
        _judge(IVerdict.proveTail.selector, 10, result);
        _refuteFor(result, Ground.Tail, traced.index, sessions, gasBefore);
    }

    /// @inheritdoc IDisputeGame
    function provePadding(
        Result calldata result,
        bytes calldata /* spec */,
        uint256 height,
        uint256 index,
        bytes32 /* node */,
        bytes32[] calldata /* path */,
        Session[] calldata sessions
    ) external nonReentrant {
        uint256 gasBefore = gasleft();
        _judge(IVerdict.provePadding.selector, 12, result);
        _refuteFor(result, Ground.Padding, uint64(index << height), sessions, gasBefore);
    }

    /// @inheritdoc IDisputeGame
    function proveOutput(
        Result calldata result,
        bytes calldata /* spec */,
        ChunkProof calldata /* asserted */,
        ChunkProof calldata /* traced */,
        uint256 /* element */,
        Session[] calldata sessions
    ) external nonReentrant {
        uint256 gasBefore = gasleft();
        uint64 chunk = _judge(IVerdict.proveOutput.selector, 11, result);
        _refuteFor(result, Ground.Output, chunk, sessions, gasBefore);
    }

    /// @inheritdoc IDisputeGame
    function proveSegment(
        Session calldata supplied,
        Result calldata result,
        bytes calldata spec,
        Focus calldata focus,
        bytes calldata sums,
        uint256 segment,
        uint64 chunks,
        bytes calldata descriptor,
        bytes calldata witness
    ) external nonReentrant {
        uint256 gasBefore = gasleft();
        (bytes32 sessionId, Session memory session) = _findOpen(supplied);
        _checkPhase(session, Phase.Segment);
        _checkResult(session, result);
        Focus memory part = _segment(session, focus, sums, segment);
        bytes32 traceRoot = _traceRoots[session.assertionId];
        verdict.proveSegment(result, spec, part, chunks, descriptor, witness, traceRoot);
        _refute(result, Ground.Segment, uint64(session.index), sessionId, session, gasBefore);
    }

    // -------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDisputeGame
    function disputeParameters() external view returns (DisputeParameters memory) {
        return
            DisputeParameters({
                clock: _clock,
                increment: _increment,
                payoutDelay: _payoutDelay,
                receiptUse: _receiptUse,
                challengeBond: _challengeBond,
                priceCap: _priceCap,
                tip: _tip
            });
    }

    /// @inheritdoc IDisputeGame
    function sessionStateOf(bytes32 sessionId) external view returns (bytes32) {
        return _sessions[sessionId];
    }

    /// @inheritdoc IDisputeGame
    function caseOf(bytes32 assertionId) external view returns (Case memory) {
        return _cases[assertionId];
    }

    /// @inheritdoc IDisputeGame
    function traceRootOf(bytes32 assertionId) external view returns (bytes32) {
        return _traceRoots[assertionId];
    }

    /// @inheritdoc IDisputeGame
    function refutationOf(bytes32 assertionId) external view returns (Refutation memory) {
        return _refutations[assertionId];
    }

    /// @inheritdoc IDisputeGame
    function sessionIdOf(bytes32 assertionId, uint32 serial) external pure returns (bytes32) {
        return Sessions.idOf(assertionId, serial);
    }

    /// @inheritdoc IDisputeGame
    function assertionIdOf(Result calldata result) external view returns (bytes32) {
        return _assertionIdOf(result);
    }

    // ------------------------------------------------------------------------------------------------- internal

    /// @dev Runs the call with the docket's code, and ends it.
    function _runDocket() private {
        address code = address(docket);
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let success := delegatecall(gas(), code, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            switch success
            case 0 {
                revert(data, returndatasize())
            }
            default {
                return(data, returndatasize())
            }
        }
    }

    /// @dev Passes the call on to the verdict, with the trace's root in the place of the sessions, the last argument.
    /// @param words of the arguments before it, in the head of the call
    /// @return chunk the first word returned, if there is one
    function _judge(bytes4 selector, uint256 words, Result calldata result) private returns (uint64 chunk) {
        bytes32 traceRoot = _liveTraceRoot(result);
        address judge = address(verdict);
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            mstore(data, or(selector, shr(32, shl(32, mload(data)))))
            mstore(add(add(data, 4), shl(5, words)), traceRoot)
            mstore(0x00, 0)
            if iszero(call(gas(), judge, 0, data, calldatasize(), 0x00, 0x20)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
            chunk := mload(0x00)
        }
    }

    /// @dev Refutes an assertion for a session on the refuted path, or for none.
    function _refuteFor(
        Result calldata result,
        Ground ground,
        uint64 chunk,
        Session[] calldata sessions,
        uint256 gasBefore
    ) private {
        bytes32 winnerId;
        Session memory winner;
        if (sessions.length > 1) revert TooManySessions(sessions.length);
        if (sessions.length == 1) {
            (winnerId, winner) = _findOpen(sessions[0]);
            _checkResult(winner, result);
            if (!winner.isAbove(chunk)) revert OffPath(winnerId, chunk);
        }
        _refute(result, ground, chunk, winnerId, winner, gasBefore);
    }

    /// @dev The root that the operator of a live assertion is bound to.
    function _liveTraceRoot(Result calldata result) private view returns (bytes32 traceRoot) {
        bytes32 assertionId = _assertionIdOf(result);
        if (_cases[assertionId].refuted) revert AlreadyRefuted(assertionId);
        _checkLive(result, assertionId);
        traceRoot = result.traceRoot;
        if (traceRoot == 0) traceRoot = _traceRoots[assertionId];
        if (traceRoot == 0) revert NotCommitted(assertionId);
    }

    function _checkPhase(Session memory session, Phase phase) private pure {
        if (session.phase != phase) revert WrongPhase(session.phase);
    }

    /// @dev The owner of a contest is an operator, whose keys move for it.
    function _checkOwner(Session memory session) private view {
        if (!_actsFor(msg.sender, session.owner)) revert NotOwner(session.owner, msg.sender);
    }

    /// @dev Reverts unless the path leads from the node up to the session's.
    function _checkPath(
        Session memory session,
        uint256 height,
        uint256 index,
        bytes32 node,
        bytes32[] calldata path
    ) private pure {
        uint256 levels = session.height - height;
        if (index >> levels != session.index) revert NodeOutOfRange(height, index);
        if (path.length != levels) revert ChunkTree.ProofLengthMismatch(levels, path.length);
        bytes32 given = ChunkTree.ancestor(node, index, path);
        if (given != session.node) revert NodeMismatch(session.node, given);
    }

    /// @dev Reverts unless `nodes`, of `given` bytes, are those six levels below a node, or all leaves.
    function _checkFrontier(bytes32[] calldata nodes, uint256 given, uint256 height, bytes32 node) private pure {
        uint256 expected = NODE_BYTES << (height < LEVELS ? height : LEVELS);
        if (given != expected) revert FrontierMismatch(expected, given);
        bytes32 root = ChunkTree.rootFromFrontier(nodes);
        if (root != node) revert NodeMismatch(node, root);
    }

    function _asNodes(bytes calldata data) private pure returns (bytes32[] calldata nodes) {
        assembly ("memory-safe") {
            nodes.offset := data.offset
            nodes.length := shr(5, data.length)
        }
    }

    /// @dev Asks for the sums of `focus`.
    function _focus(bytes32 sessionId, Session memory session, Focus memory focus) private {
        session.focus = focus.hashOf();
        _sessions[sessionId] = session.hash();
        emit FocusPicked(session.assertionId, sessionId, session, focus);
    }

    /// @dev A segment of what the session's sums have been brought out for.
    function _segment(
        Session memory session,
        Focus calldata focus,
        bytes calldata sums,
        uint256 segment
    ) private pure returns (Focus memory) {
        bytes32 given = focus.hash(sums);
        if (given != session.focus) revert FocusMismatch(session.focus, given);
        return focus.part(sums, segment);
    }
}
