// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Model} from "../registry/Model.sol";
import {Assignment} from "../inference/Assignment.sol";
import {AssertionState} from "../inference/AssertionState.sol";
import {Policy} from "../inference/Policy.sol";
import {RequestState} from "../inference/RequestState.sol";
import {Stage} from "./IInferenceConsumer.sol";

enum RequestStatus {
    None,
    Requested,
    Asserted,
    Final,
    Expired
}

/// @notice A request as its event states it and every later call supplies it. The first six fields are its identity:
/// `requestId = keccak256(abi.encode(chainid, coordinator, requester, nonce, modelId, inputRoot, policy, fee))`. The
/// last two are its terms, fixed by the chain when it was made.
/// @param nonce the block's number shifted left by 16, plus the number of earlier equal requests in that block
/// @param fee wei, callbacks not included
/// @param model the model's word at that time: owner, royalty, output length, semantics, tolerance
struct Request {
    address requester;
    uint64 nonce;
    bytes32 modelId;
    bytes32 inputRoot;
    Policy policy;
    uint96 fee;
    Model model;
    Assignment assignment;
}

/// @notice The part of a signed Result that neither request nor output determines.
/// @param traceRoot 0: committed on the first challenge
/// @param issuedAt unix seconds, within the request's life
struct Answer {
    address operator;
    uint64 issuedAt;
    bytes32 traceRoot;
}

/// @notice Arguments of `assertResult`, for batches.
struct Assertion {
    Request request;
    Answer answer;
    bytes output;
    bytes signature;
}

/// @notice Arguments of `finalise`, for batches.
struct Finalisation {
    Request request;
    Answer answer;
    bytes32 outputRoot;
    bytes output;
}

/// @notice The immutables of a deployment.
/// @param window seconds an assertion can be disputed
/// @param exitDelay seconds stake stays slashable after an exit is requested, at least `window`
/// @param takeoverPeriod seconds the winner of a dispute answers exclusively
/// @param maxAnswerPeriod the longest answer period a policy may ask for, in seconds
/// @param minStake wei; an operator below it is jailed
/// @param operatorBond wei of stake locked per assertion unless the policy wants more, a whole number of gwei
struct Parameters {
    uint32 window;
    uint32 exitDelay;
    uint32 takeoverPeriod;
    uint32 maxAnswerPeriod;
    uint80 minStake;
    uint96 operatorBond;
}

/// @title IInferenceCoordinator
/// @notice The life of a request: requested, asserted, final; or rejected and asserted again; or expired and refunded.
/// @dev One slot per request and one per assertion: everything else travels in calldata and events. Whoever calls
/// supplies the request as its event states it.
///
/// SAFETY: contract balance >= sum of stakes, earnings, balances and escrows; a request is paid or refunded once;
/// locked stake <= stake. LIVENESS: no consumer, operator, owner or arbiter payout can block a transition.
interface IInferenceCoordinator {
    /// @notice A request was made; with the event, everything later calls must supply is public.
    /// @param input the flat input tensors, `ChunkTree.join`
    event Requested(
        bytes32 indexed requestId,
        address indexed requester,
        address indexed operator,
        Request request,
        bytes input
    );
    /// @notice An operator answered; until `finalisableAt` anybody can dispute the answer.
    event Asserted(
        bytes32 indexed requestId,
        bytes32 indexed assertionId,
        address indexed operator,
        Answer answer,
        bytes32 outputRoot,
        uint256 finalisableAt,
        bytes output
    );
    /// @notice A dispute keeps the assertion from becoming final.
    event Held(bytes32 indexed requestId, bytes32 indexed assertionId);
    /// @notice No dispute holds the assertion any more.
    event Released(bytes32 indexed requestId, bytes32 indexed assertionId);
    /// @notice The assertion was proved wrong; `winner` is zero if nobody takes over.
    event Rejected(bytes32 indexed requestId, bytes32 indexed assertionId, address indexed operator, address winner);
    /// @notice The assertion became the final answer; operator and owner are paid.
    event Finalised(bytes32 indexed requestId, bytes32 indexed assertionId, address indexed operator);
    /// @notice The bond of an assertion that lived beside the final one is unlocked.
    event Settled(bytes32 indexed requestId, bytes32 indexed assertionId, address indexed operator);
    /// @notice Nobody answered in time; the requester is owed `refund` wei.
    event Expired(bytes32 indexed requestId, uint256 refund);
    /// @notice The callback went through.
    event Delivered(bytes32 indexed requestId, Stage stage);
    /// @notice The callback reverted or ran out of the gas it bought; anyone may repeat it.
    event DeliveryFailed(bytes32 indexed requestId, Stage stage);
    /// @notice The assigned operator had stake for the bond and let its exclusive period pass; `burned` wei of it are
    /// gone.
    event Late(bytes32 indexed requestId, address indexed operator, uint256 burned);

