// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkProof, Focus, KernelProof, Result} from "./IVerdict.sol";

/// @notice Whose turn a session is at and for what.
///
/// | phase   | turn     | moves                                                  |
/// | ------- | -------- | ------------------------------------------------------ |
/// | Commit  | operator | commit, which serves all sessions of the assertion     |
/// | Pick    | owner    | pick, pickElement                                      |
/// | Reveal  | operator | reveal                                                 |
/// | Chunk   | owner    | pickElement                                            |
/// | Sums    | operator | revealSums                                             |
/// | Segment | owner    | pickSegment, proveSegment                              |
/// | Joined  | nobody   | won: claim after the payout delay                      |
///
/// The owner of a session that is at a wrong chunk ends it by a proof, in whatever phase it is. Every pick goes further
/// down, and every segment is shorter than the one before, so a session has an end.
enum Phase {
    None,
    Commit,
    Pick,
    Reveal,
    Chunk,
    Sums,
    Segment,
    Joined
}

/// @notice Why an assertion was refuted.
enum Ground {
    Element,
    Tail,
    Padding,
    Output,
    Segment,
    Timeout
}

/// @notice A session: one challenger against one assertion. The chain keeps `keccak256(abi.encode(session))`; every
/// call supplies the session as its last event states it.
/// @param assertionId what is disputed
/// @param operator who asserted it
/// @param owner who disputes it
/// @param serial the number of the session among the assertion's
/// @param bond wei that the owner loses with the session
/// @param chunks T, the trace's number of chunks
/// @param height levels of `node` above the leaves
/// @param index number of `node` on its level
/// @param node where the session has got to in the operator's trace; 0 before the commitment
/// @param focus `keccak256(abi.encode(Focus))` in phase Sums, `keccak256(abi.encode(Focus, sums))` in phase Segment,
/// else 0
/// @param since timestamp at which the turn began
/// @param ownerClock, operatorClock seconds that each side has left
/// @param ownerCost, operatorCost wei of scheduled gas that each side has spent
/// @param contender assertionId of the owner's own contradicting answer, 0: none
struct Session {
    bytes32 assertionId;
    address operator;
    address owner;
    uint32 serial;
    uint96 bond;
    uint64 chunks;
    Phase phase;
    uint8 height;
    uint64 index;
    bytes32 node;
    bytes32 focus;
    uint40 since;
    uint32 ownerClock;
    uint32 operatorClock;
    uint96 ownerCost;
    uint96 operatorCost;
    bytes32 contender;
}

/// @notice The immutables of a game.
/// @param clock seconds that each side of a session has in all
/// @param increment seconds that a move gives back to who makes it
/// @param payoutDelay seconds in which the winning sessions of a refuted assertion come forward
/// @param receiptUse U, seconds in which a receipt can be used
/// @param challengeBond wei per session
/// @param priceCap wei per gas, the most that a refund pays
/// @param tip wei per gas that a refund pays above the base fee
struct DisputeParameters {
    uint32 clock;
    uint32 increment;
    uint32 payoutDelay;
    uint32 receiptUse;
    uint96 challengeBond;
    uint64 priceCap;
    uint64 tip;
}

/// @notice What an assertion's disputes have come to.
/// @param opened sessions ever opened
/// @param live sessions open, or open when the assertion was refuted
/// @param holds open sessions against the assertion and open contests of its own
/// @param committedAt timestamp of the commitment, 0: none yet
/// @param commitGwei gwei that the commitment cost the operator and no lost bond has paid back yet
/// @param chunks T
struct Case {
    uint32 opened;
    uint32 live;
    uint32 holds;
    uint40 committedAt;
    uint48 commitGwei;
    uint64 chunks;
    bool refuted;
}

/// @notice How a refuted assertion's bond is shared out.
/// @param refutedAt timestamp
/// @param chunk the refuted trace chunk; all ones: every session was right (time-out)
/// @param joined sessions on the refuted path that have come forward
/// @param costGwei the most that a session gets back for its gas
/// @param shareGwei what the joined sessions share
struct Refutation {
    uint40 refutedAt;
    uint64 chunk;
    uint32 joined;
    uint48 costGwei;
    uint48 shareGwei;
}

