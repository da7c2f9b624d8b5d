// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float64} from "./Float64.sol";
import {fromBits, fromF32Bits, fromInt64} from "./Float64Conversion.sol";

/// @dev Vectors, and properties that need no second implementation. The differential test is test/parity/float64.test.ts.
contract Float64Test {
    uint64 private constant NEGATIVE_ZERO = 0x8000000000000000;
    uint64 private constant SMALLEST = 0x0000000000000001;
    uint64 private constant SMALLEST_NORMAL = 0x0010000000000000;
    uint64 private constant HALF = 0x3fe0000000000000;
    uint64 private constant ONE = 0x3ff0000000000000;
    uint64 private constant MINUS_ONE = 0xbff0000000000000;
    uint64 private constant TWO = 0x4000000000000000;
    uint64 private constant LARGEST = 0x7fefffffffffffff;
    uint64 private constant INFINITY = 0x7ff0000000000000;
    uint64 private constant MINUS_INFINITY = 0xfff0000000000000;
    uint64 private constant NAN = 0x7ff8000000000000;
    uint64 private constant SIGNALLING_NAN = 0xfff0000000000001;

    function test_Adds() public pure {
        requireSum(0x3fb999999999999a, 0x3fc999999999999a, 0x3fd3333333333334, "0.1 + 0.2 is above 0.3");
        requireSum(ONE, 0x3ca0000000000000, ONE, "1 + 2^-53 is a tie: down to even");
        requireSum(0x3ff0000000000001, 0x3ca0000000000000, 0x3ff0000000000002, "1 + 2^-52 + 2^-53: up to even");
        requireSum(ONE, 0x3ca0000000000001, 0x3ff0000000000001, "just above the tie");
        requireSum(ONE, 0xbc90000000000000, ONE, "1 - 2^-54 is a tie: up to even");
        requireSum(ONE, 0xbc90000000000001, 0x3fefffffffffffff, "just below the tie");
        requireSum(ONE, SMALLEST, ONE, "nothing beside 1");
        requireSum(SMALLEST, SMALLEST, 0x0000000000000002, "subnormal numbers");
        requireSum(0x000fffffffffffff, SMALLEST, SMALLEST_NORMAL, "subnormal to normal");
        requireSum(LARGEST, LARGEST, INFINITY, "overflow");
        requireSum(LARGEST, 0x7c90000000000000, INFINITY, "the tie between the largest and 2^1024");
        requireSum(LARGEST, 0x7c8fffffffffffff, LARGEST, "just below that tie");
        requireSum(0xffe0000000000000, 0x7fe0000000000000, 0, "2^1023 - 2^1023");
    }

    function test_AddsSpecials() public pure {
        requireSum(ONE, MINUS_ONE, 0, "1 - 1 is +0");
        requireSum(0, NEGATIVE_ZERO, 0, "0 + -0 is +0");
        requireSum(NEGATIVE_ZERO, NEGATIVE_ZERO, NEGATIVE_ZERO, "-0 + -0 is -0");
        requireSum(INFINITY, MINUS_INFINITY, NAN, "Inf - Inf");
        requireSum(MINUS_INFINITY, MINUS_INFINITY, MINUS_INFINITY, "-Inf - Inf");
        requireSum(INFINITY, 0xffefffffffffffff, INFINITY, "Inf and the lowest number");
        requireSum(NAN, MINUS_INFINITY, NAN, "NaN");
        requireSum(ONE, SIGNALLING_NAN, NAN, "NaN is canonical");
    }

    function test_Multiplies() public pure {
        requireProduct(0x3fb999999999999a, 0x4024000000000000, ONE, "0.1 * 10");
        requireProduct(0x3ff0000000000001, 0x3ff8000000000000, 0x3ff8000000000002, "a tie: up to even");
        requireProduct(SMALLEST, HALF, 0, "half of the smallest is a tie: down to 0");
        requireProduct(SMALLEST, 0xbfe0000000000001, 0x8000000000000001, "a bit more than half");
        requireProduct(0x8000000000000001, HALF, NEGATIVE_ZERO, "a negative number to -0");
        requireProduct(0x0010000000000001, HALF, 0x0008000000000000, "rounds once to a subnormal number");
        requireProduct(0x001fffffffffffff, HALF, SMALLEST_NORMAL, "rounds up to the smallest normal number");
        requireProduct(LARGEST, 0x3ff0000000000001, INFINITY, "overflow");
        requireProduct(0, MINUS_INFINITY, NAN, "0 * Inf");
        requireProduct(MINUS_INFINITY, 0xbff0000000000000, INFINITY, "-Inf * -1");
        requireProduct(NEGATIVE_ZERO, ONE, NEGATIVE_ZERO, "-0 * 1");
        requireProduct(NEGATIVE_ZERO, MINUS_ONE, 0, "-0 * -1");
        requireProduct(SIGNALLING_NAN, 0, NAN, "NaN");
    }

    function test_Divides() public pure {
        requireQuotient(ONE, 0x4008000000000000, 0x3fd5555555555555, "1 / 3");
        requireQuotient(MINUS_ONE, 0x4024000000000000, 0xbfb999999999999a, "-1 / 10");
        requireQuotient(SMALLEST, TWO, 0, "half of the smallest is a tie: down to 0");
        requireQuotient(0x0000000000000003, TWO, 0x0000000000000002, "3 / 2 of the smallest is a tie: up to even");
        requireQuotient(LARGEST, HALF, INFINITY, "overflow");
        requireQuotient(ONE, NEGATIVE_ZERO, MINUS_INFINITY, "1 / -0");
        requireQuotient(MINUS_ONE, INFINITY, NEGATIVE_ZERO, "-1 / Inf");
        requireQuotient(0, NEGATIVE_ZERO, NAN, "0 / 0");
        requireQuotient(INFINITY, MINUS_INFINITY, NAN, "Inf / Inf");
        requireQuotient(INFINITY, NEGATIVE_ZERO, MINUS_INFINITY, "Inf / -0");
        requireQuotient(0, MINUS_INFINITY, NEGATIVE_ZERO, "0 / -Inf");
        requireQuotient(NAN, 0, NAN, "NaN / 0");
    }

    function test_TakesRoots() public pure {
        requireRoot(TWO, 0x3ff6a09e667f3bcd, "2");
        requireRoot(0x4010000000000000, TWO, "4");
        requireRoot(SMALLEST, 0x1e60000000000000, "2^-1074");
        requireRoot(LARGEST, 0x5fefffffffffffff, "the largest");
        requireRoot(NEGATIVE_ZERO, NEGATIVE_ZERO, "-0");
        requireRoot(INFINITY, INFINITY, "Inf");
        requireRoot(0x8000000000000001, NAN, "a negative number");
        requireRoot(MINUS_INFINITY, NAN, "-Inf");
        requireRoot(SIGNALLING_NAN, NAN, "NaN");
    }

    function test_Orders() public pure {
        uint64[6] memory ascending = [MINUS_INFINITY, MINUS_ONE, 0, SMALLEST, ONE, INFINITY];
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 j = 0; j < 6; ++j) {
                (Float64 a, Float64 b) = (fromBits(ascending[i]), fromBits(ascending[j]));
                require((a < b) == (i < j) && (a <= b) == (i <= j) && (a == b) == (i == j), "<, <=, ==");
                require((a > b) == (i > j) && (a >= b) == (i >= j) && (a != b) == (i != j), ">, >=, !=");
            }
            Float64 nan = fromBits(NAN);
            Float64 x = fromBits(ascending[i]);
            require(!(nan < x) && !(x < nan) && !(nan <= x) && !(x <= nan) && !(nan == x), "NaN has no order");
            require(nan != x && nan != nan, "NaN is unlike anything");
        }
        require(fromBits(0) == fromBits(NEGATIVE_ZERO) && fromBits(0) <= fromBits(NEGATIVE_ZERO), "0 == -0");
        require(!(fromBits(NEGATIVE_ZERO) < fromBits(0)), "not -0 < 0");
    }

    function test_TakesTheSmallerAndTheGreater() public pure {
        require(fromBits(0).min(fromBits(NEGATIVE_ZERO)).toBits() == NEGATIVE_ZERO, "min(0, -0)");
        require(fromBits(NEGATIVE_ZERO).min(fromBits(0)).toBits() == NEGATIVE_ZERO, "min(-0, 0)");
        require(fromBits(0).max(fromBits(NEGATIVE_ZERO)).toBits() == 0, "max(0, -0)");
        require(fromBits(NEGATIVE_ZERO).max(fromBits(0)).toBits() == 0, "max(-0, 0)");
        require(fromBits(MINUS_INFINITY).min(fromBits(NAN)).toBits() == NAN, "min(-Inf, NaN)");
        require(fromBits(NAN).max(fromBits(INFINITY)).toBits() == NAN, "max(NaN, Inf)");
    }

    function test_RoundsToIntegers() public pure {
        requireRounded(0x3fdfffffffffffff, ONE, 0, 0, "just below 1/2");
        requireRounded(HALF, ONE, 0, 0, "1/2 is a tie: to 0");
        requireRounded(0x3fe0000000000001, ONE, 0, ONE, "just above 1/2");
        requireRounded(0x3ff8000000000000, TWO, ONE, TWO, "3/2 is a tie: to 2");
        requireRounded(0x4004000000000000, 0x4008000000000000, TWO, TWO, "5/2 is a tie: to 2");
        requireRounded(0xbfe0000000000000, NEGATIVE_ZERO, MINUS_ONE, NEGATIVE_ZERO, "-1/2");
        requireRounded(0x432fffffffffffff, 0x4330000000000000, 0x432ffffffffffffe, 0x4330000000000000, "2^52 - 1/2");
        requireRounded(LARGEST, LARGEST, LARGEST, LARGEST, "the largest");
        requireRounded(NEGATIVE_ZERO, NEGATIVE_ZERO, NEGATIVE_ZERO, NEGATIVE_ZERO, "-0");
        requireRounded(MINUS_INFINITY, MINUS_INFINITY, MINUS_INFINITY, MINUS_INFINITY, "-Inf");
        requireRounded(SIGNALLING_NAN, NAN, NAN, NAN, "NaN");
        require(fromBits(0xbff8000000000000).trunc().toBits() == MINUS_ONE, "trunc(-3/2)");
        require(fromBits(0xbfefffffffffffff).trunc().toBits() == NEGATIVE_ZERO, "trunc(-0.99)");
    }

    function test_RoundsToBinary32() public pure {
        requireF32(0x3fb999999999999a, 0x3dcccccd, "0.1");
        requireF32(0x3ff0000010000000, 0x3f800000, "a tie: down to even");
        requireF32(0x3ff0000010000001, 0x3f800001, "just above the tie");
        requireF32(0x47efffffefffffff, 0x7f7fffff, "the last number before overflow");
        requireF32(0x47effffff0000000, 0x7f800000, "the tie before 2^128");
        requireF32(0xc7f0000000000000, 0xff800000, "-2^128");
        requireF32(0x36a0000000000000, 0x00000001, "the smallest");
        requireF32(0x3690000000000000, 0x00000000, "half of it is a tie: down to 0");
        requireF32(0xb690000000000001, 0x80000001, "a bit more than half");
        requireF32(0x380fffffffffffff, 0x00800000, "rounds up to the smallest normal number");
        requireF32(NEGATIVE_ZERO, 0x80000000, "-0");
        requireF32(SIGNALLING_NAN, 0x7fc00000, "NaN is canonical");
    }

    function test_ConvertsIntegers() public pure {
        require(fromInt64(0).toBits() == 0, "0");
        require(fromInt64(-1).toBits() == MINUS_ONE, "-1");
        require(fromInt64(2 ** 53 + 1).toBits() == 0x4340000000000000, "2^53 + 1 is a tie: down to even");
        require(fromInt64(2 ** 53 + 3).toBits() == 0x4340000000000002, "2^53 + 3 is a tie: up to even");
        require(fromInt64(type(int64).max).toBits() == 0x43e0000000000000, "the greatest rounds up to 2^63");
        require(fromInt64(type(int64).min).toBits() == 0xc3e0000000000000, "the least");
        require(fromBits(0xbfffffffffffffff).toInt64() == -1, "-1.99");
        require(fromBits(0x3fefffffffffffff).toInt64() == 0, "0.99");
        require(fromBits(0x43dfffffffffffff).toInt64() == 2 ** 63 - 1024, "the last number below 2^63");
        require(fromBits(0x43e0000000000000).toInt64() == type(int64).max, "2^63");
        require(fromBits(0xc3e0000000000000).toInt64() == type(int64).min, "-2^63");
        require(fromBits(0xc3e0000000000001).toInt64() == type(int64).min, "below -2^63");
        require(fromBits(INFINITY).toInt64() == type(int64).max, "Inf");
        require(fromBits(MINUS_INFINITY).toInt64() == type(int64).min, "-Inf");
        require(fromBits(SIGNALLING_NAN).toInt64() == 0, "NaN");
    }

    function test_AnUnsetVariableIsZero() public pure {
        Float64 x;
        require(x.toBits() == 0, "0");
    }

    function testFuzz_KeepsBits(uint64 bits) public pure {
        require(fromBits(bits).toBits() == (isNaN(bits) ? NAN : bits), "bits");
    }

    function testFuzz_KeepsBinary32(uint32 bits) public pure {
        bool nan = bits & 0x7fffffff > 0x7f800000;
        require(fromF32Bits(bits).toF32Bits() == (nan ? 0x7fc00000 : bits), "bits");
        require(fromF32Bits(bits).roundToF32().toBits() == fromF32Bits(bits).toBits(), "binary32 rounds to itself");
    }

    function testFuzz_KeepsIntegersOf53Bits(int64 x) public pure {
        x >>= 10;
        require(fromInt64(x).toInt64() == x, "exact");
        require(fromInt64(x).nearest().toInt64() == x, "an integer");
    }

    function testFuzz_Commutes(uint64 a, uint64 b) public pure {
        (Float64 x, Float64 y) = (fromBits(a), fromBits(b));
        require((x + y).toBits() == (y + x).toBits(), "sum");
        require((x * y).toBits() == (y * x).toBits(), "product");
        require((x - y).toBits() == (x + (-y)).toBits(), "difference");
        require((x == y) == (y == x) && (x < y) == (y > x) && (x <= y) == (y >= x), "order");
    }

    function testFuzz_IsSymmetric(uint64 a, uint64 b) public pure {
        (Float64 x, Float64 y) = (fromBits(a), fromBits(b));
        require((-x * y).toBits() == (-(x * y)).toBits(), "product");
        require((x / -y).toBits() == (-(x / y)).toBits(), "quotient");
        if (x + y != fromBits(0)) require((-x - y).toBits() == (-(x + y)).toBits(), "sum");
        require((-x).floor().toBits() == (-(x.ceil())).toBits(), "floor and ceil");
        require((-x).nearest().toBits() == (-(x.nearest())).toBits(), "nearest");
    }

    /// Subtraction of numbers within a factor of two is exact (Sterbenz), so it can be undone.
    function testFuzz_SubtractsExactly(uint64 a, uint64 b) public pure {
        Float64 x = fromBits(a).abs();
        uint64 field = uint64(x.toBits() >> 52);
        if (field < 2 || field > 2045) return;
        Float64 y = fromBits(((field + (b >> 63)) << 52) | (b & 0xfffffffffffff));
        Float64 two = fromBits(TWO);
        if (y < x / two || y > x * two) return;
        require(((x - y) + y).toBits() == x.toBits(), "exact");
    }

    function testFuzz_RootIsNearest(uint64 a) public pure {
        Float64 x = fromBits(a).abs();
        if (x != x || x >= fromBits(INFINITY)) return;
        Float64 root = x.sqrt();
        uint64 bits = root.toBits();
        // Neighbours' squares are on either side; they are rounded, so may be equal to x.
        require(bits == 0 || fromBits(bits - 1) * fromBits(bits - 1) <= x, "below");
        require(fromBits(bits + 1) * fromBits(bits + 1) >= x, "above");
    }

    function isNaN(uint64 bits) private pure returns (bool) {
        return bits & 0x7fffffffffffffff > INFINITY;
    }

    function requireSum(uint64 a, uint64 b, uint64 sum, string memory reason) private pure {
        require((fromBits(a) + fromBits(b)).toBits() == sum, reason);
        require((fromBits(b) + fromBits(a)).toBits() == sum, reason);
        require((fromBits(a) - (-fromBits(b))).toBits() == sum, reason);
    }

    function requireProduct(uint64 a, uint64 b, uint64 product, string memory reason) private pure {
        require((fromBits(a) * fromBits(b)).toBits() == product, reason);
    }

    function requireQuotient(uint64 a, uint64 b, uint64 quotient, string memory reason) private pure {
        require((fromBits(a) / fromBits(b)).toBits() == quotient, reason);
    }

    function requireRoot(uint64 x, uint64 root, string memory reason) private pure {
        require(fromBits(x).sqrt().toBits() == root, reason);
    }

    function requireRounded(uint64 x, uint64 ceil, uint64 floor, uint64 nearest, string memory reason) private pure {
        require(fromBits(x).ceil().toBits() == ceil, reason);
        require(fromBits(x).floor().toBits() == floor, reason);
        require(fromBits(x).nearest().toBits() == nearest, reason);
    }

    function requireF32(uint64 x, uint32 bits, string memory reason) private pure {
        require(fromBits(x).toF32Bits() == bits, reason);
        require(fromBits(x).roundToF32().toBits() == fromF32Bits(bits).toBits(), reason);
    }
}
