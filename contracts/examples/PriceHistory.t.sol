// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {PriceHistory, PriceHistoryLib} from "./PriceHistory.sol";

/// @dev The test runner's.
interface IClock {
    function warp(uint256 timestamp) external;
}

contract PriceHistoryTest is Checks {
    IClock private constant CLOCK = IClock(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    uint256 private constant START = 1_800_000_000;

    PriceHistory private history;

    function logReturns(uint224 price) public view returns (int256[] memory) {
        return history.logReturns(price);
    }

    /// @dev Trades after random pauses, against a list of the price at every hour.
    function testFuzz_KeepsThePriceAtEveryFullHour(uint24[12] calldata pauses, uint224[12] calldata prices) public {
        uint256 now_ = START;
        CLOCK.warp(now_);
        uint224 price = 1 << 112;
        history.begin(price);
        uint224[] memory hourly = new uint224[](12 * 40 + 1);
        hourly[0] = price;
        uint256 count = 1;

        for (uint256 i = 0; i < 12; ++i) {
            uint256 later = now_ + (uint256(pauses[i]) % 40 hours);
            for (uint256 hour = now_ / 1 hours; hour < later / 1 hours; ++hour) {
                hourly[count] = price;
                ++count;
            }
            now_ = later;
            CLOCK.warp(now_);
            requireReturns(hourly, count, price);
            history.record(price);
            requireReturns(hourly, count, price);
            // So that nothing in `requireReturns` overflows.
            price = (prices[i] >> 64) + 1;
        }
    }

    function requireReturns(uint224[] memory hourly, uint256 count, uint224 price) private view {
        if (count < 25) {
            bytes memory expected = abi.encodeWithSelector(PriceHistoryLib.HistoryTooShort.selector, count, 25);
            requireRevert(abi.encodeCall(this.logReturns, (price)), expected);
            return;
        }
        int256[] memory returns_ = history.logReturns(price);
        require(returns_.length == 24, "one a hour");
        for (uint256 i = 0; i < 24; ++i) {
            (uint256 p, uint256 q) = (hourly[count - 24 + i], hourly[count - 25 + i]);
            uint256 size = uint256(returns_[i] < 0 ? -returns_[i] : returns_[i]);
            uint256 exact = 2e18 * (p > q ? p - q : q - p);
            require(size * (p + q) <= exact && exact < (size + 1) * (p + q), "not 2 (p - q) / (p + q)");
            require(p > q ? returns_[i] >= 0 : returns_[i] <= 0, "the wrong sign");
        }
    }

    function testFuzz_ComesBackByWhatItWent(uint224 p, uint224 q) public {
        (p, q) = (p == 0 ? 1 : p, q == 0 ? 1 : q);
        CLOCK.warp(START);
        history.begin(p);
        CLOCK.warp(START + 23 hours);
        history.record(p);
        CLOCK.warp(START + 24 hours);
        history.record(q);
        CLOCK.warp(START + 25 hours);
        int256[] memory returns_ = history.logReturns(p);
        require(returns_[22] == -returns_[23], "there and back");
    }
}