/// @title IDisputeGame
/// @notice Forces an operator to publish the trace of an answer, or to lose its bond; whether the trace is right
/// decides `IVerdict`. docs/protocol.md describes the play.
/// @dev SAFETY: only a proof or the operator's own silence rejects an assertion: no session can lose it, and losing one
/// decides nothing. LIVENESS: a session ends after both clocks and their increments; nothing loops over sessions.
/// Contract balance >= bonds of open sessions + owed balances + shares not yet claimed.
///
/// The clock of the side whose turn it is runs from `since`. A move later than the clock allows reverts; then anybody
/// may call `timeout`. Costs are the move's scheduled gas times min(base fee + tip, gas price, cap).
interface IDisputeGame {
    /// @notice A challenger opened a session; the operator's clock runs, unless it has committed before.
    event Opened(
        bytes32 indexed assertionId,
        bytes32 indexed sessionId,
        address indexed owner,
        Result result,
        Session session
    );
    /// @notice The operator is bound to `traceRoot`; `nodes` are the nodes six levels below it, or all leaves.
    event Committed(bytes32 indexed assertionId, bytes32 traceRoot, bytes32[] nodes);
    /// @notice The owner went to a node and asks for what is below it.
    event Picked(bytes32 indexed assertionId, bytes32 indexed sessionId, Session session);
    /// @notice What is below the session's node: nodes six levels down, or all leaves, or at a leaf its chunk.
    event Revealed(bytes32 indexed assertionId, bytes32 indexed sessionId, Session session, bytes data);
    /// @notice The owner asks for the sums of an element or of a part of one.
    event FocusPicked(bytes32 indexed assertionId, bytes32 indexed sessionId, Session session, Focus focus);
    /// @notice The operator claims these accumulators between the segments of `focus`, 8 bytes each.
    event SumsRevealed(
        bytes32 indexed assertionId,
        bytes32 indexed sessionId,
        Session session,
        Focus focus,
        bytes sums
    );
    /// @notice The assertion is wrong; its operator's bond is gone.
    /// @param chunk the trace chunk that shows it; all ones for a time-out
    /// @param refund wei that `prover` gets for its gas
    event Refuted(
        bytes32 indexed assertionId,
        address indexed operator,
        address indexed prover,
        Ground ground,
        uint64 chunk,
        uint256 refund
    );
    /// @notice The owner's clock ran out: its bond pays the operator's costs, and the rest is burned.
    event SessionLost(bytes32 indexed assertionId, bytes32 indexed sessionId, uint256 refund, uint256 burned);
    /// @notice A session on the refuted path came forward and gets a share after the payout delay.
    event Joined(bytes32 indexed assertionId, bytes32 indexed sessionId, Session session);
    /// @notice A session of a refuted assertion ended; its owner is owed `amount`, the bond included.
    event Claimed(bytes32 indexed assertionId, bytes32 indexed sessionId, address indexed owner, uint256 amount);

    error ImpossibleDispute(string parameter);
    error NotCoordinator(address caller);
    /// @notice The model of the Result cannot be judged, or is not registered.
    error NotJudged(bytes32 modelId);
    /// @notice There is no such live assertion: unknown, final, rejected or settled.
    error NotLive(bytes32 assertionId);
    /// @notice The Result is not that of the session.
    error ResultMismatch(bytes32 expected, bytes32 given);
    error WindowOver(uint256 endedAt);
    error WrongBond(uint256 expected, uint256 given);
    /// @notice The session is over, was never opened, or is not in the state supplied.
    error StateMismatch(bytes32 sessionId, bytes32 expected, bytes32 given);
    /// @notice The session's state does not allow the move.
    error WrongPhase(Phase phase);
    /// @notice Neither the session's owner nor, where that is an operator, a current key of its.
    error NotOwner(address owner, address caller);
    /// @notice Neither sent nor signed by the operator or a current key of its.
    error NotOperator(address operator, address actor);
    /// @notice The clock of the side to move ran out at `ranOutAt`.
    error ClockRanOut(uint256 ranOutAt);
    /// @notice The clock of the side to move runs until `until`.
    error ClockRunning(uint256 until);
    error AlreadyCommitted(bytes32 assertionId);
    error NotCommitted(bytes32 assertionId);
    /// @notice The signed Result has another trace root.
    error TraceRootFixed(bytes32 expected, bytes32 given);
    /// @notice A frontier of this node has `expected` bytes.
    error FrontierMismatch(uint256 expected, uint256 given);
    /// @notice The data or the path leads to another node than the session's.
    error NodeMismatch(bytes32 expected, bytes32 given);
    /// @notice The node is not below the session's, is above its frontier, or covers no chunk of the trace.
    error NodeOutOfRange(uint256 height, uint256 index);
    /// @notice The session named as the winner is at another place of the trace than what was refuted.
    error OffPath(bytes32 sessionId, uint256 chunk);
    /// @notice A proof is for one session, or for none.
    error TooManySessions(uint256 given);
    error FocusMismatch(bytes32 expected, bytes32 given);
    /// @notice The accumulators, 8 bytes each, take `expected` bytes.
    error SumsMismatch(uint256 expected, uint256 given);
    /// @notice A NaN has one form.
    error SumNotCanonical(uint256 index, bytes8 sum);
    error SegmentOutOfRange(uint256 segment, uint256 segments);
    /// @notice The segment fits one proof.
    error SegmentFits(uint256 steps, uint256 stepsPerProof);
    error AlreadyRefuted(bytes32 assertionId);
    error NotRefuted(bytes32 assertionId);
    error PayoutDelayed(uint256 until);

    // ------------------------------------------------------------------------------------------------- moves

    /// @notice Disputes a live assertion inside its window. `msg.value` is the challenge bond.
    /// @param spec `abi.encode(ModelSpec)` of the Result's model
    function open(Result calldata result, bytes calldata spec) external payable returns (bytes32 sessionId);

