// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Result} from "./IVerdict.sol";

/// @notice What the chain keeps of a posted receipt.
/// @param disputableUntil timestamp of its window's end
/// @param refuted it was proved wrong
struct Receipt {
    uint40 disputableUntil;
    bool refuted;
}

/// @notice What backs an operator's receipts, all of them together.
/// @param unlocked wei of stake that back no assertion
/// @param exiting wei on their way out, which can still be slashed
/// @param open receipts posted and neither refuted nor closed
/// @param bond wei that each refuted one costs
struct Exposure {
    uint256 unlocked;
    uint256 exiting;
    uint256 open;
    uint256 bond;
}

/// @title IReceipts
/// @notice Results of requestId 0, signed off chain. One can be used in [issuedAt, issuedAt + U] and disputed until
/// issuedAt + U + W: stake outlives that, see `exitDelay`. One stake backs all receipts of an operator.
/// @dev SAFETY: nothing an operator does after signing (exits, retires the key, deploys code at its address) takes a
/// receipt's backing away before the time to dispute it is over.
interface IReceipts {
    /// @notice The receipt can be disputed until `disputableUntil`.
    /// @param input, output flat tensors; empty where the model's do not fit a request
    event ReceiptPosted(
        bytes32 indexed assertionId,
        bytes32 indexed modelId,
        address indexed operator,
        Result result,
        uint256 disputableUntil,
        bytes input,
        bytes output
    );
    /// @notice The receipt's window passed without a refutation.
    event ReceiptClosed(bytes32 indexed assertionId, address indexed operator);
    /// @notice Anybody posts the operator's receipts for `price` wei; 0: nobody else does.
    event PostingPriceSet(address indexed operator, uint256 price);
    /// @notice The operator signed two outputs for one input; one bond is gone, half of it to `reporter`.
    event Equivocated(
        address indexed operator,
        bytes32 indexed assertionId,
        bytes32 indexed otherId,
        address reporter,
        uint256 taken
    );

    /// @notice The Result answers a request.
    error NotAReceipt(bytes32 requestId);
    /// @notice Usable from `issuedAt` to `usableUntil`.
    error NotUsable(uint256 issuedAt, uint256 usableUntil, uint256 timestamp);
    /// @notice The signing key belongs to `actual` (zero: to nobody).
    error WrongReceiptSigner(address key, address expected, address actual);
    /// @notice The key was retired, so nobody can tell when it signed; or, to slash, the exit delay is over.
    error SigningKeyRetired(address key, uint256 retiredAt);
    error OperatorExiting(address operator, uint256 amount);
    /// @notice The operator was slashed and has not staked since.
    error OperatorSlashed(address operator);
    /// @notice The operator has less than its minimum of stake, or than the caller wants.
    error BackingTooLow(address operator, uint256 unlocked, uint256 required);
    error AlreadyPosted(bytes32 assertionId);
    /// @notice The call was made to the code that a game runs and not to the game.
    error NotTheGame(address code);
    error NotPosted(bytes32 assertionId);
    /// @notice Neither the operator, nor paid its price.
    error PostingPriceMismatch(uint256 expected, uint256 given);
    /// @notice Operators and payers post until the receipt can be used no more, challengers until it can be disputed no
    /// more.
    error TooLateToPost(uint256 until);
    error ReceiptDataMismatch(bytes32 expected, bytes32 given);
    /// @notice The flat tensors are `given` bytes long.
    error ReceiptLengthMismatch(uint256 expected, uint256 given);
    error ReceiptOpen(uint256 disputableUntil);
    /// @notice The Results do not contradict each other.
    error NoEquivocation();
    /// @notice Each contradiction about a model and an input is punished once.
    error EquivocationKnown(address operator, bytes32 modelId, bytes32 inputRoot);

    /// @notice The price for which anybody posts the caller's receipts; 0: only the caller itself and challengers do.
    function setPostingPrice(uint96 price) external;

    /// @notice Publishes a receipt's input and output and starts its window. By the operator or one of its keys for
    /// nothing, by others for its price.
    /// @param input, output flat tensors; empty, both, where the model's do not fit a request
    function postReceipt(
        Result calldata result,
        bytes calldata signature,
        bytes calldata input,
        bytes calldata output
    ) external payable;

    /// @notice Posts a receipt, if nobody has, and disputes it. `msg.value` is the challenge bond.
    /// @param spec `abi.encode(ModelSpec)` of the Result's model
    function challengeReceipt(
        Result calldata result,
        bytes calldata signature,
        bytes calldata spec,
        bytes calldata input,
        bytes calldata output
    ) external payable returns (bytes32 sessionId);

    /// @notice Ends a receipt whose window is over and that no dispute holds.
    function closeReceipt(Result calldata result) external;

    /// @notice Punishes an operator that signed two outputs for one model and input, in exact mode, by one bond.
    function proveEquivocation(
        Result calldata result,
        bytes calldata signature,
        Result calldata other,
        bytes calldata otherSignature
    ) external;

    /// @notice Reverts unless the receipt can be used now: signed by a current key of its operator, of its time, of an
    /// operator that neither exits nor was slashed and has `minStake` wei of unlocked stake. What the receipt is about
    /// (model, input, output) is the caller's to compare.
    function verifyReceipt(
        Result calldata result,
        bytes calldata signature,
        uint256 minStake
    ) external view returns (bytes32 assertionId);

    /// @notice What backs an operator's receipts. The chain does not know how many there are: whoever relies on them
    /// caps what it relies on.
    function exposureOf(address operator) external view returns (Exposure memory);

    /// @notice What the chain keeps of a receipt, zeros if it was never posted.
    function receiptOf(bytes32 assertionId) external view returns (Receipt memory);

    /// @notice Wei for which anybody posts the operator's receipts, 0: nobody else does.
    function postingPriceOf(address operator) external view returns (uint256);
}
