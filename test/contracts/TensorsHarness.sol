// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Tensors} from "../../contracts/consumer/Tensors.sol";
import {Dtype} from "../../contracts/lib/Dtype.sol";
import {FixedPoint} from "../../contracts/lib/FixedPoint.sol";

/// @dev Shows the internal functions of `FixedPoint` and `Tensors` to the differential tests, many operands at a time.
contract TensorsHarness {
    /// @notice Calls this contract with each of `calls` and returns what they reverted with.
    function reasons(bytes[] calldata calls) external view returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            bool success;
            (success, results[i]) = address(this).staticcall(calls[i]);
            if (success) results[i] = "";
        }
    }

    function toF32(int256[] calldata values, uint8[] calldata decimals) external pure returns (uint256[] memory bits) {
        bits = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            bits[i] = FixedPoint.toF32(values[i], decimals[i], FixedPoint.powerOfFive(decimals[i]));
        }
    }

    function toF64(int256[] calldata values, uint8[] calldata decimals) external pure returns (uint256[] memory bits) {
        bits = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            bits[i] = FixedPoint.toF64(values[i], decimals[i], FixedPoint.powerOfFive(decimals[i]));
        }
    }

    function fromF32(uint32[] calldata bits, uint8[] calldata decimals) external pure returns (int256[] memory values) {
        values = new int256[](bits.length);
        for (uint256 i = 0; i < bits.length; ++i) values[i] = FixedPoint.fromF32(bits[i], decimals[i]);
    }

    function fromF64(uint64[] calldata bits, uint8[] calldata decimals) external pure returns (int256[] memory values) {
        values = new int256[](bits.length);
        for (uint256 i = 0; i < bits.length; ++i) values[i] = FixedPoint.fromF64(bits[i], decimals[i]);
    }

    function f32(int256[] calldata values, uint8 decimals) external pure returns (bytes memory) {
        return Tensors.f32(values, decimals);
    }

    function f64(int256[] calldata values, uint8 decimals) external pure returns (bytes memory) {
        return Tensors.f64(values, decimals);
    }

    function integers(int256[] calldata values, Dtype dtype) external pure returns (bytes memory) {
        return Tensors.integers(values, dtype);
    }

    function toFixed(
        bytes calldata tensor,
        Dtype dtype,
        uint256 count,
        uint8 decimals
    ) external pure returns (int256[] memory values) {
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) values[i] = Tensors.toFixed(tensor, dtype, i, decimals);
    }

    function toInteger(
        bytes calldata tensor,
        Dtype dtype,
        uint256 count
    ) external pure returns (int256[] memory values) {
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) values[i] = Tensors.toInteger(tensor, dtype, i);
    }
}
