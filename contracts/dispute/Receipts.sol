// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payout} from "../interfaces/IArbiter.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {Exposure, IReceipts, Receipt} from "../interfaces/IReceipts.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Model, ModelLib} from "../registry/Model.sol";
import {Opening} from "./Opening.sol";

/// @title Receipts
/// @notice See `IReceipts`.
abstract contract Receipts is IReceipts, Opening {
    /// @dev Where this code is. A game runs it at its own address; here it would take bonds that no move returns.
    address private immutable _code = address(this);

    // ------------------------------------------------------------------------------------------------ postings

    /// @inheritdoc IReceipts
    function setPostingPrice(uint96 price) external {
        _desks[msg.sender].postingPrice = price;
        emit PostingPriceSet(msg.sender, price);
    }

    /// @inheritdoc IReceipts
    function postReceipt(
        Result calldata result,
        bytes calldata signature,
        bytes calldata input,
        bytes calldata output
    ) external payable nonReentrant {
        uint256 price = _actsFor(msg.sender, result.operator) ? 0 : _desks[result.operator].postingPrice;
        bool isFree = price == 0 && _actsFor(msg.sender, result.operator);
        if (msg.value != price || (price == 0 && !isFree)) revert PostingPriceMismatch(price, msg.value);
        _post(result, signature, input, output, uint256(result.issuedAt) + _receiptUse);
        _credit(result.operator, price);
    }

    /// @inheritdoc IReceipts
    function challengeReceipt(
        Result calldata result,
        bytes calldata signature,
        bytes calldata spec,
        bytes calldata input,
        bytes calldata output
    ) external payable nonReentrant returns (bytes32 sessionId) {
        if (_postings[_assertionIdOf(result)].disputableUntil == 0) {
            uint256 window = coordinator.parameters().window;
            _post(result, signature, input, output, uint256(result.issuedAt) + _receiptUse + window);
        }
        return _open(result, spec);
    }

    /// @inheritdoc IReceipts
    function closeReceipt(Result calldata result) external {
        bytes32 assertionId = _assertionIdOf(result);
        if (!_isOpen(assertionId)) revert NotPosted(assertionId);
        Posting storage posting = _postings[assertionId];
        uint256 until = posting.disputableUntil;
        if (block.timestamp < until || _cases[assertionId].holds != 0) revert ReceiptOpen(until);
        posting.isClosed = true;
        --_desks[result.operator].open;
        emit ReceiptClosed(assertionId, result.operator);
    }

    // -------------------------------------------------------------------------------------------- equivocation

    /// @inheritdoc IReceipts
    function proveEquivocation(
        Result calldata result,
        bytes calldata signature,
        Result calldata other,
        bytes calldata otherSignature
    ) external nonReentrant {
        (address operator, bytes32 modelId, bytes32 inputRoot) = (result.operator, result.modelId, result.inputRoot);
        bool isSame = other.operator == operator && other.modelId == modelId && other.inputRoot == inputRoot;
        if (!isSame || other.outputRoot == result.outputRoot) revert NoEquivocation();
        if (!_judgedModel(modelId).isExact()) revert NoEquivocation();
        bytes32 assertionId = _assertionIdOf(result);
        bytes32 otherId = _assertionIdOf(other);
        _checkSlashable(assertionId, signature, operator);
        _checkSlashable(otherId, otherSignature, operator);
        bytes32 key = keccak256(abi.encode(operator, modelId, inputRoot));
        if (_equivocations[key]) revert EquivocationKnown(operator, modelId, inputRoot);
        _equivocations[key] = true;

        uint256 bond = coordinator.parameters().operatorBond;
        Payout[] memory payouts = new Payout[](1);
        payouts[0] = Payout(msg.sender, bond / 2);
        uint256 taken = coordinator.slash(operator, bond, payouts);
        emit Equivocated(operator, assertionId, otherId, msg.sender, taken);
    }

    // -------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IReceipts
    function verifyReceipt(
        Result calldata result,
        bytes calldata signature,
        uint256 minStake
    ) external view returns (bytes32 assertionId) {
        if (result.requestId != 0) revert NotAReceipt(result.requestId);
        uint256 usableUntil = uint256(result.issuedAt) + _receiptUse;
        if (block.timestamp < result.issuedAt || block.timestamp > usableUntil) {
            revert NotUsable(result.issuedAt, usableUntil, block.timestamp);
        }
        _judgedModel(result.modelId);
        assertionId = _assertionIdOf(result);
        if (_postings[assertionId].isRefuted) revert IDisputeGame.NotLive(assertionId);
        (address key, uint256 retiredAt) = _signerOf(assertionId, signature, result.operator);
        if (retiredAt != 0) revert SigningKeyRetired(key, retiredAt);
        _checkBacking(result.operator, minStake);
    }

    /// @inheritdoc IReceipts
    function exposureOf(address operator) external view returns (Exposure memory) {
        IOperatorRegistry.OperatorView memory account = coordinator.operatorOf(operator);
        return
            Exposure({
                unlocked: account.stake - account.locked,
                exiting: account.exiting,
                open: _desks[operator].open,
                bond: coordinator.parameters().operatorBond
            });
    }

    /// @inheritdoc IReceipts
    function receiptOf(bytes32 assertionId) external view returns (Receipt memory) {
        Posting storage posting = _postings[assertionId];
        return Receipt({disputableUntil: posting.disputableUntil, refuted: posting.isRefuted});
    }

    /// @inheritdoc IReceipts
    function postingPriceOf(address operator) external view returns (uint256) {
        return _desks[operator].postingPrice;
    }

    // ------------------------------------------------------------------------------------------------ internal

    function _post(
        Result calldata result,
        bytes calldata signature,
        bytes calldata input,
        bytes calldata output,
        uint256 until
    ) private {
        if (address(this) == _code) revert NotTheGame(_code);
        if (result.requestId != 0) revert NotAReceipt(result.requestId);
        bytes32 assertionId = _assertionIdOf(result);
        if (_postings[assertionId].disputableUntil != 0) revert AlreadyPosted(assertionId);
        if (block.timestamp > until) revert TooLateToPost(until);
        _checkData(_judgedModel(result.modelId), result, input, output);
        _checkSlashable(assertionId, signature, result.operator);

        uint256 disputableUntil = block.timestamp + coordinator.parameters().window;
        _postings[assertionId].disputableUntil = uint40(disputableUntil);
        ++_desks[result.operator].open;
        emit ReceiptPosted(assertionId, result.modelId, result.operator, result, disputableUntil, input, output);
    }

    /// @dev A registered model that the game can judge.
    function _judgedModel(bytes32 modelId) private view returns (Model model) {
        model = coordinator.modelOf(modelId);
        if (!model.exists() || model.semantics() != KERNEL_PROGRAM) revert IDisputeGame.NotJudged(modelId);
    }

    /// @dev What does not fit a transaction may stay away; else the whole of it becomes public.
    function _checkData(Model model, Result calldata result, bytes calldata input, bytes calldata output) private pure {
        (uint256 inputBytes, uint256 outputBytes) = (model.inputBytes(), model.outputBytes());
        bool isTooLarge = inputBytes == ModelLib.TOO_LARGE || outputBytes == ModelLib.TOO_LARGE;
        if (isTooLarge && input.length == 0 && output.length == 0) return;
        _checkFlat(input, inputBytes, result.inputRoot);
        _checkFlat(output, outputBytes, result.outputRoot);
    }

    function _checkFlat(bytes calldata flat, uint256 length, bytes32 root) private pure {
        if (flat.length != length) revert ReceiptLengthMismatch(length, flat.length);
        bytes32 given = ChunkTree.root(flat);
        if (given != root) revert ReceiptDataMismatch(root, given);
    }

    /// @dev Reverts unless a key of the operator signed, or one that was until the exit delay before now.
    function _checkSlashable(bytes32 assertionId, bytes calldata signature, address operator) private view {
        (address key, uint256 retiredAt) = _signerOf(assertionId, signature, operator);
        if (retiredAt != 0 && block.timestamp > retiredAt + coordinator.parameters().exitDelay) {
            revert SigningKeyRetired(key, retiredAt);
        }
    }

    function _signerOf(
        bytes32 assertionId,
        bytes calldata signature,
        address operator
    ) private view returns (address key, uint256 retiredAt) {
        key = Signatures.recover(assertionId, signature, p256Verifier);
        IOperatorRegistry.KeyView memory record = coordinator.keyOf(key);
        if (record.operator != operator || operator == address(0)) {
            revert WrongReceiptSigner(key, operator, record.operator);
        }
        return (key, record.retiredAt);
    }

    function _checkBacking(address operator, uint256 minStake) private view {
        IOperatorRegistry.OperatorView memory account = coordinator.operatorOf(operator);
        if (account.exiting != 0) revert OperatorExiting(operator, account.exiting);
        if (account.slashed) revert OperatorSlashed(operator);
        if (account.jailed) revert BackingTooLow(operator, account.stake, coordinator.parameters().minStake);
        uint256 unlocked = account.stake - account.locked;
        if (unlocked < minStake) revert BackingTooLow(operator, unlocked, minStake);
    }
}
