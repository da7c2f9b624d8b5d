// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {OperatorState, OperatorStateLib} from "./OperatorState.sol";

contract OperatorStateTest is Checks {
    uint256 private constant MAX = type(uint80).max;

    function addStake(OperatorState state, uint256 amount) public pure returns (OperatorState) {
        return state.addStake(amount);
    }

    function removeStake(OperatorState state, uint256 amount) public pure returns (OperatorState) {
        return state.removeStake(amount);
    }

    function lock(OperatorState state, uint256 amount) public pure returns (OperatorState) {
        return state.lock(amount);
    }

    function testFuzz_HasItsFields(uint80 stake, uint80 locked, uint80 earnings, bool live) public pure {
        requireFields(stake, stake == 0 ? 0 : locked % stake, earnings, live);
        requireFields(stake, stake, type(uint80).max, live);
        requireFields(0, 0, earnings, live);
        requireFields(type(uint80).max, 0, 0, live);
        requireFields(type(uint80).max, type(uint80).max, type(uint80).max, live);
    }

    function testFuzz_MovesStake(uint80 stake, uint80 locked, uint80 amount, uint96 rest) public pure {
        locked = stake == 0 ? 0 : locked % stake;
        uint256 word = pack(stake, locked, 0) | (uint256(rest) << 160);
        OperatorState state = OperatorState.wrap(word);
        uint256 free = stake - locked;

        uint256 added = amount <= MAX - stake ? amount : MAX - stake;
        requireChanged(word, OperatorState.unwrap(state.addStake(added)), 0, 80, stake + added, "addStake");
        uint256 taken = amount <= free ? amount : free;
        requireChanged(word, OperatorState.unwrap(state.removeStake(taken)), 0, 80, stake - taken, "removeStake");
        OperatorState more = state.lock(taken);
        requireChanged(word, OperatorState.unwrap(more), 80, 80, locked + taken, "lock");
        require(more.free() == free - taken, "free()");
        require(OperatorState.unwrap(more.unlock(taken)) == word, "unlock");
    }

    function testFuzz_MovesEarnings(uint80 earnings, uint256 amount, uint160 below, bool live) public pure {
        uint256 word = uint256(below) | (uint256(earnings) << 160) | (live ? 1 << 240 : 0);
        (OperatorState more, uint256 rest) = OperatorState.wrap(word).addEarnings(amount);
        require(rest == 0 || more.earnings() == MAX, "nothing is left out before the field is full");
        require(more.earnings() - earnings == amount - rest, "what is not added is returned");
        requireChanged(word, OperatorState.unwrap(more), 160, 80, more.earnings(), "addEarnings");
        requireChanged(word, OperatorState.unwrap(more.clearEarnings()), 160, 80, 0, "clearEarnings");
    }

    function testFuzz_SwitchesLive(uint256 word) public pure {
        OperatorState state = OperatorState.wrap(word);
        requireChanged(word, OperatorState.unwrap(state.setLive(true)), 240, 1, 1, "on");
        requireChanged(word, OperatorState.unwrap(state.setLive(false)), 240, 1, 0, "off");
        require(state.setLive(true).isLive() && !state.setLive(false).isLive(), "isLive()");
        requireChanged(word, OperatorState.unwrap(state.withSlashed(true)), 241, 1, 1, "slashed");
        requireChanged(word, OperatorState.unwrap(state.withSlashed(false)), 241, 1, 0, "not slashed");
        require(state.withSlashed(true).isSlashed() && !state.withSlashed(false).isSlashed(), "isSlashed()");
    }

    function testFuzz_RefusesMoreThanThereIs(uint80 stake, uint80 locked, uint128 excess) public view {
        locked = stake == 0 ? 0 : locked % stake;
        OperatorState state = OperatorState.wrap(pack(stake, locked, 0));
        uint256 free = stake - locked;
        uint256 tooMuch = free + 1 + excess;
        bytes memory tooLow = abi.encodeWithSelector(OperatorStateLib.StakeTooLow.selector, free, tooMuch);
        requireRevert(abi.encodeCall(this.removeStake, (state, tooMuch)), tooLow);
        requireRevert(abi.encodeCall(this.lock, (state, tooMuch)), tooLow);

        tooMuch = MAX - stake + 1 + excess;
        bytes memory tooLarge = abi.encodeWithSelector(OperatorStateLib.AmountTooLarge.selector, tooMuch);
        requireRevert(abi.encodeCall(this.addStake, (state, tooMuch)), tooLarge);
        tooLarge = abi.encodeWithSelector(OperatorStateLib.AmountTooLarge.selector, type(uint256).max);
        requireRevert(abi.encodeCall(this.addStake, (state, type(uint256).max)), tooLarge);
    }

    function requireFields(uint80 stake, uint80 locked, uint80 earnings, bool live) private pure {
        OperatorState state = OperatorState.wrap(pack(stake, locked, earnings) | (live ? 1 << 240 : 0));
        require(state.stake() == stake, "stake()");
        require(state.locked() == locked, "locked()");
        require(state.free() == stake - locked, "free()");
        require(state.earnings() == earnings, "earnings()");
        require(state.isLive() == live, "isLive()");
    }

    function pack(uint80 stake, uint80 locked, uint80 earnings) private pure returns (uint256) {
        return uint256(stake) | (uint256(locked) << 80) | (uint256(earnings) << 160);
    }
}
