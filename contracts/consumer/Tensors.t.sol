// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype, Dtypes} from "../lib/Dtype.sol";
import {Tensors} from "./Tensors.sol";

/// @dev Bytes and errors by example. Every dtype against a second implementation is in test/tensors.test.ts.
contract TensorsTest {
    function integers(int256 value, Dtype dtype) public pure returns (bytes memory) {
        return Tensors.integers(value, dtype);
    }

    function toFixed(bytes memory tensor, Dtype dtype, uint256 index, uint8 decimals) public pure returns (int256) {
        return Tensors.toFixed(tensor, dtype, index, decimals);
    }

    function toInteger(bytes memory tensor, Dtype dtype, uint256 index) public pure returns (int256) {
        return Tensors.toInteger(tensor, dtype, index);
    }

    function test_PacksFloats() public pure {
        requireEqual(Tensors.f32(1e18, 18), hex"0000803f");
        requireEqual(Tensors.f64(-1, 1), hex"9a9999999999b9bf");
        requireEqual(Tensors.f32(int256s(1e18, -2.5e18, 0), 18), hex"0000803f000020c000000000");
        requireEqual(Tensors.f64(int256s(5, 0, 5), 1), hex"000000000000e03f0000000000000000000000000000e03f");
        requireEqual(Tensors.f32(new int256[](0), 18), "");
    }

    function test_PacksIntegers() public pure {
        requireEqual(Tensors.integers(int256s(-1, 127, -128), Dtype.I8), hex"ff7f80");
        requireEqual(Tensors.integers(int256s(0, 1, 255), Dtype.U8), hex"0001ff");
        requireEqual(Tensors.integers(int256s(-2, 0x0102, 0), Dtype.I16), hex"feff02010000");
        requireEqual(Tensors.integers(int256s(-2, 0x01020304, 0), Dtype.I32), hex"feffffff0403020100000000");
        requireEqual(Tensors.integers(0x0102030405060708, Dtype.I64), hex"0807060504030201");
        requireEqual(Tensors.integers(int256s(1, 0, 1), Dtype.Bool), hex"010001");
    }

    function test_ReadsElements() public pure {
        bytes memory floats = hex"0000803f000020c0";
        require(Tensors.toFixed(floats, Dtype.F32, 0, 18) == 1e18, "1");
        require(Tensors.toFixed(floats, Dtype.F32, 1, 2) == -250, "-2.5");
        require(Tensors.toFixed(hex"9a9999999999b9bf", Dtype.F64, 0, 1) == -1, "-0.1");
        require(Tensors.toFixed(hex"feff", Dtype.I16, 0, 3) == -2000, "-2 with three decimals");
        require(Tensors.toInteger(hex"fffe", Dtype.I8, 1) == -2, "signed");
        require(Tensors.toInteger(hex"fffe", Dtype.U8, 1) == 254, "unsigned");
        require(Tensors.toInteger(hex"0100", Dtype.Bool, 0) == 1, "bool");
    }

    function test_RefusesWhatDoesNotFit() public view {
        bytes memory expected = abi.encodeWithSelector(Tensors.IntegerOutOfRange.selector, int256(256), Dtype.U8);
        requireRevert(abi.encodeCall(this.integers, (256, Dtype.U8)), expected);
        expected = abi.encodeWithSelector(Tensors.IntegerOutOfRange.selector, int256(2), Dtype.Bool);
        requireRevert(abi.encodeCall(this.integers, (2, Dtype.Bool)), expected);
    }

    function test_RefusesFloatsAsIntegers() public view {
        bytes memory expected = abi.encodeWithSelector(Tensors.NotInteger.selector, Dtype.F32);
        requireRevert(abi.encodeCall(this.integers, (1, Dtype.F32)), expected);
        requireRevert(abi.encodeCall(this.toInteger, (hex"0000803f", Dtype.F32, 0)), expected);
    }

    function test_RefusesNoDtype() public view {
        bytes memory expected = abi.encodeWithSelector(Dtypes.MissingDtype.selector);
        requireRevert(abi.encodeCall(this.integers, (1, Dtype.None)), expected);
        requireRevert(abi.encodeCall(this.toInteger, (hex"00", Dtype.None, 0)), expected);
        requireRevert(abi.encodeCall(this.toFixed, (hex"00", Dtype.None, 0, 0)), expected);
    }

    function test_RefusesAnIndexPastTheEnd() public view {
        requireIndexRefused(hex"", Dtype.I8, 0);
        requireIndexRefused(hex"0000803f", Dtype.F32, 1);
        requireIndexRefused(hex"0000803f000000", Dtype.F32, 1);
        requireIndexRefused(hex"00", Dtype.Bool, type(uint256).max);
    }

    /// Elements are written a word at a time: what lies behind a tensor in memory must not notice.
    function testFuzz_LeavesItsNeighboursAlone(uint8 length, int8 value) public pure {
        int256[] memory values = new int256[](length);
        for (uint256 i = 0; i < length; ++i) values[i] = value;
        bytes memory before = hex"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01";
        bytes memory first = Tensors.f32(values, 0);
        bytes memory second = Tensors.integers(values, Dtype.I16);
        bytes memory third = Tensors.integers(values, Dtype.I8);
        bytes memory fourth = Tensors.f64(values, 0);
        requireEqual(before, hex"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01");
        require(first.length == 4 * values.length && second.length == 2 * values.length, "length");
        require(third.length == values.length && fourth.length == 8 * values.length, "length");
        for (uint256 i = 0; i < length; ++i) {
            require(values[i] == value, "the values");
            require(Tensors.toFixed(first, Dtype.F32, i, 0) == value, "f32");
            require(Tensors.toInteger(second, Dtype.I16, i) == value, "i16");
            require(Tensors.toInteger(third, Dtype.I8, i) == value, "i8");
            require(Tensors.toFixed(fourth, Dtype.F64, i, 0) == value, "f64");
        }
    }

    function testFuzz_KeepsIntegers(int64 value) public pure {
        require(Tensors.toInteger(Tensors.integers(value, Dtype.I64), Dtype.I64, 0) == value, "i64");
        int256 low = value & 0xffffffff;
        require(Tensors.toInteger(Tensors.integers(low, Dtype.U32), Dtype.U32, 0) == low, "u32");
    }

    function int256s(int256 a, int256 b, int256 c) private pure returns (int256[] memory values) {
        values = new int256[](3);
        (values[0], values[1], values[2]) = (a, b, c);
    }

    function requireEqual(bytes memory actual, bytes memory expected) private pure {
        require(keccak256(actual) == keccak256(expected), "other bytes");
    }

    function requireIndexRefused(bytes memory tensor, Dtype dtype, uint256 index) private view {
        bytes memory expected = abi.encodeWithSelector(Tensors.IndexOutOfRange.selector, index, dtype, tensor.length);
        requireRevert(abi.encodeCall(this.toFixed, (tensor, dtype, index, 0)), expected);
    }

    function requireRevert(bytes memory call, bytes memory expected) private view {
        (bool success, bytes memory reason) = address(this).staticcall(call);
        require(!success, "did not revert");
        require(keccak256(reason) == keccak256(expected), "reverted with another error");
    }
}
