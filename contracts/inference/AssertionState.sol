// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice All that the chain keeps of an operator's assertion on a request: one word.
///
/// | bits   | field         | meaning                                                                    |
/// | ------ | ------------- | -------------------------------------------------------------------------- |
/// | 0      | live          | 1: neither rejected nor settled                                            |
/// | 1      | held          | 1: an open dispute keeps it from becoming final                            |
/// | 2      | delivered     | 1: its Provisional callback was delivered and not taken back by a Rejected |
/// | 8-47   | finalisableAt | timestamp                                                                  |
/// | 48-95  | bond          | gwei of the operator's stake locked for it                                 |
/// | 96-255 | id            | first 160 bits of the assertionId                                          |
///
/// The word is stored under (request, operator), so an operator asserts once per request, ever; it is cleared when the
/// request is final, after which nobody asserts. 160 bits: finding two Results of one id costs 2^80 hashes.
type AssertionState is uint256;

using AssertionStateLib for AssertionState global;

library AssertionStateLib {
    uint256 private constant LIVE = 1;
    uint256 private constant HELD = 2;
    uint256 private constant DELIVERED = 4;

    /// @param bond_ wei, a whole number of gwei
    function create(bytes32 assertionId, uint256 bond_, uint256 finalisableAt_) internal pure returns (AssertionState) {
        return
            AssertionState.wrap(
                (uint256(assertionId) & ~uint256(type(uint96).max)) |
                    ((bond_ / 1 gwei) << 48) |
                    (finalisableAt_ << 8) |
                    LIVE
            );
    }

    function exists(AssertionState state) internal pure returns (bool) {
        return AssertionState.unwrap(state) != 0;
    }

    function isFor(AssertionState state, bytes32 assertionId) internal pure returns (bool) {
        return (AssertionState.unwrap(state) ^ uint256(assertionId)) >> 96 == 0;
    }

    function isLive(AssertionState state) internal pure returns (bool) {
        return AssertionState.unwrap(state) & LIVE != 0;
    }

    function end(AssertionState state) internal pure returns (AssertionState) {
        return AssertionState.wrap(AssertionState.unwrap(state) & ~(LIVE | HELD));
    }

    function isHeld(AssertionState state) internal pure returns (bool) {
        return AssertionState.unwrap(state) & HELD != 0;
    }

    function withHeld(AssertionState state, bool held) internal pure returns (AssertionState) {
        uint256 word = AssertionState.unwrap(state);
        return AssertionState.wrap(held ? word | HELD : word & ~HELD);
    }

    function isDelivered(AssertionState state) internal pure returns (bool) {
        return AssertionState.unwrap(state) & DELIVERED != 0;
    }

    function withDelivered(AssertionState state, bool delivered) internal pure returns (AssertionState) {
        uint256 word = AssertionState.unwrap(state);
        return AssertionState.wrap(delivered ? word | DELIVERED : word & ~DELIVERED);
    }

    function finalisableAt(AssertionState state) internal pure returns (uint256) {
        return uint40(AssertionState.unwrap(state) >> 8);
    }

    /// @notice Bond in wei.
    function bond(AssertionState state) internal pure returns (uint256) {
        return uint256(uint48(AssertionState.unwrap(state) >> 48)) * 1 gwei;
    }
}
