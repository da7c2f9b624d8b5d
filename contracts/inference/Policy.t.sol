// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Policy, PolicyLib} from "./Policy.sol";

contract PolicyTest is Checks {
    struct Fields {
        bool provisional;
        bool final_;
        uint24 callbackGas;
        uint64 callbackGasPrice;
        uint32 answerPeriod;
        uint48 minBondGwei;
        uint8 atolClass;
        uint8 rtolClass;
    }

    function answerWithin(uint256 period) public pure returns (Policy) {
        return PolicyLib.answerWithin(period);
    }

    function withCallbacks(uint256 gas_, uint256 price) public pure returns (Policy) {
        return PolicyLib.answerWithin(1).withCallbacks(true, true, gas_, price);
    }

    function withMinBond(uint256 bond) public pure returns (Policy) {
        return PolicyLib.answerWithin(1).withMinBond(bond);
    }

    function test_HasItsFieldsAtTheirExtremes() public pure {
        requireFields(Fields(false, false, 0, 0, 0, 0, 0, 0));
        requireFields(
            Fields({
                provisional: true,
                final_: true,
                callbackGas: 2_000_000,
                callbackGasPrice: type(uint64).max,
                answerPeriod: type(uint32).max,
                minBondGwei: type(uint48).max,
                atolClass: type(uint8).max,
                rtolClass: type(uint8).max
            })
        );
    }

    function testFuzz_HasItsFields(Fields memory fields) public pure {
        fields.callbackGas %= 2_000_001;
        requireFields(fields);
    }

    /// Setting a field a second time leaves nothing of the first.
    function testFuzz_ReplacesFields(Fields memory first, Fields memory second) public pure {
        (first.callbackGas, second.callbackGas) = (first.callbackGas % 2_000_001, second.callbackGas % 2_000_001);
        first.answerPeriod = second.answerPeriod;
        Policy replaced = fill(pack(first), second);
        require(Policy.unwrap(replaced) == Policy.unwrap(pack(second)), "replaced");
    }

    function testFuzz_CostsEachCallback(uint24 gas_, uint64 price) public pure {
        gas_ %= 2_000_001;
        Policy policy = PolicyLib.answerWithin(1);
        require(policy.withCallbacks(false, false, gas_, price).callbackCost() == 0, "none");
        uint256 one = uint256(gas_) * price;
        require(policy.withCallbacks(true, false, gas_, price).callbackCost() == one, "provisional");
        require(policy.withCallbacks(false, true, gas_, price).callbackCost() == one, "final");
        require(policy.withCallbacks(true, true, gas_, price).callbackCost() == 2 * one, "both");
    }

    function testFuzz_RoundsBondsUp(uint128 bond) public pure {
        bond %= uint128(type(uint48).max) * 1 gwei;
        uint256 rounded = PolicyLib.answerWithin(1).withMinBond(bond).minBond();
        require(rounded >= bond && rounded - bond < 1 gwei && rounded % 1 gwei == 0, "up to whole gwei");
    }

    function testFuzz_SeesUnusedBits(uint8 bit) public pure {
        bool used = bit < 2 || (bit >= 8 && bit < 192);
        require(Policy.wrap(uint256(1) << bit).hasUnusedBits() == !used, "bits 2-7 and 192-255");
    }

    function test_RefusesWhatDoesNotFit() public view {
        requireOutOfRange(abi.encodeCall(this.answerWithin, (2 ** 32)), "answerPeriod", 2 ** 32);
        requireOutOfRange(abi.encodeCall(this.withCallbacks, (2_000_001, 0)), "callbackGas", 2_000_001);
        requireOutOfRange(abi.encodeCall(this.withCallbacks, (1, 2 ** 64)), "callbackGasPrice", 2 ** 64);
        uint256 tooMuch = (2 ** 48 - 1) * 1 gwei + 1;
        requireOutOfRange(abi.encodeCall(this.withMinBond, (tooMuch)), "minBond", tooMuch);
    }

    function requireOutOfRange(bytes memory call, string memory field, uint256 value) private view {
        requireRevert(call, abi.encodeWithSelector(PolicyLib.PolicyFieldOutOfRange.selector, field, value));
    }

    function pack(Fields memory fields) private pure returns (Policy) {
        return fill(PolicyLib.answerWithin(fields.answerPeriod), fields);
    }

    function fill(Policy policy, Fields memory fields) private pure returns (Policy) {
        return
            policy
                .withCallbacks(fields.provisional, fields.final_, fields.callbackGas, fields.callbackGasPrice)
                .withMinBond(uint256(fields.minBondGwei) * 1 gwei)
                .withTolerance(fields.atolClass, fields.rtolClass);
    }

    function requireFields(Fields memory fields) private pure {
        Policy policy = pack(fields);
        uint256 word = Policy.unwrap(policy);
        requireField(word, 0, 1, fields.provisional ? 1 : 0, "provisional");
        requireField(word, 1, 1, fields.final_ ? 1 : 0, "final");
        requireField(word, 2, 6, 0, "unused");
        requireField(word, 8, 24, fields.callbackGas, "callbackGas");
        requireField(word, 32, 64, fields.callbackGasPrice, "callbackGasPrice");
        requireField(word, 96, 32, fields.answerPeriod, "answerPeriod");
        requireField(word, 128, 48, fields.minBondGwei, "minBond");
        requireField(word, 176, 8, fields.atolClass, "atolClass");
        requireField(word, 184, 8, fields.rtolClass, "rtolClass");
        requireField(word, 192, 64, 0, "unused");
        require(policy.wantsProvisional() == fields.provisional, "wantsProvisional()");
        require(policy.wantsFinal() == fields.final_, "wantsFinal()");
        require(policy.callbackGas() == fields.callbackGas, "callbackGas()");
        require(policy.callbackGasPrice() == fields.callbackGasPrice, "callbackGasPrice()");
        require(policy.answerPeriod() == fields.answerPeriod, "answerPeriod()");
        require(policy.minBond() == uint256(fields.minBondGwei) * 1 gwei, "minBond()");
        require(policy.atolClass() == fields.atolClass, "atolClass()");
        require(policy.rtolClass() == fields.rtolClass, "rtolClass()");
        require(!policy.hasUnusedBits(), "hasUnusedBits()");
    }
}
