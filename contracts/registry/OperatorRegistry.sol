// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IPayouts} from "../interfaces/IPayouts.sol";
import {Payouts} from "../inference/Payouts.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Assignment, AssignmentLib} from "../inference/Assignment.sol";
import {Policy} from "../inference/Policy.sol";
import {Model, ModelLib} from "./Model.sol";
import {ModelStore} from "./ModelStore.sol";
import {Offer, OfferLib} from "./Offer.sol";
import {OperatorState} from "./OperatorState.sol";

/// @title OperatorRegistry
/// @dev INVARIANT: `locked <= stake` for every operator. INVARIANT: the offers of a model fill the indices
/// 0..offerCount-1 of its list, and `_offerIndex` is an operator's index plus one.
abstract contract OperatorRegistry is IOperatorRegistry, ModelStore, Payouts, EIP712 {
    struct Exit {
        uint96 amount;
        uint40 availableAt;
    }

    struct Key {
        address operator;
        uint40 addedAt;
        uint40 retiredAt;
    }

    bytes32 private constant KEY_BINDING_TYPEHASH = keccak256("KeyBinding(address operator)");
    uint256 private constant MAX_PENALTY_BPS = 10_000;
    uint256 private constant MAX_CALLBACK_KGAS = 2_000;
    /// @dev Offers looked at per draw: bounds a request's gas however many of the listed operators are unfit.
    uint256 private constant MAX_DRAWS = 4;

    uint256 internal immutable _exitDelay;
    uint256 internal immutable _minStake;
    /// @notice Verifies P-256 signatures; zero: only secp256k1 keys.
    address public immutable p256Verifier;

    mapping(address operator => OperatorState) internal _operators;
    mapping(address operator => Exit) private _exits;
    mapping(address key => Key) private _keys;
    mapping(bytes32 modelId => mapping(uint256 index => Offer)) private _offers;
    mapping(bytes32 modelId => mapping(address operator => uint256 indexPlusOne)) private _offerIndex;

    constructor(uint256 exitDelay, uint256 minStake, address p256Verifier_) {
        _exitDelay = exitDelay;
        _minStake = minStake;
        p256Verifier = p256Verifier_;
    }

    /// @inheritdoc IOperatorRegistry
    function stake() external payable nonReentrant {
        OperatorState state = _operators[msg.sender].addStake(msg.value);
        if (msg.value == 0) revert ZeroAmount();
        if (state.stake() < _minStake) revert StakeBelowMinimum(state.stake(), _minStake);
        _operators[msg.sender] = state.withSlashed(false);
        emit Staked(msg.sender, msg.value, state.stake());
    }

    /// @inheritdoc IOperatorRegistry
    function requestExit(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _operators[msg.sender] = _operators[msg.sender].removeStake(amount);
        Exit storage exit = _exits[msg.sender];
        exit.amount += uint96(amount); // an amount of stake: below 2^80
        exit.availableAt = uint40(block.timestamp + _exitDelay);
        emit ExitRequested(msg.sender, amount, exit.availableAt);
    }

    /// @inheritdoc IOperatorRegistry
    function completeExit(address to) external nonReentrant {
        Exit memory exit = _exits[msg.sender];
        if (exit.amount == 0) revert NoExitPending(msg.sender);
        if (block.timestamp < exit.availableAt) revert ExitPending(exit.availableAt);
        delete _exits[msg.sender];
        emit ExitCompleted(msg.sender, to, exit.amount);
        _send(to, exit.amount);
    }

    /// @inheritdoc IOperatorRegistry
    function addKey(bytes calldata signature) external nonReentrant returns (address key) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(KEY_BINDING_TYPEHASH, msg.sender)));
        key = Signatures.recover(digest, signature, p256Verifier);
        if (_operators[msg.sender].stake() == 0) revert NothingStaked();
        if (_keys[key].operator != address(0)) revert KeyInUse(key, _keys[key].operator);
        _keys[key] = Key({operator: msg.sender, addedAt: uint40(block.timestamp), retiredAt: 0});
        emit KeyAdded(msg.sender, key);
    }

    /// @inheritdoc IOperatorRegistry
    function retireKey(address key) external nonReentrant {
        Key storage record = _keys[key];
        if (record.operator == address(0)) revert UnknownKey(key);
        if (record.operator != msg.sender) revert NotKeyOwner(key, msg.sender);
        if (record.retiredAt != 0) revert KeyIsRetired(key, record.retiredAt);
        record.retiredAt = uint40(block.timestamp);
        emit KeyRetired(msg.sender, key);
    }

    /// @inheritdoc IOperatorRegistry
    function setLive(bool live) external nonReentrant {
        address operator = _callerAsOperator();
        _operators[operator] = _operators[operator].setLive(live);
        emit LiveChanged(operator, live);
    }

    /// @inheritdoc IOperatorRegistry
    function setOffer(
        bytes32 modelId,
        uint48 priceGwei,
        uint16 latency,
        uint16 penaltyBps,
        uint16 callbackKgas
    ) external nonReentrant {
        address operator = _callerAsOperator();
        Model model = _models[modelId];
        if (!model.exists()) revert IModelRegistry.UnknownModel(modelId);
        if (model.isDeprecated()) revert IModelRegistry.ModelIsDeprecated(modelId);
        if (latency == 0) revert OfferOutOfRange("latency", latency);
        if (penaltyBps > MAX_PENALTY_BPS) revert OfferOutOfRange("penaltyBps", penaltyBps);
        if (callbackKgas > MAX_CALLBACK_KGAS) revert OfferOutOfRange("callbackKgas", callbackKgas);
        uint256 staked = _operators[operator].stake();
        if (staked < _minStake) revert StakeBelowMinimum(staked, _minStake);

        uint256 indexPlusOne = _offerIndex[modelId][operator];
        if (indexPlusOne == 0) {
            uint256 count = model.offerCount();
            if (count == ModelLib.MAX_OFFERS) revert OfferListFull(modelId);
            _models[modelId] = model.addOffer();
            indexPlusOne = count + 1;
            _offerIndex[modelId][operator] = indexPlusOne;
        }
        Offer offer = OfferLib.pack(operator, priceGwei, latency, penaltyBps, callbackKgas);
        _offers[modelId][indexPlusOne - 1] = offer;
        emit OfferSet(modelId, operator, offer);
    }

    /// @inheritdoc IOperatorRegistry
    function removeOffer(bytes32 modelId, address operator) external nonReentrant {
        uint256 indexPlusOne = _offerIndex[modelId][operator];
        if (indexPlusOne == 0) revert NoOffer(modelId, operator);
        OperatorState state = _operators[operator];
        bool fit = state.isLive() && state.stake() >= _minStake;
        if (fit && _callerAsOperator() != operator) revert OfferIsLive(modelId, operator);

        // The last offer takes the free place.
        Model model = _models[modelId].removeOffer();
        _models[modelId] = model;
        uint256 last = model.offerCount();
        if (indexPlusOne - 1 != last) {
            Offer moved = _offers[modelId][last];
            _offers[modelId][indexPlusOne - 1] = moved;
            _offerIndex[modelId][moved.operator()] = indexPlusOne;
        }
        _offers[modelId][last] = Offer.wrap(0);
        delete _offerIndex[modelId][operator];
        emit OfferRemoved(modelId, operator);
    }

    /// @inheritdoc IOperatorRegistry
    function operatorOf(address operator) external view returns (OperatorView memory) {
        OperatorState state = _operators[operator];
        Exit memory exit = _exits[operator];
        return
            OperatorView({
                stake: state.stake(),
                locked: state.locked(),
                earnings: state.earnings(),
                exiting: exit.amount,
                exitAt: exit.availableAt,
                live: state.isLive(),
                jailed: state.stake() < _minStake,
                slashed: state.isSlashed()
            });
    }

    /// @inheritdoc IPayouts
    function owedTo(address account) public view override returns (uint256) {
        return super.owedTo(account) + _operators[account].earnings();
    }

    /// @inheritdoc IOperatorRegistry
    function keyOf(address key) external view returns (KeyView memory) {
        Key memory record = _keys[key];
        return KeyView({operator: record.operator, addedAt: record.addedAt, retiredAt: record.retiredAt});
    }

    /// @inheritdoc IOperatorRegistry
    function offerOf(bytes32 modelId, address operator) external view returns (Offer) {
        uint256 indexPlusOne = _offerIndex[modelId][operator];
        return indexPlusOne == 0 ? Offer.wrap(0) : _offers[modelId][indexPlusOne - 1];
    }

    /// @inheritdoc IOperatorRegistry
    function offersOf(bytes32 modelId, uint256 start, uint256 count) external view returns (Offer[] memory offers) {
        uint256 total = _models[modelId].offerCount();
        uint256 available = start < total ? total - start : 0;
        offers = new Offer[](count < available ? count : available);
        for (uint256 i = 0; i < offers.length; ++i) {
            offers[i] = _offers[modelId][start + i];
        }
    }

    /// @dev The operator that a current key signs for.
    function _signerOf(address key) internal view returns (address operator) {
        Key memory record = _keys[key];
        if (record.retiredAt != 0) revert KeyIsRetired(key, record.retiredAt);
        return record.operator;
    }

    /// @dev Draws an operator: a random place in the list, then its neighbours, at most `MAX_DRAWS` in all. The
    /// requester can steer the draw by trying nonces; nothing rests on it but who earns the fee.
    /// @param net wei that reach the operator, after the royalty
    function _draw(
        bytes32 modelId,
        Model model,
        Policy policy,
        uint256 net,
        uint256 bond,
        uint256 seed
    ) internal view returns (Assignment) {
        uint256 count = model.offerCount();
        uint256 draws = count < MAX_DRAWS ? count : MAX_DRAWS;
        uint256 place = draws == 0 ? 0 : seed % count;
        for (uint256 i = 0; i < draws; ++i) {
            Offer offer = _offers[modelId][place];
            if (_isFit(offer, policy, net, bond)) {
                uint256 penaltyBps = model.isDisputable() ? offer.penaltyBps() : 0;
                return AssignmentLib.pack(offer.operator(), block.timestamp, offer.latency(), penaltyBps);
            }
            if (++place == count) place = 0;
        }
        return AssignmentLib.pack(address(0), block.timestamp, 0, 0);
    }

    function _isFit(Offer offer, Policy policy, uint256 net, uint256 bond) private view returns (bool) {
        if (offer.price() > net) return false;
        if (offer.callbackGas() < policy.callbackGas()) return false;
        if (offer.latency() > policy.answerPeriod()) return false;
        OperatorState state = _operators[offer.operator()];
        return state.isLive() && state.stake() >= _minStake && state.free() >= bond;
    }

    /// @dev Whether the operator could have locked `bond` for a request made at `requestedAt`. Stake whose exit began
    /// since then counts: leaving is no excuse.
    function _couldBack(address operator, uint256 bond, uint256 requestedAt) internal view returns (bool) {
        uint256 available = _operators[operator].free();
        Exit memory exit = _exits[operator];
        if (exit.availableAt >= requestedAt + _exitDelay) available += exit.amount;
        return available >= bond;
    }

    /// @dev Takes up to `amount` of free stake first, then of exiting stake: locked stake backs other assertions.
    function _takeStake(address operator, uint256 amount) internal returns (uint256 taken) {
        OperatorState state = _operators[operator];
        taken = amount < state.free() ? amount : state.free();
        _operators[operator] = state.removeStake(taken);
        if (taken == amount) return taken;
        Exit storage exit = _exits[operator];
        uint256 rest = amount - taken;
        if (rest > exit.amount) rest = exit.amount;
        exit.amount -= uint96(rest); // at most exit.amount
        taken += rest;
    }

    /// @inheritdoc Payouts
    function _takeOwed(address account) internal override returns (uint256 amount) {
        amount = super._takeOwed(account);
        OperatorState state = _operators[account];
        uint256 earnings = state.earnings();
        if (earnings != 0) {
            _operators[account] = state.clearEarnings();
            amount += earnings;
        }
    }

    /// @dev Whoever has stake acts for itself, also if it is another operator's key or was one of its own.
    function _callerAsOperator() private view returns (address) {
        if (_operators[msg.sender].stake() != 0) return msg.sender;
        address operator = _signerOf(msg.sender);
        return operator == address(0) ? msg.sender : operator;
    }
}
