// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {AssertionState, AssertionStateLib} from "./AssertionState.sol";

contract AssertionStateTest is Checks {
    function test_HasItsFieldsAtTheirExtremes() public pure {
        requireFields(bytes32(0), 0, 0);
        requireFields(bytes32(type(uint256).max), type(uint48).max, type(uint40).max);
    }

    function testFuzz_HasItsFields(bytes32 id, uint48 bondGwei, uint40 finalisableAt) public pure {
        requireFields(id, bondGwei, finalisableAt);
        requireFields(id, 0, finalisableAt);
        requireFields(id, bondGwei, 0);
    }

    function testFuzz_ChangesOneFlag(uint256 word) public pure {
        AssertionState state = AssertionState.wrap(word);
        for (uint256 i = 0; i < 2; ++i) {
            bool flag = i == 1;
            requireChanged(word, AssertionState.unwrap(state.withHeld(flag)), 1, 1, i, "held");
            requireChanged(word, AssertionState.unwrap(state.withDelivered(flag)), 2, 1, i, "delivered");
            require(state.withHeld(flag).isHeld() == flag, "isHeld");
            require(state.withDelivered(flag).isDelivered() == flag, "isDelivered");
        }
        // An assertion that is over is neither live nor held.
        requireChanged(word, AssertionState.unwrap(state.end()), 0, 2, 0, "end");
        require(!state.end().isLive() && !state.end().isHeld(), "over");
    }

    function testFuzz_NamesOneAssertion(bytes32 id, uint8 bit) public pure {
        AssertionState state = AssertionStateLib.create(id, 0, 0);
        require(state.isFor(id), "its own");
        bytes32 other = id ^ bytes32(uint256(1) << bit);
        require(state.isFor(other) == (bit < 96), "bits 96-255 tell assertions apart");
    }

    function requireFields(bytes32 id, uint48 bondGwei, uint40 finalisableAt) private pure {
        AssertionState state = AssertionStateLib.create(id, uint256(bondGwei) * 1 gwei, finalisableAt);
        uint256 word = AssertionState.unwrap(state);
        requireField(word, 0, 8, 1, "flags: live");
        requireField(word, 8, 40, finalisableAt, "finalisableAt");
        requireField(word, 48, 48, bondGwei, "bond");
        requireField(word, 96, 160, uint256(id) >> 96, "id");
        require(state.exists() && state.isLive() && !state.isHeld() && !state.isDelivered(), "flags");
        require(state.finalisableAt() == finalisableAt, "finalisableAt()");
        require(state.bond() == uint256(bondGwei) * 1 gwei, "bond()");
        require(!AssertionState.wrap(0).exists(), "nothing");
    }
}
