// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Offer, OfferLib} from "./Offer.sol";

contract OfferTest is Checks {
    function test_HasItsFieldsAtTheirExtremes() public pure {
        requireFields(address(0), 0, 0, 0, 0);
        requireFields(address(type(uint160).max), 0, 0, 0, 0);
        requireFields(address(0), type(uint48).max, type(uint16).max, type(uint16).max, type(uint16).max);
    }

    function testFuzz_HasItsFields(
        address operator,
        uint48 price,
        uint16 latency,
        uint16 bps,
        uint16 kgas
    ) public pure {
        requireFields(operator, price, latency, bps, kgas);
        requireFields(operator, price, 0, bps, 0);
        requireFields(operator, 0, latency, 0, kgas);
    }

    function requireFields(address operator, uint48 price, uint16 latency, uint16 bps, uint16 kgas) private pure {
        Offer offer = OfferLib.pack(operator, price, latency, bps, kgas);
        uint256 word = Offer.unwrap(offer);
        requireField(word, 0, 160, uint160(operator), "operator");
        requireField(word, 160, 48, price, "price");
        requireField(word, 208, 16, latency, "latency");
        requireField(word, 224, 16, bps, "penaltyBps");
        requireField(word, 240, 16, kgas, "callbackKgas");
        require(offer.operator() == operator, "operator()");
        require(offer.price() == uint256(price) * 1 gwei, "price()");
        require(offer.latency() == latency, "latency()");
        require(offer.penaltyBps() == bps, "penaltyBps()");
        require(offer.callbackGas() == uint256(kgas) * 1000, "callbackGas()");
    }
}
