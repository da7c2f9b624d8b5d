// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype} from "./Dtype.sol";
import {FixedPoint} from "./FixedPoint.sol";

/// @dev Properties that need no second implementation. The exact reference is in test/tensors.test.ts.
contract FixedPointTest {
    uint32 private constant F32_INFINITY = 0x7f800000;
    uint64 private constant F64_INFINITY = 0x7ff0000000000000;

    function toF32(int256 value, uint8 decimals) public pure returns (uint32) {
        return FixedPoint.toF32(value, decimals, FixedPoint.powerOfFive(decimals));
    }

    function toF64(int256 value, uint8 decimals) public pure returns (uint64) {
        return FixedPoint.toF64(value, decimals, FixedPoint.powerOfFive(decimals));
    }

    function fromF32(uint32 bits, uint8 decimals) public pure returns (int256) {
        return FixedPoint.fromF32(bits, decimals);
    }

    function fromF64(uint64 bits, uint8 decimals) public pure returns (int256) {
        return FixedPoint.fromF64(bits, decimals);
    }

    function fromInteger(int64 element, Dtype dtype, uint8 decimals) public pure returns (int256) {
        return FixedPoint.fromInteger(element, dtype, decimals);
    }

    function test_WritesBinary32() public pure {
        require(toF32(0, 18) == 0, "0");
        require(toF32(1e18, 18) == 0x3f800000, "1");
        require(toF32(-25, 1) == 0xc0200000, "-2.5");
        require(toF32(1, 1) == 0x3dcccccd, "0.1");
        require(toF32(16777217, 0) == 0x4b800000, "2**24 + 1 is a tie: down to even");
        require(toF32(16777219, 0) == 0x4b800002, "2**24 + 3 is a tie: up to even");
        require(toF32(1, 45) == 0x00000001, "1e-45 rounds to the smallest subnormal");
        require(toF32(7, 46) == 0, "7e-46 is below half the smallest subnormal");
        require(toF32(-1, 77) == 0x80000000, "-1e-77 rounds to -0");
        require(toF32(2 ** 128 - 2 ** 103 - 1, 0) == 0x7f7fffff, "the last value before overflow");
    }

    function test_WritesBinary64() public pure {
        require(toF64(1, 1) == 0x3fb999999999999a, "0.1");
        require(toF64(type(int256).min, 0) == 0xcfe0000000000000, "-2**255");
        require(toF64(type(int256).max, 0) == 0x4fe0000000000000, "2**255 - 1 rounds to 2**255");
        require(toF64(1, 77) == 0x2ff286d80ec190dc, "1e-77");
    }

    function test_ReadsBinary32() public pure {
        require(fromF32(0x3dcccccd, 18) == 100000001490116119, "0.1f with 18 decimals");
        require(fromF32(0x80000000, 18) == 0, "-0");
        require(fromF32(0x3f000000, 0) == 0, "0.5 is a tie: down to even");
        require(fromF32(0x3fc00000, 0) == 2, "1.5 is a tie: up to even");
        require(fromF32(0xc0200000, 0) == -2, "-2.5 is a tie: to even");
    }

    function test_ReadsTheWholeRange() public pure {
        require(fromF64(0xcfe0000000000000, 0) == type(int256).min, "-2**255 is an int256");
        require(fromF64(0x4fdfffffffffffff, 0) == 2 ** 255 - 2 ** 202, "the float before 2**255");
        require(fromInteger(type(int64).min, Dtype.I64, 57) == -(2 ** 63) * 10 ** 57, "the least i64");
    }

    function test_RefusesOverflow() public view {
        for (uint8 decimals = 0; decimals < 39; ++decimals) {
            int256 edge = (2 ** 128 - 2 ** 103) * int256(10 ** uint256(decimals));
            bytes memory expected = abi.encodeWithSelector(
                FixedPoint.FixedPointOutOfRange.selector,
                edge,
                decimals,
                Dtype.F32
            );
            requireRevert(abi.encodeCall(this.toF32, (edge, decimals)), expected);
            require(toF32(edge - 1, decimals) == F32_INFINITY - 1, "the largest finite number");
        }
    }

    function test_RefusesElements() public view {
        uint32[4] memory f32s = [F32_INFINITY, 0xff800000, 0x7fc00000, 0x7f800001];
        for (uint256 i = 0; i < f32s.length; ++i) {
            requireElementRefused(abi.encodeCall(this.fromF32, (f32s[i], 18)), f32s[i], Dtype.F32, 18);
        }
        uint64[4] memory f64s = [F64_INFINITY, 0xfff0000000000000, 0x7ff8000000000000, 0x4fe0000000000000];
        for (uint256 i = 0; i < f64s.length; ++i) {
            requireElementRefused(abi.encodeCall(this.fromF64, (f64s[i], 0)), f64s[i], Dtype.F64, 0);
        }
        requireElementRefused(abi.encodeCall(this.fromInteger, (-6, Dtype.I8, 76)), uint64(int64(-6)), Dtype.I8, 76);
        requireElementRefused(abi.encodeCall(this.fromInteger, (1, Dtype.U8, 77)), 1, Dtype.U8, 77);
    }

    function test_RefusesDecimals() public view {
        bytes memory expected = abi.encodeWithSelector(FixedPoint.DecimalsOutOfRange.selector, uint8(78));
        requireRevert(abi.encodeCall(this.toF32, (0, 78)), expected);
        requireRevert(abi.encodeCall(this.toF64, (1, 78)), expected);
        requireRevert(abi.encodeCall(this.fromF32, (0, 78)), expected);
        requireRevert(abi.encodeCall(this.fromF64, (0, 78)), expected);
        requireRevert(abi.encodeCall(this.fromInteger, (0, Dtype.I8, 78)), expected);
    }

    /// Rounding to nearest: no more than half of the 53rd bit is lost, and half a unit on the way back.
    function testFuzz_ReturnsFromBinary64(int128 value, uint8 decimals) public pure {
        decimals %= 78;
        int256 difference = fromF64(toF64(value, decimals), decimals) - value;
        uint256 lost = uint256(difference < 0 ? -difference : difference);
        uint256 magnitude = uint256(value < 0 ? -int256(value) : int256(value));
        require(lost * 2 ** 54 <= 2 * magnitude + 2 ** 53, "further than one rounding each way");
    }

    function testFuzz_ReturnsIntegersExactly(int24 value) public pure {
        require(fromF32(toF32(value, 0), 0) == value, "24 bits fit binary32");
        require(fromF64(toF64(value, 0), 0) == value, "24 bits fit binary64");
        require(fromInteger(value, Dtype.I32, 18) == int256(value) * 1e18, "an integer has an exact product");
    }

    function testFuzz_IsMonotonic(int256 a, int256 b, uint8 decimals) public pure {
        decimals %= 78;
        (int256 low, int256 high) = a < b ? (a, b) : (b, a);
        require(ordered(toF64(low, decimals)) <= ordered(toF64(high, decimals)), "rounding keeps the order");
    }

    function testFuzz_IsOdd(int256 value, uint8 decimals) public pure {
        decimals %= 78;
        if (value == 0 || value == type(int256).min) return;
        require(toF64(-value, decimals) == toF64(value, decimals) ^ (1 << 63), "-x has x's other bits");
    }

    /// @dev Maps a float's bits to integers in the order of the numbers.
    function ordered(uint64 bits) private pure returns (int64) {
        return bits >> 63 == 0 ? int64(bits) : -int64(bits & (type(uint64).max >> 1));
    }

    function requireElementRefused(bytes memory call, uint64 bits, Dtype dtype, uint8 decimals) private view {
        requireRevert(call, abi.encodeWithSelector(FixedPoint.ElementOutOfRange.selector, bits, dtype, decimals));
    }

    function requireRevert(bytes memory call, bytes memory expected) private view {
        (bool success, bytes memory reason) = address(this).staticcall(call);
        require(!success, "did not revert");
        require(keccak256(reason) == keccak256(expected), "reverted with another error");
    }
}
