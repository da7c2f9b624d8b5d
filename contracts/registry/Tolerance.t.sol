// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Tolerance} from "./Tolerance.sol";

contract ToleranceTest is Checks {
    /// @dev Bits of 2^15, the largest tolerance.
    uint64 private constant MAX = 0x40e0000000000000;

    function class(uint64 bits) public pure returns (uint256) {
        return Tolerance.class(bits);
    }

    function test_ClassifiesPowersOfTwo() public pure {
        require(Tolerance.class(0) == 0, "+0");
        require(Tolerance.class(1) == 1, "the smallest number");
        require(Tolerance.class(bitsOf(-48)) == 1, "2^-48");
        for (uint256 c = 1; c < 64; ++c) {
            uint64 bound = bitsOf(int256(c) - 48);
            require(Tolerance.class(bound) == c, "2^(c-48) is in class c");
            require(Tolerance.class(bound - 1) == c, "so is what is just below");
            if (c < 63) require(Tolerance.class(bound + 1) == c + 1, "what is just above is not");
        }
    }

    /// The smallest class whose bound is not below the tolerance, by trying all: positive floats order as integers.
    function testFuzz_IsTheSmallestClassThatHolds(uint64 bits) public pure {
        bits %= MAX + 1;
        uint256 expected = 0;
        while (bits > (expected == 0 ? 0 : bitsOf(int256(expected) - 48))) ++expected;
        require(Tolerance.class(bits) == expected, "class");
    }

    function test_RefusesWhatIsNoTolerance() public view {
        requireOutOfRange(MAX + 1);
        requireOutOfRange(bitsOf(16));
        requireOutOfRange(0x7ff0000000000000); // infinity
        requireOutOfRange(0x7ff8000000000000); // NaN
        requireOutOfRange(0x8000000000000000); // -0
        requireOutOfRange(0xbff0000000000000); // -1
        requireOutOfRange(type(uint64).max);
    }

    function testFuzz_RefusesWhatIsAboveTheLargest(uint64 bits) public view {
        if (bits > MAX) requireOutOfRange(bits);
    }

    function bitsOf(int256 exponent) private pure returns (uint64) {
        return uint64(uint256(1023 + exponent)) << 52;
    }

    function requireOutOfRange(uint64 bits) private view {
        bytes memory expected = abi.encodeWithSelector(Tolerance.ToleranceOutOfRange.selector, bits);
        requireRevert(abi.encodeCall(this.class, (bits)), expected);
    }
}
