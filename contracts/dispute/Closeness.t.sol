// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {Closeness} from "./Closeness.sol";

/// @dev Numbers are written as they are stored, little-endian.
contract ClosenessTest {
    bytes8 private constant ONE = 0x000000000000f03f;
    bytes8 private constant TWO = 0x0000000000000040;
    bytes8 private constant INFINITY = 0x000000000000f07f;
    bytes8 private constant MINUS_INFINITY = 0x000000000000f0ff;
    bytes8 private constant NAN = 0x000000000000f87f;
    bytes8 private constant OTHER_NAN = 0x010000000000f8ff;
    bytes8 private constant MINUS_ZERO = 0x0000000000000080;
    bytes8 private constant LARGEST = 0xffffffffffffef7f;
    bytes8 private constant MINUS_LARGEST = 0xffffffffffffefff;
    /// @dev Bits of 1 and 1/2.
    uint64 private constant UNIT = 0x3ff0000000000000;
    uint64 private constant HALF = 0x3fe0000000000000;

    function test_EqualBitsAreClose() public pure {
        for (uint8 dtype = 1; dtype <= 10; ++dtype) {
            require(Closeness.isClose(Dtype(dtype), 0x0102030405060708, 0x0102030405060708, 0, 0), "equal");
        }
    }

    function test_IntegersAreEqualOrNot() public pure {
        for (uint8 dtype = 3; dtype <= 10; ++dtype) {
            require(!Closeness.isClose(Dtype(dtype), 0x0100000000000000, 0, UNIT, UNIT), "integers");
        }
    }

    function test_ZerosAndNaNsAreAlike() public pure {
        require(isClose(0, MINUS_ZERO, 0, 0), "zeros");
        require(isClose(NAN, OTHER_NAN, 0, 0), "NaNs");
        require(!isClose(NAN, ONE, UNIT, UNIT) && !isClose(ONE, NAN, UNIT, UNIT), "one NaN");
        require(Closeness.isClose(Dtype.F32, 0x0000008000000000, 0, 0, 0), "zeros of binary32");
        require(Closeness.isClose(Dtype.F32, 0x0000c07f00000000, 0x0100c0ff00000000, 0, 0), "NaNs of binary32");
    }

    function test_InfinitiesAreCloseToNothing() public pure {
        require(!isClose(INFINITY, LARGEST, UNIT, UNIT), "asserted");
        require(!isClose(ONE, INFINITY, UNIT, UNIT), "canonical");
        require(!isClose(INFINITY, MINUS_INFINITY, UNIT, UNIT), "both");
    }

    function test_BoundsAreIncluded() public pure {
        require(isClose(ONE, TWO, UNIT, 0), "atol");
        require(isClose(ONE, TWO, 0, HALF), "rtol of the canonical value");
        require(!isClose(TWO, ONE, 0, HALF), "and not of the asserted one");
        require(isClose(TWO, ONE, HALF, HALF), "both");
        require(!isClose(ONE, TWO, UNIT - 1, 0), "below");
        require(!isClose(ONE, 0x0100000000000040, UNIT, 0), "a unit above 2 is more than 1 away");
    }

    /// @dev The difference overflows; the bound does not.
    function test_OverflowIsTooFar() public pure {
        require(!isClose(LARGEST, MINUS_LARGEST, UNIT, HALF), "overflow");
    }

    function isClose(bytes8 y, bytes8 c, uint64 atol, uint64 rtol) private pure returns (bool) {
        return Closeness.isClose(Dtype.F64, y, c, atol, rtol);
    }
}