    /// @notice Binds the operator to a trace, once per assertion, for all its sessions. By the operator, or with its
    /// signature over `Commit(bytes32 assertionId,bytes32 traceRoot)` by anybody; by anybody where the Result has a
    /// trace root.
    /// @param nodes 2^min(6, depth) nodes under the root, from left to right
    /// @param signature empty if the operator sends
    function commit(
        Result calldata result,
        bytes32 traceRoot,
        bytes32[] calldata nodes,
        bytes calldata signature
    ) external;

    /// @notice Goes down to a node and asks for what is below it: one on the frontier of the session's node or, where
    /// others have brought out more, deeper. The node is the session's own only where the trace is a single chunk.
    /// @param path siblings, the node's first, up to the session's node
    function pick(Session calldata session, uint8 height, uint64 index, bytes32 node, bytes32[] calldata path) external;

    /// @notice Publishes what is below the session's node, by anybody: the nodes min(6, height) levels down, 32 bytes
    /// each; at height 0 the 256 bytes of the chunk.
    function reveal(Session calldata session, bytes calldata data) external;

    /// @notice Asks for the sums of an element that no single proof can run.
    /// @param traced the chunk with the element; its path leads up to the session's node
    function pickElement(
        Session calldata session,
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        uint256 element
    ) external;

    /// @notice Publishes the accumulators between the segments of `focus`. By the operator, or with its signature over
    /// `Sums(bytes32 sessionId,bytes32 state,bytes32 sums)` (`state` the session's hash, `sums` theirs) by anybody.
    function revealSums(
        Session calldata session,
        Focus calldata focus,
        bytes calldata sums,
        bytes calldata signature
    ) external;

    /// @notice Asks for the sums of a segment that does not fit one proof.
    function pickSegment(Session calldata session, Focus calldata focus, bytes calldata sums, uint256 segment) external;

    /// @notice Ends a session whose side to move let its clock run out: the owner loses its bond, or the operator the
    /// assertion. By anybody.
    function timeout(Session calldata session, Result calldata result) external;

    // ------------------------------------------------------------------------------------------------ proofs

    // Each refutes a live assertion whose trace root is known, by anybody, at any time and without a bond, as
    // `IVerdict` says. `sessions`: none, or one of the assertion's, on the refuted path, which wins by it.

    /// @notice See `IVerdict.proveElement`.
    function proveElement(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        uint256 element,
        bytes calldata witness,
        Session[] calldata sessions
    ) external;

    /// @notice See `IVerdict.proveTail`.
    function proveTail(
        Result calldata result,
        bytes calldata spec,
        KernelProof calldata kernel,
        ChunkProof calldata traced,
        Session[] calldata sessions
    ) external;

    /// @notice See `IVerdict.provePadding`.
    function provePadding(
        Result calldata result,
        bytes calldata spec,
        uint256 height,
        uint256 index,
        bytes32 node,
        bytes32[] calldata path,
        Session[] calldata sessions
    ) external;

    /// @notice See `IVerdict.proveOutput`.
    function proveOutput(
        Result calldata result,
        bytes calldata spec,
        ChunkProof calldata asserted,
        ChunkProof calldata traced,
        uint256 element,
        Session[] calldata sessions
    ) external;

    /// @notice Refutes by a segment whose sums `session` has brought out.
    function proveSegment(
        Session calldata session,
        Result calldata result,
        bytes calldata spec,
        Focus calldata focus,
        bytes calldata sums,
        uint256 segment,
        uint64 chunks,
        bytes calldata descriptor,
        bytes calldata witness
    ) external;

    // --------------------------------------------------------------------------------------------- settlement

    /// @notice After a refutation, by anybody, for the session's owner. Inside the payout delay a session on the
    /// refuted path joins those that share; any other one, and every one after the delay, gets its bond, its costs
    /// and, if it joined, its share. A session that was the only one gets all at once.
    function claim(Session calldata session) external;

    // -------------------------------------------------------------------------------------------------- views

    /// @notice The immutables of this game.
    function disputeParameters() external view returns (DisputeParameters memory);

    /// @notice The hash of the session's state, 0 if it is over or was never opened.
    function sessionStateOf(bytes32 sessionId) external view returns (bytes32);

    /// @notice What an assertion's disputes have come to.
    function caseOf(bytes32 assertionId) external view returns (Case memory);

    /// @notice The root that a lazy operator has committed to, 0 before.
    function traceRootOf(bytes32 assertionId) external view returns (bytes32);

    /// @notice How a refuted assertion's bond is shared out; zeros if there was nobody, or only one session, to share.
    function refutationOf(bytes32 assertionId) external view returns (Refutation memory);

    /// @notice `keccak256(abi.encode(assertionId, serial))`.
    function sessionIdOf(bytes32 assertionId, uint32 serial) external pure returns (bytes32);

    /// @notice EIP-712 digest of a Result in the coordinator's domain.
    function assertionIdOf(Result calldata result) external view returns (bytes32);
}
