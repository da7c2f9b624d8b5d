// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Offer} from "../registry/Offer.sol";

/// @title IOperatorRegistry
/// @notice Operators, their stake, their signing keys and their offers.
/// @dev An operator is the address that funds it (a cold key). Its signing keys (hot) sign results and may switch it
/// live and change its offers; stake, exits and keys are the funding key's alone. Stake leaves by an exit with a delay,
/// during which it stays slashable.
interface IOperatorRegistry {
    struct OperatorView {
        uint256 stake;
        uint256 locked;
        uint256 earnings;
        uint256 exiting;
        uint256 exitAt;
        bool live;
        bool jailed;
        bool slashed;
    }

    struct KeyView {
        address operator;
        uint256 addedAt;
        uint256 retiredAt;
    }

    /// @notice `amount` wei were added; the operator's stake is now `stake`.
    event Staked(address indexed operator, uint256 amount, uint256 stake);
    /// @notice `amount` wei left the stake and can be had at `exitAt`; until then they can be slashed.
    event ExitRequested(address indexed operator, uint256 amount, uint256 exitAt);
    /// @notice The exited stake was sent.
    event ExitCompleted(address indexed operator, address to, uint256 amount);
    /// @notice The key signs for the operator from now on.
    event KeyAdded(address indexed operator, address indexed key);
    /// @notice The key signs for the operator no more.
    event KeyRetired(address indexed operator, address indexed key);
    /// @notice The operator takes part in draws, or no more.
    event LiveChanged(address indexed operator, bool live);
    /// @notice The operator offers to serve the model on these terms.
    event OfferSet(bytes32 indexed modelId, address indexed operator, Offer offer);
    /// @notice The operator's offer for the model is gone.
    event OfferRemoved(bytes32 indexed modelId, address indexed operator);
    /// @notice `amount` wei of stake were taken.
    /// @param burned the part of `amount` that nobody receives
    event Slashed(address indexed operator, uint256 amount, uint256 burned);

    error StakeBelowMinimum(uint256 stake, uint256 minimum);
    error NothingStaked();
    error ExitPending(uint256 exitAt);
    error NoExitPending(address operator);
    error ZeroAmount();
    error KeyInUse(address key, address operator);
    error UnknownKey(address key);
    error KeyIsRetired(address key, uint256 retiredAt);
    error NotKeyOwner(address key, address caller);
    error OfferListFull(bytes32 modelId);
    error NoOffer(bytes32 modelId, address operator);
    /// @notice Only its operator removes the offer of an operator that is live and above the minimum stake.
    error OfferIsLive(bytes32 modelId, address operator);
    error OfferOutOfRange(string field, uint256 value);

    /// @notice Adds `msg.value` to the caller's stake, which must then be at least the minimum.
    function stake() external payable;

    /// @notice Begins to withdraw free stake; a pending exit is joined and starts anew.
    function requestExit(uint256 amount) external;

    /// @notice Sends the exited stake to `to` once the delay is over.
    function completeExit(address to) external;

    /// @notice Adds the key that signed `KeyBinding(address operator)` (EIP-712) to the caller's. A key has one
    /// operator, for ever.
    function addKey(bytes calldata signature) external returns (address key);

    /// @notice Ends a key of the caller's. What it signed stays slashable for the exit delay.
    function retireKey(address key) external;

    /// @notice Switches the operator's part in draws. For the operator or one of its keys.
    function setLive(bool live) external;

    /// @notice Offers to serve a model, or changes the offer. For the operator or one of its keys.
    /// @param priceGwei gwei wanted of a fee, after the royalty
    /// @param latency seconds of the exclusive period, at least 1
    /// @param penaltyBps at most 10,000; of the fee, burned from the stake if no answer comes in that period. Never
    /// applied to models that are not disputable: not every input has an answer there; nor while all stake backs other
    /// answers.
    /// @param callbackKgas the largest callback it runs, in thousands of gas, at most 2,000
    function setOffer(
        bytes32 modelId,
        uint48 priceGwei,
        uint16 latency,
        uint16 penaltyBps,
        uint16 callbackKgas
    ) external;

    /// @notice Removes the caller's offer; anyone removes that of an operator that is not live or jailed.
    function removeOffer(bytes32 modelId, address operator) external;

    /// @notice An operator's money and standing.
    function operatorOf(address operator) external view returns (OperatorView memory);

    /// @notice A key's operator and times, zero if it was never added.
    function keyOf(address key) external view returns (KeyView memory);

    /// @notice An operator's offer for a model, zero if it has none.
    function offerOf(bytes32 modelId, address operator) external view returns (Offer);

    /// @notice The offers listed for a model, from `start`, at most `count`.
    function offersOf(bytes32 modelId, uint256 start, uint256 count) external view returns (Offer[] memory);
}
