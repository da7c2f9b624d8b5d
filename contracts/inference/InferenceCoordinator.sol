// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {AssertionRef, IArbiter, IArbitrable, Payout} from "../interfaces/IArbiter.sol";
import {IInferenceConsumer, Stage} from "../interfaces/IInferenceConsumer.sol";
import {
    Answer,
    Assertion,
    Finalisation,
    IInferenceCoordinator,
    Parameters,
    Request,
    RequestStatus
} from "../interfaces/IInferenceCoordinator.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Model, ModelLib} from "../registry/Model.sol";
import {ModelStore} from "../registry/ModelStore.sol";
import {OperatorRegistry} from "../registry/OperatorRegistry.sol";
import {OperatorState} from "../registry/OperatorState.sol";
import {AssertionState, AssertionStateLib} from "./AssertionState.sol";
import {Assignment} from "./Assignment.sol";
import {Policy, PolicyLib} from "./Policy.sol";
import {RequestState, RequestStateLib} from "./RequestState.sol";
import {Requests} from "./Requests.sol";

/// @title InferenceCoordinator
/// @notice The one contract of a deployment that holds money and state. The operators' registry is a part of it, since
/// a request reads a model, an offer and a stake, and an assertion writes a stake: each call to a contract of its own
/// would cost 2,600 gas and more.
/// @dev Callbacks run last, with the guard still closed: a consumer may make requests from within one (`request`
/// touches no existing state), and nothing else.
contract InferenceCoordinator is IInferenceCoordinator, IArbitrable, OperatorRegistry {
    using Requests for Request;

    struct Takeover {
        address operator;
        uint40 until;
    }

    uint256 private constant MAX_LIVE = 255;
    /// @dev Gas kept for the call itself (2,600 for a cold account) and for recording its outcome after it.
    uint256 private constant CALLBACK_RESERVE = 15_000;

    uint256 private immutable _window;
    uint256 private immutable _takeoverPeriod;
    uint256 private immutable _maxAnswerPeriod;
    uint256 private immutable _operatorBond;

    mapping(bytes32 requestId => RequestState) private _requests;
    mapping(bytes32 requestId => mapping(address operator => AssertionState)) private _assertions;
    mapping(bytes32 requestId => Takeover) private _takeovers;

    modifier onlyArbiter() {
        if (msg.sender != address(arbiter)) revert NotArbiter(msg.sender);
        _;
    }

    constructor(
        Parameters memory parameters_,
        IArbiter arbiter_,
        address p256Verifier_
    )
        EIP712("Assay", "1")
        ModelStore(arbiter_)
        OperatorRegistry(parameters_.exitDelay, parameters_.minStake, p256Verifier_)
    {
        if (address(arbiter_) == address(0)) revert ImpossibleParameters("arbiter");
        if (parameters_.window == 0) revert ImpossibleParameters("window");
        if (parameters_.exitDelay < parameters_.window) revert ImpossibleParameters("exitDelay");
        if (parameters_.maxAnswerPeriod == 0) revert ImpossibleParameters("maxAnswerPeriod");
        bool bondFits = parameters_.operatorBond % 1 gwei == 0 && parameters_.operatorBond / 1 gwei <= type(uint48).max;
        if (parameters_.operatorBond == 0 || !bondFits) revert ImpossibleParameters("operatorBond");
        if (parameters_.minStake < parameters_.operatorBond) revert ImpossibleParameters("minStake");
        _window = parameters_.window;
        _takeoverPeriod = parameters_.takeoverPeriod;
        _maxAnswerPeriod = parameters_.maxAnswerPeriod;
        _operatorBond = parameters_.operatorBond;
    }

    // ------------------------------------------------------------------------------------------------ requests

    /// @inheritdoc IInferenceCoordinator
    function request(
        bytes32 modelId,
        bytes[] calldata tensors,
        Policy policy
    ) external payable returns (bytes32 requestId) {
        Model model = _models[modelId];
        _checkModel(modelId, model, policy);
        _checkPolicy(policy);
        bytes memory input = _flatInput(modelId, model, tensors);
        uint256 cost = policy.callbackCost();
        if (msg.value <= cost) revert Underpaid(msg.value, cost);
        uint256 fee = msg.value - cost;
        if (fee > type(uint96).max) revert FeeTooLarge(fee);

        Request memory made = Request({
            requester: msg.sender,
            nonce: uint64(block.number << 16),
            modelId: modelId,
            inputRoot: ChunkTree.root(input),
            policy: policy,
            fee: uint96(fee),
            model: model,
            assignment: Assignment.wrap(0)
        });
        requestId = made.idOf();
        // Only the requester itself, asking the same thing for the same fee in the same block, took the earlier nonces.
        while (_requests[requestId].status() != RequestStatus.None) {
            ++made.nonce;
            requestId = made.idOf();
        }
        made.assignment = _draw(made, requestId);
        _requests[requestId] = RequestStateLib.create(made.openCommitment(), block.timestamp);
        emit Requested(requestId, msg.sender, made.assignment.operator(), made, input);
    }

    /// @inheritdoc IInferenceCoordinator
    function expire(Request calldata request_) external nonReentrant {
        (bytes32 requestId, RequestState state) = _find(request_);
        if (state.status() != RequestStatus.Requested) revert WrongStatus(requestId, state.status());
        _checkTerms(request_, requestId, state, 0);
        uint256 endsAt = state.startedAt() + request_.policy.answerPeriod();
        if (block.timestamp <= endsAt) revert AnswerPeriodRunning(endsAt);

        _requests[requestId] = _chargeLateness(request_, requestId, state).withStatus(RequestStatus.Expired);
        uint256 refund = request_.fee + request_.policy.callbackCost();
        _credit(request_.requester, refund);
        emit Expired(requestId, refund);
    }

    // ---------------------------------------------------------------------------------------------- assertions

    /// @inheritdoc IInferenceCoordinator
    function assertResult(
        Request calldata request_,
        Answer calldata answer,
        bytes calldata output,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 requestId, RequestState state) = _find(request_);
        if (state.live() != 0) revert RivalLives(requestId, state.live());
        _assert(request_, requestId, state, answer, output, signature);
        if (_wantsProvisional(request_, state)) {
            _deliver(request_, requestId, answer.operator, Stage.Provisional, output);
        }
    }

    /// @inheritdoc IInferenceCoordinator
    function assertResults(Assertion[] calldata assertions) external nonReentrant {
        bytes32[] memory due = new bytes32[](assertions.length);
        for (uint256 i = 0; i < assertions.length; ++i) {
            Assertion calldata item = assertions[i];
            (bytes32 requestId, RequestState state) = _find(item.request);
            if (state.status() != RequestStatus.Requested) continue;
            _assert(item.request, requestId, state, item.answer, item.output, item.signature);
            if (_wantsProvisional(item.request, state)) due[i] = requestId;
        }
        for (uint256 i = 0; i < assertions.length; ++i) {
            if (due[i] == 0) continue;
            Assertion calldata item = assertions[i];
            _deliver(item.request, due[i], item.answer.operator, Stage.Provisional, item.output);
        }
    }

    /// @inheritdoc IInferenceCoordinator
    function assertBeside(
        Assertion calldata assertion,
        Answer calldata rival,
        bytes32 rivalRoot,
        bytes calldata dispute
    ) external payable nonReentrant {
        Request calldata request_ = assertion.request;
        (bytes32 requestId, RequestState state) = _find(request_);
        (AssertionState rivalState, bytes32 rivalId) = _findLiveAssertion(request_, requestId, rival, rivalRoot);
        if (state.live() == MAX_LIVE) revert TooManyAssertions(requestId);
        address operator = assertion.answer.operator;
        (bytes32 assertionId, bytes32 outputRoot) = _assert(
            request_,
            requestId,
            state,
            assertion.answer,
            assertion.output,
            assertion.signature
        );

        if (request_.model.isExact() && outputRoot != rivalRoot) {
            // Otherwise disputes one after the other could hold an answer for ever.
            uint256 end = rivalState.finalisableAt();
            if (block.timestamp >= end) revert WindowOver(end);
            _assertions[requestId][operator] = _assertions[requestId][operator].withHeld(true);
            _assertions[requestId][rival.operator] = rivalState.withHeld(true);
            emit Held(requestId, assertionId);
            emit Held(requestId, rivalId);
            arbiter.contest{value: msg.value}(
                AssertionRef(assertionId, requestId, operator),
                AssertionRef(rivalId, requestId, rival.operator),
                dispute
            );
            return;
        }
        // It would not be held itself: a copy of a contested answer could become final before the dispute ends.
        if (rivalState.isHeld()) revert RivalHeld(requestId, rivalId);
        if (msg.value != 0) revert NothingToContest(requestId);
        if (_wantsProvisional(request_, state)) {
            _deliver(request_, requestId, operator, Stage.Provisional, assertion.output);
        }
    }

    // ------------------------------------------------------------------------------------------------ finality

    /// @inheritdoc IInferenceCoordinator
    function finalise(
        Request calldata request_,
        Answer calldata answer,
        bytes32 outputRoot,
        bytes calldata output
    ) external nonReentrant {
        (bytes32 requestId, RequestState state) = _find(request_);
        if (state.status() != RequestStatus.Asserted) revert WrongStatus(requestId, state.status());
        (AssertionState assertion, bytes32 assertionId) = _findLiveAssertion(request_, requestId, answer, outputRoot);
        if (assertion.isHeld()) revert AssertionHeld(assertionId);
        _finalise(request_, requestId, state, answer.operator, assertion, assertionId, outputRoot);
        if (request_.policy.wantsFinal()) {
            _checkOutput(request_, output, outputRoot);
            _deliver(request_, requestId, answer.operator, Stage.Final, output);
        }
    }

    /// @inheritdoc IInferenceCoordinator
    function finaliseBatch(Finalisation[] calldata finalisations) external nonReentrant {
        bytes32[] memory due = new bytes32[](finalisations.length);
        for (uint256 i = 0; i < finalisations.length; ++i) {
            Finalisation calldata item = finalisations[i];
            (bytes32 requestId, RequestState state) = _find(item.request);
            if (state.status() != RequestStatus.Asserted) continue;
            (AssertionState assertion, bytes32 assertionId) = _findAssertion(
                item.request,
                requestId,
                item.answer,
                item.outputRoot
            );
            if (!assertion.isLive() || assertion.isHeld()) continue;
            _finalise(item.request, requestId, state, item.answer.operator, assertion, assertionId, item.outputRoot);
            if (item.request.policy.wantsFinal()) {
                _checkOutput(item.request, item.output, item.outputRoot);
                due[i] = requestId;
            }
        }
        for (uint256 i = 0; i < finalisations.length; ++i) {
            if (due[i] == 0) continue;
            Finalisation calldata item = finalisations[i];
            _deliver(item.request, due[i], item.answer.operator, Stage.Final, item.output);
        }
    }

    /// @inheritdoc IInferenceCoordinator
    function settle(
        Request calldata request_,
        Answer calldata answer,
        bytes32 outputRoot,
        bytes32 finalRoot
    ) external nonReentrant {
        (bytes32 requestId, RequestState state) = _find(request_);
        if (state.status() != RequestStatus.Final) revert WrongStatus(requestId, state.status());
        _checkTerms(request_, requestId, state, finalRoot);
        (AssertionState assertion, bytes32 assertionId) = _findLiveAssertion(request_, requestId, answer, outputRoot);
        if (assertion.isHeld()) revert AssertionHeld(assertionId);
        _checkWindow(assertion);

        _assertions[requestId][answer.operator] = AssertionState.wrap(0);
        _requests[requestId] = state.removeLive();
        _operators[answer.operator] = _operators[answer.operator].unlock(assertion.bond());
        emit Settled(requestId, assertionId, answer.operator);
    }

    /// @inheritdoc IInferenceCoordinator
    function deliver(Request calldata request_, Answer calldata answer, bytes calldata output) external nonReentrant {
        (bytes32 requestId, RequestState state) = _find(request_);
        bytes32 outputRoot = _rootOf(request_, output);
        if (state.status() == RequestStatus.Final) {
            _checkTerms(request_, requestId, state, outputRoot);
            bool wanted = request_.policy.wantsFinal() || _wantsProvisional(request_, state);
            if (!wanted || state.finalDelivered()) revert NothingToDeliver(requestId);
            _deliver(request_, requestId, answer.operator, Stage.Final, output);
            return;
        }
        _checkTerms(request_, requestId, state, 0);
        (AssertionState assertion, ) = _findAssertion(request_, requestId, answer, outputRoot);
        bool rejected = !assertion.isLive() && assertion.isDelivered();
        bool provisional = assertion.isLive() && !assertion.isHeld() && _wantsProvisional(request_, state);
        if (!rejected && !provisional) revert NothingToDeliver(requestId);
        _deliver(request_, requestId, answer.operator, rejected ? Stage.Rejected : Stage.Provisional, output);
    }

    // ------------------------------------------------------------------------------------- the arbiter's seam

    /// @inheritdoc IArbitrable
    function hold(AssertionRef calldata assertion) external onlyArbiter nonReentrant {
        AssertionState state = _findLive(assertion);
        if (state.isHeld()) revert AlreadyHeld(assertion);
        _assertions[assertion.requestId][assertion.operator] = state.withHeld(true);
        emit Held(assertion.requestId, assertion.assertionId);
    }

    /// @inheritdoc IArbitrable
    function release(AssertionRef calldata assertion) external onlyArbiter nonReentrant {
        AssertionState state = _findLive(assertion);
        if (!state.isHeld()) revert NotHeld(assertion);
        _assertions[assertion.requestId][assertion.operator] = state.withHeld(false);
        emit Released(assertion.requestId, assertion.assertionId);
    }

    /// @inheritdoc IArbitrable
    function reject(
        AssertionRef calldata assertion,
        address winner
    ) external onlyArbiter nonReentrant returns (uint256 bond) {
        AssertionState state = _findLive(assertion);
        (bytes32 requestId, address operator) = (assertion.requestId, assertion.operator);
        _assertions[requestId][operator] = state.end();
        bond = state.bond();
        _operators[operator] = _operators[operator].unlock(bond);

        RequestState requestState = _requests[requestId].removeLive();
        // INVARIANT: Asserted exactly while an assertion lives. A request that is final stays so.
        if (requestState.status() == RequestStatus.Asserted && requestState.live() == 0) {
            requestState = requestState.reopen(block.timestamp);
            // Nobody keeps others from a request that it cannot answer: an earlier takeover ends here, and a winner
            // that has answered before takes nothing over.
            bool canAnswer = _operators[winner].stake() >= _minStake && !_assertions[requestId][winner].exists();
            _takeovers[requestId] =
                canAnswer ? Takeover(winner, uint40(block.timestamp + _takeoverPeriod)) : Takeover(address(0), 0);
        }
        _requests[requestId] = requestState;
        emit Rejected(requestId, assertion.assertionId, operator, winner);
    }

    /// @inheritdoc IArbitrable
    function slash(
        address operator,
        uint256 amount,
        Payout[] calldata payouts
    ) external onlyArbiter nonReentrant returns (uint256 taken) {
        taken = _takeStake(operator, amount);
        if (taken != 0) _operators[operator] = _operators[operator].withSlashed(true);
        uint256 rest = taken;
        uint256 claimed = 0;
        for (uint256 i = 0; i < payouts.length; ++i) {
            claimed += payouts[i].amount;
            uint256 paid = payouts[i].amount < rest ? payouts[i].amount : rest;
            _credit(payouts[i].recipient, paid);
            rest -= paid;
        }
        if (claimed > amount) revert PayoutsExceedSlash(claimed, amount);
        // Burned: the ether stays here and nobody is owed it.
        emit Slashed(operator, taken, rest);
    }

    // --------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IInferenceCoordinator
    function isFinal(Request calldata request_, bytes calldata output) external view returns (bool) {
        RequestState state = _requests[request_.id()];
        if (state.status() != RequestStatus.Final || output.length != request_.model.outputBytes()) return false;
        return state.commitsTo(request_.commitment(ChunkTree.root(output)));
    }

    /// @inheritdoc IInferenceCoordinator
    function requestIdOf(Request calldata request_) external view returns (bytes32) {
        return request_.id();
    }

    /// @inheritdoc IInferenceCoordinator
    function assertionIdOf(
        Request calldata request_,
        Answer calldata answer,
        bytes32 outputRoot
    ) external view returns (bytes32) {
        return _assertionId(request_, request_.id(), answer, outputRoot);
    }

    /// @inheritdoc IInferenceCoordinator
    function requestStateOf(bytes32 requestId) external view returns (RequestState) {
        return _requests[requestId];
    }

    /// @inheritdoc IInferenceCoordinator
    function assertionStateOf(bytes32 requestId, address operator) external view returns (AssertionState) {
        return _assertions[requestId][operator];
    }

    /// @inheritdoc IInferenceCoordinator
    function takeoverOf(bytes32 requestId) external view returns (address operator, uint256 until) {
        Takeover memory takeover = _takeovers[requestId];
        return (takeover.operator, takeover.until);
    }

    /// @inheritdoc IInferenceCoordinator
    function bondFor(Policy policy) public view returns (uint256) {
        uint256 wanted = policy.minBond();
        return wanted > _operatorBond ? wanted : _operatorBond;
    }

    /// @inheritdoc IInferenceCoordinator
    function parameters() external view returns (Parameters memory) {
        return
            Parameters({
                window: uint32(_window),
                exitDelay: uint32(_exitDelay),
                takeoverPeriod: uint32(_takeoverPeriod),
                maxAnswerPeriod: uint32(_maxAnswerPeriod),
                minStake: uint80(_minStake),
                operatorBond: uint96(_operatorBond)
            });
    }

    // ------------------------------------------------------------------------------------------------ internal

    /// @dev Everything an assertion changes but the callback.
    function _assert(
        Request calldata request_,
        bytes32 requestId,
        RequestState state,
        Answer calldata answer,
        bytes calldata output,
        bytes calldata signature
    ) private returns (bytes32 assertionId, bytes32 outputRoot) {
        RequestStatus status = state.status();
        if (status != RequestStatus.Requested && status != RequestStatus.Asserted)
            revert WrongStatus(requestId, status);
        _checkTerms(request_, requestId, state, 0);
        _checkTime(request_, requestId, state, answer);
        if (_assertions[requestId][answer.operator].exists()) revert AlreadyAsserted(requestId, answer.operator);

        outputRoot = _rootOf(request_, output);
        assertionId = _assertionId(request_, requestId, answer, outputRoot);
        _checkSigner(assertionId, signature, answer.operator);
        state = _chargeLateness(request_, requestId, state);

        uint256 bond = bondFor(request_.policy);
        OperatorState operator = _operators[answer.operator];
        if (operator.stake() < _minStake) revert OperatorJailed(answer.operator, operator.stake());
        _operators[answer.operator] = operator.lock(bond);
        uint256 finalisableAt = block.timestamp + _window;
        _assertions[requestId][answer.operator] = AssertionStateLib.create(assertionId, bond, finalisableAt);
        _requests[requestId] = state.addLive();
        emit Asserted(requestId, assertionId, answer.operator, answer, outputRoot, finalisableAt, output);
    }

    function _finalise(
        Request calldata request_,
        bytes32 requestId,
        RequestState state,
        address operator,
        AssertionState assertion,
        bytes32 assertionId,
        bytes32 outputRoot
    ) private {
        _checkTerms(request_, requestId, state, 0);
        _checkWindow(assertion);
        // The first Final closes the request; the cleared slot pays for a part of the gas, and nobody asserts again.
        _assertions[requestId][operator] = AssertionState.wrap(0);
        bytes32 commitment = request_.commitment(outputRoot);
        // From here on the mark says whether the requester was told this answer, and not one that was rejected.
        state = state.removeLive().withProvisionalDelivered(assertion.isDelivered());
        _requests[requestId] = state.withStatus(RequestStatus.Final).withCommitment(commitment);

        uint256 royalty = _royalty(request_.model, request_.fee);
        uint256 earned = request_.fee - royalty + request_.policy.callbackCost();
        uint256 rest;
        (_operators[operator], rest) = _operators[operator].unlock(assertion.bond()).addEarnings(earned);
        _credit(operator, rest);
        _credit(request_.model.owner(), royalty);
        emit Finalised(requestId, assertionId, operator);
    }

    /// @dev Calls the requester with exactly the gas bought and records the outcome. The state is final before the
    /// call but for the mark of delivery, which the guard protects.
    function _deliver(
        Request calldata request_,
        bytes32 requestId,
        address operator,
        Stage stage,
        bytes calldata output
    ) private {
        bytes memory message = abi.encodeCall(
            IInferenceConsumer.onInference,
            (requestId, stage, request_.model.isDisputable(), output)
        );
        uint256 gasBought = request_.policy.callbackGas();
        // EIP-150 hands down at most 63/64 of the gas: a caller that sends less could starve the consumer.
        uint256 required = gasBought + gasBought / 63 + CALLBACK_RESERVE;
        if (gasleft() < required) revert CallbackGasStarved(required, gasleft());
        address requester = request_.requester;
        bool success;
        assembly ("memory-safe") {
            // Returned data is not copied: its size is the consumer's to choose.
            success := call(gasBought, requester, 0, add(message, 0x20), mload(message), 0, 0)
        }
        if (!success) {
            emit DeliveryFailed(requestId, stage);
            return;
        }
        RequestState state = _requests[requestId];
        if (stage == Stage.Final) {
            _requests[requestId] = state.withFinalDelivered();
        } else {
            bool provisional = stage == Stage.Provisional;
            _requests[requestId] = state.withProvisionalDelivered(provisional);
            _assertions[requestId][operator] = _assertions[requestId][operator].withDelivered(provisional);
        }
        emit Delivered(requestId, stage);
    }

    /// @dev Burns the penalty that the assigned operator accepted, once, if it let its exclusive period pass. Whose
    /// stake all backs other answers pays nothing: a draw reserves no stake, so it may have been drawn more often than
    /// it can answer.
    function _chargeLateness(
        Request calldata request_,
        bytes32 requestId,
        RequestState state
    ) private returns (RequestState) {
        Assignment assignment = request_.assignment;
        uint256 penaltyBps = assignment.penaltyBps();
        if (penaltyBps == 0 || state.latenessSettled()) return state;
        if (block.timestamp <= assignment.exclusiveUntil()) return state;
        address operator = assignment.operator();
        bool couldAnswer = _couldBack(operator, bondFor(request_.policy), assignment.requestedAt());
        if (couldAnswer && !_assertions[requestId][operator].exists()) {
            uint256 burned = _takeStake(operator, (uint256(request_.fee) * penaltyBps) / 10_000);
            emit Late(requestId, operator, burned);
        }
        return state.withLatenessSettled();
    }

    function _find(Request calldata request_) private view returns (bytes32 requestId, RequestState state) {
        requestId = request_.id();
        state = _requests[requestId];
        if (state.status() == RequestStatus.None) revert UnknownRequest(requestId);
    }

    function _findAssertion(
        Request calldata request_,
        bytes32 requestId,
        Answer calldata answer,
        bytes32 outputRoot
    ) private view returns (AssertionState assertion, bytes32 assertionId) {
        assertionId = _assertionId(request_, requestId, answer, outputRoot);
        assertion = _assertions[requestId][answer.operator];
        if (!assertion.isFor(assertionId)) revert UnknownAssertion(requestId, assertionId);
    }

    function _findLiveAssertion(
        Request calldata request_,
        bytes32 requestId,
        Answer calldata answer,
        bytes32 outputRoot
    ) private view returns (AssertionState assertion, bytes32 assertionId) {
        (assertion, assertionId) = _findAssertion(request_, requestId, answer, outputRoot);
        if (!assertion.isLive()) revert UnknownAssertion(requestId, assertionId);
    }

    function _findLive(AssertionRef calldata assertion) private view returns (AssertionState state) {
        state = _assertions[assertion.requestId][assertion.operator];
        if (!state.isLive() || !state.isFor(assertion.assertionId)) revert NotLive(assertion);
    }

    function _checkModel(bytes32 modelId, Model model, Policy policy) private pure {
        if (!model.exists()) revert IModelRegistry.UnknownModel(modelId);
        if (model.isDeprecated()) revert IModelRegistry.ModelIsDeprecated(modelId);
        if (model.inputBytes() == ModelLib.TOO_LARGE || model.outputBytes() == ModelLib.TOO_LARGE) {
            revert ModelTooLarge(modelId);
        }
        if (model.atolClass() > policy.atolClass() || model.rtolClass() > policy.rtolClass()) {
            revert ToleranceNotAccepted(model.atolClass(), model.rtolClass());
        }
    }

    function _checkPolicy(Policy policy) private view {
        if (policy.hasUnusedBits()) revert PolicyMalformed("unused bits");
        uint256 answerPeriod = policy.answerPeriod();
        if (answerPeriod == 0 || answerPeriod > _maxAnswerPeriod) revert PolicyMalformed("answerPeriod");
        uint256 callbackGas = policy.callbackGas();
        bool wantsAny = policy.wantsProvisional() || policy.wantsFinal();
        if (callbackGas > PolicyLib.MAX_CALLBACK_GAS || wantsAny != (callbackGas != 0)) {
            revert PolicyMalformed("callbackGas");
        }
        if (!wantsAny && policy.callbackGasPrice() != 0) revert PolicyMalformed("callbackGasPrice");
    }

    function _flatInput(bytes32 modelId, Model model, bytes[] calldata tensors) private pure returns (bytes memory) {
        if (tensors.length != model.inputCount()) revert TensorCountMismatch(model.inputCount(), tensors.length);
        uint256 length = ChunkTree.flatLength(tensors);
        if (length != model.inputBytes()) revert InputLengthMismatch(model.inputBytes(), length);
        if (tensors.length > 1) {
            // One tensor's length is the flat length.
            uint256[] memory lengths = new uint256[](tensors.length);
            for (uint256 i = 0; i < tensors.length; ++i) {
                lengths[i] = tensors[i].length;
            }
            if (ModelLib.tagOf(lengths) != model.lengthsTag()) revert TensorLengthsMismatch(modelId);
        }
        return ChunkTree.join(tensors, length);
    }

    /// @dev The length is checked because the root does not bind it.
    function _rootOf(Request calldata request_, bytes calldata output) private pure returns (bytes32) {
        uint256 expected = request_.model.outputBytes();
        if (output.length != expected) revert OutputLengthMismatch(expected, output.length);
        return ChunkTree.root(output);
    }

    function _checkOutput(Request calldata request_, bytes calldata output, bytes32 outputRoot) private pure {
        bytes32 root = _rootOf(request_, output);
        if (root != outputRoot) revert OutputMismatch(outputRoot, root);
    }

    function _checkTerms(
        Request calldata request_,
        bytes32 requestId,
        RequestState state,
        bytes32 finalRoot
    ) private pure {
        if (!state.commitsTo(request_.commitment(finalRoot))) {
            revert TermsMismatch(requestId);
        }
    }

    function _checkTime(
        Request calldata request_,
        bytes32 requestId,
        RequestState state,
        Answer calldata answer
    ) private view {
        Assignment assignment = request_.assignment;
        if (answer.issuedAt < assignment.requestedAt()) revert StaleResult(answer.issuedAt, assignment.requestedAt());
        if (answer.issuedAt > block.timestamp) revert FutureResult(answer.issuedAt, block.timestamp);
        // While an assertion lives a request neither expires nor is anybody's alone: whoever was has answered.
        if (state.live() != 0) return;
        uint256 answerPeriod = request_.policy.answerPeriod();
        uint256 endsAt = state.startedAt() + answerPeriod;
        if (block.timestamp > endsAt) revert AnswerPeriodOver(endsAt);

        (address exclusive, uint256 until) = (assignment.operator(), assignment.exclusiveUntil());
        if (state.isReopened()) {
            (exclusive, until) = (_takeovers[requestId].operator, _takeovers[requestId].until);
            // The requester chose the answer period and not the deployment's takeover period: others get half of it.
            uint256 half = state.startedAt() + answerPeriod / 2;
            if (until > half) until = half;
        }
        if (exclusive != address(0) && exclusive != answer.operator && block.timestamp <= until) {
            revert ExclusivePeriod(exclusive, until);
        }
    }

    function _checkSigner(bytes32 assertionId, bytes calldata signature, address operator) private view {
        address key = Signatures.recover(assertionId, signature, p256Verifier);
        address signer = _signerOf(key);
        if (signer != operator || operator == address(0)) revert WrongSigner(key, operator, signer);
    }

    function _checkWindow(AssertionState assertion) private view {
        if (block.timestamp < assertion.finalisableAt()) revert WindowOpen(assertion.finalisableAt());
    }

    function _wantsProvisional(Request calldata request_, RequestState state) private pure returns (bool) {
        return request_.policy.wantsProvisional() && !state.provisionalDelivered();
    }

    /// @dev An operator that takes the request for what the fee leaves after the royalty.
    function _draw(Request memory made, bytes32 requestId) private view returns (Assignment) {
        uint256 net = made.fee - _royalty(made.model, made.fee);
        uint256 seed = uint256(keccak256(abi.encode(block.prevrandao, requestId)));
        return _draw(made.modelId, made.model, made.policy, net, bondFor(made.policy), seed);
    }

    function _royalty(Model model, uint256 fee) private pure returns (uint256) {
        return (fee * model.royaltyBps()) / 10_000;
    }

    function _assertionId(
        Request calldata request_,
        bytes32 requestId,
        Answer calldata answer,
        bytes32 outputRoot
    ) private view returns (bytes32) {
        return _hashTypedDataV4(request_.resultHash(requestId, answer, outputRoot));
    }
}
