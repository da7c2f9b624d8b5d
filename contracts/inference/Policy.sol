// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a requester asks for beside the answer: one word.
///
/// | bits    | field            | unit                                                                  |
/// | ------- | ---------------- | --------------------------------------------------------------------- |
/// | 0       | provisional      | 1: a callback when the answer is asserted                             |
/// | 1       | final            | 1: a callback when the answer is final                                |
/// | 8-31    | callbackGas      | gas of each callback, at most 2,000,000                               |
/// | 32-95   | callbackGasPrice | wei per gas, paid to the operator for each callback asked for         |
/// | 96-127  | answerPeriod     | seconds until an unanswered request can be refunded                   |
/// | 128-175 | minBond          | gwei of stake that must back an answer; the deployment's own bond is the floor |
/// | 176-183 | atolClass        | accepted absolute tolerance, see `Tolerance`                          |
/// | 184-191 | rtolClass        | accepted relative tolerance                                           |
/// | others  |                  | zero                                                                  |
type Policy is uint256;

using PolicyLib for Policy global;

/// @notice `PolicyLib.answerWithin(1 hours).withCallbacks(true, true, 200_000, 2 gwei).withMinBond(1 ether)`
library PolicyLib {
    uint256 internal constant MAX_CALLBACK_GAS = 2_000_000;
    uint256 private constant USED = (1 << 192) - 1 - 0xfc;

    /// @notice `value` does not fit the policy's `field`.
    error PolicyFieldOutOfRange(string field, uint256 value);

    /// @notice A policy without callbacks, with the deployment's bond and no tolerance.
    function answerWithin(uint256 seconds_) internal pure returns (Policy) {
        if (seconds_ > type(uint32).max) revert PolicyFieldOutOfRange("answerPeriod", seconds_);
        return Policy.wrap(seconds_ << 96);
    }

    function withCallbacks(
        Policy policy,
        bool onProvisional,
        bool onFinal,
        uint256 gas_,
        uint256 gasPrice
    ) internal pure returns (Policy) {
        if (gas_ > MAX_CALLBACK_GAS) revert PolicyFieldOutOfRange("callbackGas", gas_);
        if (gasPrice > type(uint64).max) revert PolicyFieldOutOfRange("callbackGasPrice", gasPrice);
        uint256 word = Policy.unwrap(policy) & ~((uint256(1) << 96) - 1);
        word |= (onProvisional ? 1 : 0) | (onFinal ? 2 : 0) | (gas_ << 8) | (gasPrice << 32);
        return Policy.wrap(word);
    }

    /// @param bond wei, rounded up to whole gwei
    function withMinBond(Policy policy, uint256 bond) internal pure returns (Policy) {
        uint256 inGwei = bond / 1 gwei + (bond % 1 gwei == 0 ? 0 : 1);
        if (inGwei > type(uint48).max) revert PolicyFieldOutOfRange("minBond", bond);
        uint256 word = Policy.unwrap(policy) & ~(uint256(type(uint48).max) << 128);
        return Policy.wrap(word | (inGwei << 128));
    }

    /// @notice Accepts answers within `2^(atolClass_-48) + 2^(rtolClass_-48) * |canonical|`; class 0 accepts none.
    function withTolerance(Policy policy, uint8 atolClass_, uint8 rtolClass_) internal pure returns (Policy) {
        uint256 word = Policy.unwrap(policy) & ~(uint256(type(uint16).max) << 176);
        return Policy.wrap(word | (uint256(atolClass_) << 176) | (uint256(rtolClass_) << 184));
    }

    function wantsProvisional(Policy policy) internal pure returns (bool) {
        return Policy.unwrap(policy) & 1 != 0;
    }

    function wantsFinal(Policy policy) internal pure returns (bool) {
        return Policy.unwrap(policy) & 2 != 0;
    }

    function callbackGas(Policy policy) internal pure returns (uint256) {
        return uint24(Policy.unwrap(policy) >> 8);
    }

    /// @notice Price in wei per gas.
    function callbackGasPrice(Policy policy) internal pure returns (uint256) {
        return uint64(Policy.unwrap(policy) >> 32);
    }

    /// @notice Wei a request pays for its callbacks beside the fee: gas x price for each kind asked for.
    function callbackCost(Policy policy) internal pure returns (uint256) {
        uint256 word = Policy.unwrap(policy);
        return ((word & 1) + ((word >> 1) & 1)) * callbackGas(policy) * callbackGasPrice(policy);
    }

    /// @notice Period in seconds.
    function answerPeriod(Policy policy) internal pure returns (uint256) {
        return uint32(Policy.unwrap(policy) >> 96);
    }

    /// @notice Bond in wei, a whole number of gwei.
    function minBond(Policy policy) internal pure returns (uint256) {
        return uint256(uint48(Policy.unwrap(policy) >> 128)) * 1 gwei;
    }

    function atolClass(Policy policy) internal pure returns (uint256) {
        return uint8(Policy.unwrap(policy) >> 176);
    }

    function rtolClass(Policy policy) internal pure returns (uint256) {
        return uint8(Policy.unwrap(policy) >> 184);
    }

    function hasUnusedBits(Policy policy) internal pure returns (bool) {
        return Policy.unwrap(policy) & ~USED != 0;
    }
}
