// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {InferenceConsumer} from "../consumer/InferenceConsumer.sol";
import {ModelSignature} from "../consumer/ModelSignature.sol";
import {Outputs} from "../consumer/Outputs.sol";
import {IInferenceCoordinator, RequestStatus} from "../interfaces/IInferenceCoordinator.sol";
import {Policy} from "../inference/Policy.sol";
import {Dtype} from "../lib/Dtype.sol";

/// @title LendingDesk
/// @notice Lends a dollar token to those whom a credit model (`models/credit.onnx`) scores well enough. The facts about
/// a borrower are attested by someone the desk trusts: a model's score is worth what its inputs are worth.
///
/// An application sets its loan aside until it is decided. It is decided by the **Final** answer and by nothing before
/// it, because a loan that was paid out cannot be taken back. Undecided when its time is over, it is cancelled, and
/// what the model says later has no effect.
///
/// **Not disputable.** For a model without a program that the chain could check, a Final answer is as much its
/// operator's word as a Provisional one; waiting adds nothing, and an operator that applies for a loan grants it to
/// itself. Whoever deploys the desk says with `acceptNotDisputable` that it trusts the model's operators.
/// @dev An example. Tokens that take a fee on transfers or change balances by themselves are not supported. What is
/// overdue is pursued elsewhere: the attester knows the borrower.
contract LendingDesk is InferenceConsumer, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20Metadata;

    /// @param modelId takes `income`, `debt`, `loan` f32 [1, 1] in dollars and `history` i64 [1, 3], gives
    /// `default_probability` f32 [1, 1] and `score` i64 [1, 1]
    /// @param acceptNotDisputable whether the model may be one whose answers nobody can dispute
    /// @param policy must buy the Final callback and no other; `CALLBACK_GAS` is enough for it
    /// @param lender owns what is not set aside
    /// @param attester signs `Facts`
    /// @param minScore the least score that gets a loan
    /// @param maxDefaultPpm the greatest probability of default that gets a loan, in 1/1,000,000
    /// @param interestBps on the whole loan, in 1/10,000
    /// @param decisionPeriod seconds an application waits for its answer
    /// @param drawPeriod seconds an approved loan can be drawn
    /// @param loanPeriod seconds until a loan is due
    struct Terms {
        bytes32 modelId;
        bool acceptNotDisputable;
        Policy policy;
        address lender;
        address attester;
        uint16 minScore;
        uint32 maxDefaultPpm;
        uint16 interestBps;
        uint32 decisionPeriod;
        uint32 drawPeriod;
        uint32 loanPeriod;
    }

    /// @notice What the attester says about a borrower; money in the token's smallest unit.
    /// @param loan what is asked for
    /// @param monthsOfHistory months of credit history
    /// @param latePayments in the last 24 months
    /// @param creditLines open ones
    /// @param expiresAt unix seconds after which this is no longer said
    struct Facts {
        address borrower;
        uint128 income;
        uint128 debt;
        uint128 loan;
        uint32 monthsOfHistory;
        uint32 latePayments;
        uint32 creditLines;
        uint64 expiresAt;
    }

    enum Status {
        None,
        Pending,
        Approved,
        Denied,
        Cancelled,
        Drawn,
        Repaid
    }

    /// @param paid wei for the answer, until they are paid back
    /// @param loan in the token's smallest unit
    /// @param deadline unix seconds: of the decision, then of drawing, then of repaying
    struct Application {
        address borrower;
        uint96 paid;
        uint128 loan;
        uint64 deadline;
        Status status;
    }

    uint256 public constant CALLBACK_GAS = 100_000;
    bytes32 private constant FACTS_TYPEHASH = keccak256(
        "Facts(address borrower,uint128 income,uint128 debt,uint128 loan,"
        "uint32 monthsOfHistory,uint32 latePayments,uint32 creditLines,uint64 expiresAt)"
    );

    IERC20Metadata public immutable token;
    uint8 private immutable _decimals;
    Terms private _terms;

    mapping(bytes32 requestId => Application) public applications;
    /// @notice The application of a borrower that is pending, approved or drawn: one at a time.
    mapping(address borrower => bytes32 requestId) public openApplication;
    /// @notice What pending and approved applications may need.
    uint256 public setAside;

    event Applied(bytes32 indexed requestId, address indexed borrower, uint256 loan);
    /// @notice The answer is final. `disputable` false: nobody could have had it rejected.
    event Decided(
        bytes32 indexed requestId,
        address indexed borrower,
        bool approved,
        int256 score,
        int256 defaultPpm,
        bool disputable
    );
    /// @notice The answer came after the application was cancelled, and changed nothing.
    event DecidedTooLate(bytes32 indexed requestId);
    event Cancelled(bytes32 indexed requestId, address indexed borrower);
    event Drawn(bytes32 indexed requestId, address indexed borrower, address to, uint256 loan, uint256 dueAt);
    event Repaid(bytes32 indexed requestId, address indexed borrower, uint256 amount);
    event Reclaimed(bytes32 indexed requestId, address indexed borrower, uint256 amount);
    event Withdrawn(address to, uint256 amount);

    error ImpossibleTerms(string field);
    error NotAttested(address signer);
    error AttestationExpired(uint256 expiresAt);
    error NotBorrower(address borrower, address caller);
    error NotLender(address lender, address caller);
    error ApplicationOpen(bytes32 requestId);
    error InsufficientLiquidity(uint256 available, uint256 wanted);
    error WrongStatus(bytes32 requestId, Status status);
    error DeadlinePassed(uint256 deadline);
    error DeadlineAhead(uint256 deadline);
    error NotExpired(bytes32 requestId, RequestStatus status);
    error NothingToReclaim(bytes32 requestId);

    constructor(
        IInferenceCoordinator coordinator_,
        IERC20Metadata token_,
        Terms memory terms_
    ) InferenceConsumer(coordinator_) EIP712("LendingDesk", "1") {
        if (!terms_.policy.wantsFinal() || terms_.policy.wantsProvisional()) revert ImpossibleTerms("policy");
        if (terms_.policy.callbackGas() < CALLBACK_GAS) revert ImpossibleTerms("callbackGas");
        if (terms_.attester == address(0)) revert ImpossibleTerms("attester");
        if (terms_.decisionPeriod < terms_.policy.answerPeriod()) revert ImpossibleTerms("decisionPeriod");
        if (!terms_.acceptNotDisputable) _requireDisputable(terms_.modelId);
        (token, _decimals, _terms) = (token_, token_.decimals(), terms_);
    }

    // ------------------------------------------------------------------------------------------ applications

    /// @notice Applies for `facts.loan`. `msg.value` is what operators are paid, and the callback's cost.
    /// @param attestation the attester's EIP-712 signature over `facts`
    function applyForLoan(
        Facts calldata facts,
        bytes calldata attestation
    ) external payable nonReentrant returns (bytes32 requestId) {
        _checkFacts(facts, attestation);
        if (openApplication[msg.sender] != 0) revert ApplicationOpen(openApplication[msg.sender]);
        if (facts.loan > available()) revert InsufficientLiquidity(available(), facts.loan);
        setAside += facts.loan;
        requestId = _request(_terms.modelId, _tensors(facts), _terms.policy, msg.value);
        openApplication[msg.sender] = requestId;
        applications[requestId] = Application({
            borrower: msg.sender,
            paid: SafeCast.toUint96(msg.value),
            loan: facts.loan,
            deadline: uint64(block.timestamp + _terms.decisionPeriod),
            status: Status.Pending
        });
        emit Applied(requestId, msg.sender, facts.loan);
    }

    /// @notice Pays an approved loan out to its borrower, once.
    function draw(bytes32 requestId, address to) external nonReentrant {
        Application storage application = _inStatus(requestId, Status.Approved);
        if (msg.sender != application.borrower) revert NotBorrower(application.borrower, msg.sender);
        if (block.timestamp > application.deadline) revert DeadlinePassed(application.deadline);
        uint256 loan = application.loan;
        uint256 dueAt = block.timestamp + _terms.loanPeriod;
        (application.status, application.deadline) = (Status.Drawn, uint64(dueAt));
        setAside -= loan;
        emit Drawn(requestId, msg.sender, to, loan, dueAt);
        token.safeTransfer(to, loan);
    }

    /// @notice Repays a loan with its interest, out of the caller's tokens.
    function repay(bytes32 requestId) external nonReentrant {
        Application storage application = _inStatus(requestId, Status.Drawn);
        uint256 loan = application.loan;
        uint256 amount = loan + Math.mulDiv(loan, _terms.interestBps, 10_000, Math.Rounding.Ceil);
        application.status = Status.Repaid;
        delete openApplication[application.borrower];
        emit Repaid(requestId, application.borrower, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Ends an application that was not decided, or a loan that was not drawn, in time. Anyone may call it.
    function cancel(bytes32 requestId) external nonReentrant {
        Application storage application = applications[requestId];
        Status status = application.status;
        if (status != Status.Pending && status != Status.Approved) revert WrongStatus(requestId, status);
        if (block.timestamp <= application.deadline) revert DeadlineAhead(application.deadline);
        _close(application, Status.Cancelled);
        emit Cancelled(requestId, application.borrower);
    }

    /// @notice Returns what was paid for an answer that no operator gave, and ends the application. Anyone may call it
    /// once the request has expired.
    function reclaim(bytes32 requestId) external nonReentrant {
        Application storage application = applications[requestId];
        RequestStatus status = _statusOf(requestId);
        if (status != RequestStatus.Expired) revert NotExpired(requestId, status);
        (address borrower, uint256 paid) = (application.borrower, application.paid);
        if (paid == 0) revert NothingToReclaim(requestId);
        application.paid = 0;
        if (application.status == Status.Pending) {
            _close(application, Status.Cancelled);
            emit Cancelled(requestId, borrower);
        }
        _withdrawRefunds();
        emit Reclaimed(requestId, borrower, paid);
        Address.sendValue(payable(borrower), paid);
    }

    function _onFinal(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        Application storage application = applications[requestId];
        if (application.status != Status.Pending) {
            emit DecidedTooLate(requestId);
            return;
        }
        // An answer that is no number reverts here: the application stays pending until it is cancelled.
        Outputs memory outputs = _model().outputs(output);
        int256 defaultPpm = outputs.toFixed("default_probability", 0, 6);
        int256 score = outputs.toInteger("score", 0);
        bool approved =
            score >= int256(uint256(_terms.minScore)) && defaultPpm <= int256(uint256(_terms.maxDefaultPpm));
        emit Decided(requestId, application.borrower, approved, score, defaultPpm, disputable);
        if (approved) {
            application.status = Status.Approved;
            application.deadline = uint64(block.timestamp + _terms.drawPeriod);
        } else {
            _close(application, Status.Denied);
        }
    }

    // ------------------------------------------------------------------------------------------------ lender

    /// @notice Sends tokens that are not set aside to `to`. Tokens come in by a plain transfer.
    function withdraw(uint256 amount, address to) external nonReentrant {
        if (msg.sender != _terms.lender) revert NotLender(_terms.lender, msg.sender);
        if (amount > available()) revert InsufficientLiquidity(available(), amount);
        emit Withdrawn(to, amount);
        token.safeTransfer(to, amount);
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @notice Tokens that are not set aside.
    function available() public view returns (uint256) {
        return Math.saturatingSub(token.balanceOf(address(this)), setAside);
    }

    /// @notice The terms of this desk.
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    // ---------------------------------------------------------------------------------------------- internal

    /// @dev Ends an application before its loan was drawn.
    function _close(Application storage application, Status status) private {
        application.status = status;
        setAside -= application.loan;
        delete openApplication[application.borrower];
    }

    function _inStatus(bytes32 requestId, Status status) private view returns (Application storage application) {
        application = applications[requestId];
        if (application.status != status) revert WrongStatus(requestId, application.status);
    }

    function _checkFacts(Facts calldata facts, bytes calldata attestation) private view {
        if (msg.sender != facts.borrower) revert NotBorrower(facts.borrower, msg.sender);
        if (block.timestamp > facts.expiresAt) revert AttestationExpired(facts.expiresAt);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(FACTS_TYPEHASH, facts)));
        address signer = ECDSA.recoverCalldata(digest, attestation);
        if (signer != _terms.attester) revert NotAttested(signer);
    }

    function _tensors(Facts calldata facts) private view returns (bytes[] memory) {
        int256[] memory history = new int256[](3);
        history[0] = int256(uint256(facts.monthsOfHistory));
        history[1] = int256(uint256(facts.latePayments));
        history[2] = int256(uint256(facts.creditLines));
        return
            _model()
                .inputs()
                .f32("income", int256(uint256(facts.income)), _decimals)
                .f32("debt", int256(uint256(facts.debt)), _decimals)
                .f32("loan", int256(uint256(facts.loan)), _decimals)
                .integers("history", history, Dtype.I64)
                .tensors();
    }

    function _model() private pure returns (ModelSignature memory signature) {
        signature.input("income", Dtype.F32, 1).input("debt", Dtype.F32, 1).input("loan", Dtype.F32, 1);
        signature.input("history", Dtype.I64, 3);
        signature.output("default_probability", Dtype.F32, 1).output("score", Dtype.I64, 1);
    }
}
