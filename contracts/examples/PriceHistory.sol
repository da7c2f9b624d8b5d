// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice A pool's price at the last 25 full hours, which is 24 hourly returns.
/// @dev A pool's price moves by its own trades alone. So the price at every full hour since the last trade is the one
/// that the next trade finds, however much later it comes, and the history has no gaps.
///
/// Nobody bends a price within one transaction, because what is kept was there before it. Who trades last in an hour
/// can, at the risk of others trading back: a fee that follows this history needs bounds.
/// @param first the hour of the first price, since 1970
/// @param newest the hour of the last one
/// @param prices by hour modulo 25, UQ112.112
struct PriceHistory {
    uint32 first;
    uint32 newest;
    uint224[25] prices;
}

using PriceHistoryLib for PriceHistory global;

/// @title PriceHistoryLib
library PriceHistoryLib {
    uint256 internal constant RETURNS = 24;
    uint256 private constant PRICES = RETURNS + 1;
    uint256 private constant ONE = 1e18;

    /// @notice There are `prices` hourly prices, and `required` are needed.
    error HistoryTooShort(uint256 prices, uint256 required);

    /// @notice Begins with `price` at the current hour.
    function begin(PriceHistory storage self, uint224 price) internal {
        uint256 hour = currentHour();
        (self.first, self.newest) = (uint32(hour), uint32(hour));
        self.prices[hour % PRICES] = price;
    }

    /// @notice Keeps `price` for every full hour since the newest one kept. To be called before each change of the
    /// price.
    function record(PriceHistory storage self, uint224 price) internal {
        uint256 hour = currentHour();
        uint256 missing = hour - self.newest;
        if (missing == 0) return;
        self.newest = uint32(hour);
        // Older ones would be overwritten at once.
        if (missing > PRICES) missing = PRICES;
        for (uint256 i = 0; i < missing; ++i) self.prices[(hour - i) % PRICES] = price;
    }

    /// @notice The last 24 hourly log returns up to the current hour, oldest first, in 1e-18, where the price is now
    /// `price`.
    ///
    /// A log return ln(p/q) is computed as `2 (p - q) / (p + q)`, the first term of its series in (p - q) / (p + q). It
    /// is too small by less than a twelfth of the return's square: by 1e-5 of itself where the price moved 1 % in an
    /// hour, by 1e-3 where it moved 10 %. And as with ln, a price that goes up and comes back makes two equal returns.
    /// @dev Reverts with `HistoryTooShort` before the 25th hour.
    function logReturns(PriceHistory storage self, uint224 price) internal view returns (int256[] memory returns_) {
        uint256 hour = currentHour();
        uint256 kept = hour - self.first + 1;
        if (kept < PRICES) revert HistoryTooShort(kept, PRICES);
        returns_ = new int256[](RETURNS);
        uint256 previous = _priceAt(self, hour - RETURNS, price);
        for (uint256 i = 0; i < RETURNS; ++i) {
            uint256 next = _priceAt(self, hour - RETURNS + 1 + i, price);
            uint256 moved = next > previous ? next - previous : previous - next;
            int256 size = int256(Math.mulDiv(moved, 2 * ONE, next + previous));
            returns_[i] = next > previous ? size : -size;
            previous = next;
        }
    }

    /// @notice Full hours since 1970.
    function currentHour() internal view returns (uint256) {
        return block.timestamp / 1 hours;
    }

    function _priceAt(PriceHistory storage self, uint256 hour, uint224 price) private view returns (uint256) {
        return hour > self.newest ? price : self.prices[hour % PRICES];
    }
}
