// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Tolerance
/// @notice Sorts a tolerance (the bits of an IEEE binary64) into one of 64 classes, so that one byte of a policy can
/// bound it: class 0 is zero, class c in 1..63 is the smallest with `tolerance <= 2^(c-48)`, from 2^-47 to 2^15.
library Tolerance {
    /// @notice `bits` is negative, infinite, not a number, or above 2^15.
    error ToleranceOutOfRange(uint64 bits);

    function class(uint64 bits) internal pure returns (uint256) {
        if (bits == 0) return 0;
        // As an integer a non-negative binary64 orders like its value; 2^15 is exponent 1023 + 15, mantissa 0. A
        // set sign bit, an infinity and every NaN are above it.
        if (bits > uint64(1023 + 15) << 52) revert ToleranceOutOfRange(bits);
        uint256 exponent = bits >> 52;
        uint256 ceiling = bits & ((1 << 52) - 1) == 0 ? exponent : exponent + 1;
        return ceiling <= 1023 - 47 ? 1 : ceiling - (1023 - 48);
    }
}
