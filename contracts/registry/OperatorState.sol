// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An operator's money: one word, so that an assertion and a payout each touch one slot.
///
/// | bits    | field    | unit                                                              |
/// | ------- | -------- | ----------------------------------------------------------------- |
/// | 0-79    | stake    | wei                                                               |
/// | 80-159  | locked   | wei of the stake that back open assertions; INVARIANT: <= stake   |
/// | 160-239 | earnings | wei owed to the operator                                          |
/// | 240     | live     | 1: takes part in the draw                                         |
/// | 241     | slashed  | 1: an arbiter took stake since the operator last staked           |
type OperatorState is uint256;

using OperatorStateLib for OperatorState global;

library OperatorStateLib {
    uint256 private constant LIVE = 1 << 240;
    uint256 private constant SLASHED = 1 << 241;
    uint256 private constant MAX = type(uint80).max;

    /// @notice An amount does not fit 80 bits (1.2 million ether).
    error AmountTooLarge(uint256 amount);
    /// @notice The operator has `free` wei of stake that back nothing else, and `required` are needed.
    error StakeTooLow(uint256 free, uint256 required);

    function stake(OperatorState state) internal pure returns (uint256) {
        return uint80(OperatorState.unwrap(state));
    }

    function locked(OperatorState state) internal pure returns (uint256) {
        return uint80(OperatorState.unwrap(state) >> 80);
    }

    function free(OperatorState state) internal pure returns (uint256) {
        return stake(state) - locked(state);
    }

    function earnings(OperatorState state) internal pure returns (uint256) {
        return uint80(OperatorState.unwrap(state) >> 160);
    }

    function isLive(OperatorState state) internal pure returns (bool) {
        return OperatorState.unwrap(state) & LIVE != 0;
    }

    function setLive(OperatorState state, bool live) internal pure returns (OperatorState) {
        uint256 word = OperatorState.unwrap(state);
        return OperatorState.wrap(live ? word | LIVE : word & ~LIVE);
    }

    function isSlashed(OperatorState state) internal pure returns (bool) {
        return OperatorState.unwrap(state) & SLASHED != 0;
    }

    function withSlashed(OperatorState state, bool slashed) internal pure returns (OperatorState) {
        uint256 word = OperatorState.unwrap(state);
        return OperatorState.wrap(slashed ? word | SLASHED : word & ~SLASHED);
    }

    function addStake(OperatorState state, uint256 amount) internal pure returns (OperatorState) {
        if (amount > MAX || stake(state) + amount > MAX) revert AmountTooLarge(amount);
        return OperatorState.wrap(OperatorState.unwrap(state) + amount);
    }

    /// @dev Takes free stake only: what is locked stays covered.
    function removeStake(OperatorState state, uint256 amount) internal pure returns (OperatorState) {
        if (amount > free(state)) revert StakeTooLow(free(state), amount);
        return OperatorState.wrap(OperatorState.unwrap(state) - amount);
    }

    function lock(OperatorState state, uint256 amount) internal pure returns (OperatorState) {
        if (amount > free(state)) revert StakeTooLow(free(state), amount);
        return OperatorState.wrap(OperatorState.unwrap(state) + (amount << 80));
    }

    /// @dev The caller unlocks what it locked, so `locked` cannot underflow.
    function unlock(OperatorState state, uint256 amount) internal pure returns (OperatorState) {
        return OperatorState.wrap(OperatorState.unwrap(state) - (amount << 80));
    }

    /// @notice Adds as much of `amount` as fits 80 bits.
    /// @return rest what does not fit
    function addEarnings(OperatorState state, uint256 amount) internal pure returns (OperatorState, uint256 rest) {
        uint256 space = MAX - earnings(state);
        uint256 added = amount < space ? amount : space;
        return (OperatorState.wrap(OperatorState.unwrap(state) + (added << 160)), amount - added);
    }

    function clearEarnings(OperatorState state) internal pure returns (OperatorState) {
        return OperatorState.wrap(OperatorState.unwrap(state) & ~(MAX << 160));
    }
}