    error ImpossibleParameters(string parameter);
    error PolicyMalformed(string field);
    error TensorCountMismatch(uint256 expected, uint256 given);
    /// @notice The flat input is `given` bytes long.
    error InputLengthMismatch(uint256 expected, uint256 given);
    /// @notice The tensors' lengths, in order, are not the model's, though their count and flat length are.
    error TensorLengthsMismatch(bytes32 modelId);
    error OutputLengthMismatch(uint256 expected, uint256 given);
    /// @notice The model's input or output exceeds what a transaction can carry; only receipts serve it.
    error ModelTooLarge(bytes32 modelId);
    error ToleranceNotAccepted(uint256 atolClass, uint256 rtolClass);
    /// @notice `value` does not exceed the cost of the callbacks asked for: no fee is left.
    error Underpaid(uint256 value, uint256 callbackCost);
    error FeeTooLarge(uint256 fee);
    /// @notice No request has this identity: requester, nonce, modelId, inputRoot, policy or fee is wrong.
    error UnknownRequest(bytes32 requestId);
    /// @notice The request is known; its supplied `model` or `assignment` is wrong.
    error TermsMismatch(bytes32 requestId);
    error WrongStatus(bytes32 requestId, RequestStatus status);
    error ExclusivePeriod(address operator, uint256 until);
    error AnswerPeriodOver(uint256 endedAt);
    error AnswerPeriodRunning(uint256 endsAt);
    /// @notice Signed before the request was made.
    error StaleResult(uint256 issuedAt, uint256 requestedAt);
    error FutureResult(uint256 issuedAt, uint256 timestamp);
    /// @notice The signing key belongs to `actual` (zero: to nobody).
    error WrongSigner(address key, address expected, address actual);
    error OperatorJailed(address operator, uint256 stake);
    error AlreadyAsserted(bytes32 requestId, address operator);
    /// @notice Another assertion lives: use `assertBeside`.
    error RivalLives(bytes32 requestId, uint256 live);
    error TooManyAssertions(bytes32 requestId);
    /// @notice A dispute holds the rival: beside it only an answer that contradicts it is taken.
    error RivalHeld(bytes32 requestId, bytes32 rivalId);
    /// @notice The rival does not contradict the assertion; a dispute's bond would be lost.
    error NothingToContest(bytes32 requestId);
    error UnknownAssertion(bytes32 requestId, bytes32 assertionId);
    error WindowOpen(uint256 finalisableAt);
    /// @notice The rival can only be contradicted inside its window.
    error WindowOver(uint256 finalisableAt);
    error AssertionHeld(bytes32 assertionId);
    error OutputMismatch(bytes32 expected, bytes32 given);
    error NothingToDeliver(bytes32 requestId);
    /// @notice The call must be sent with more gas for the callback to get all that was bought.
    error CallbackGasStarved(uint256 required, uint256 available);

    /// @notice Asks `modelId` about `tensors`. `msg.value` is the fee and the callbacks' cost.
    /// @param tensors the model's inputs in order, packed little-endian, row-major
    /// @return requestId names the request in callbacks and views
    function request(
        bytes32 modelId,
        bytes[] calldata tensors,
        Policy policy
    ) external payable returns (bytes32 requestId);

    /// @notice Answers a request with a signed Result; anyone may relay one. Runs the Provisional callback.
    /// @param output the flat output tensors
    /// @param signature by a current key of the operator over the Result
    function assertResult(
        Request calldata request_,
        Answer calldata answer,
        bytes calldata output,
        bytes calldata signature
    ) external;

    /// @notice `assertResult` many times; all is settled before the first callback. An item whose request somebody
    /// else answered or closed meanwhile is passed over.
    function assertResults(Assertion[] calldata assertions) external;

    /// @notice Answers a request beside the live assertion `rival`. In exact mode a different output must open a
    /// dispute inside the rival's window: the arbiter gets `dispute` and `msg.value`, and neither assertion becomes
    /// final before its end. Any other answer names a rival that no dispute holds.
    function assertBeside(
        Assertion calldata assertion,
        Answer calldata rival,
        bytes32 rivalRoot,
        bytes calldata dispute
    ) external payable;

    /// @notice Makes an assertion final after its window: pays operator and owner, closes the request, runs the Final
    /// callback.
    /// @param output needed if a Final callback was bought, else empty
    function finalise(
        Request calldata request_,
        Answer calldata answer,
        bytes32 outputRoot,
        bytes calldata output
    ) external;

    /// @notice `finalise` many times; all is settled before the first callback. An item whose request is final
    /// already, or whose assertion was disputed meanwhile, is passed over.
    function finaliseBatch(Finalisation[] calldata finalisations) external;

    /// @notice Unlocks the bond of an assertion that lived beside the one that became final, after its own window.
    /// @param finalRoot root of the final output
    function settle(Request calldata request_, Answer calldata answer, bytes32 outputRoot, bytes32 finalRoot) external;

    /// @notice Refunds a request that nobody answered in its answer period.
    function expire(Request calldata request_) external;

    /// @notice Runs a callback that is due and was not delivered: Final, Provisional of a live assertion, or Rejected
    /// of a rejected one. Final is due, too, where Provisional alone was bought and the final answer's never went
    /// through. The caller pays the gas.
    function deliver(Request calldata request_, Answer calldata answer, bytes calldata output) external;

    /// @notice Whether `output` is the final answer of the request.
    function isFinal(Request calldata request_, bytes calldata output) external view returns (bool);

    /// @notice The id of a request as supplied, whether or not it was made.
    function requestIdOf(Request calldata request_) external view returns (bytes32);

    /// @notice The digest that the operator signs for `answer` and `outputRoot`.
    function assertionIdOf(
        Request calldata request_,
        Answer calldata answer,
        bytes32 outputRoot
    ) external view returns (bytes32);

    /// @notice The request's word, zero if it was never made.
    function requestStateOf(bytes32 requestId) external view returns (RequestState);

    /// @notice The operator's assertion on a request, zero if there is none or it is settled.
    function assertionStateOf(bytes32 requestId, address operator) external view returns (AssertionState);

    /// @notice Who answers exclusively after a won dispute, and until when; half of the answer period at most, whatever
    /// `until` says.
    function takeoverOf(bytes32 requestId) external view returns (address operator, uint256 until);

    /// @notice Wei of stake that an answer under `policy` locks.
    function bondFor(Policy policy) external view returns (uint256);

    /// @notice The immutables of this deployment.
    function parameters() external view returns (Parameters memory);
}
