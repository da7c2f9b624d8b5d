// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Dtype} from "../lib/Dtype.sol";
import {Tensors} from "./Tensors.sol";
import {TensorType, TensorTypeLib} from "./TensorType.sol";

/// @notice A model's answer, to be read by name; `ModelSignature.outputs` makes one.
/// @param flat the output tensors in the model's order: each starts on a chunk of 256 bytes, the last one ends at its
/// own length
struct Outputs {
    TensorType[] types;
    bytes flat;
}

using OutputsLib for Outputs global;

/// @title OutputsLib
/// @notice Each reader does what the function of `Tensors` with its name does.
library OutputsLib {
    using TensorTypeLib for TensorType[];

    /// @notice The output has no element `index`.
    error ElementOutOfBounds(string name, uint256 index, uint256 elements);

    /// @notice `round(element * 10**decimals)` for element `index` of an output.
    function toFixed(
        Outputs memory self,
        string memory name,
        uint256 index,
        uint8 decimals
    ) internal pure returns (int256) {
        (Dtype dtype, uint256 flatIndex) = _locate(self, name, index);
        return Tensors.toFixed(self.flat, dtype, flatIndex, decimals);
    }

    /// @notice Element `index` of an output of integers.
    function toInteger(Outputs memory self, string memory name, uint256 index) internal pure returns (int256) {
        (Dtype dtype, uint256 flatIndex) = _locate(self, name, index);
        return Tensors.toInteger(self.flat, dtype, flatIndex);
    }

    /// @notice A copy of an output's packed elements.
    function tensor(Outputs memory self, string memory name) internal pure returns (bytes memory) {
        uint256 i = self.types.indexOf(name);
        uint256 start = self.types.startOf(i);
        return Bytes.slice(self.flat, start, start + self.types[i].size());
    }

    /// @dev The element's dtype, and its place among the flat output's elements if they all were of that dtype: a chunk
    /// holds a whole number of elements of any.
    function _locate(Outputs memory self, string memory name, uint256 index) private pure returns (Dtype, uint256) {
        uint256 i = self.types.indexOf(name);
        TensorType memory found = self.types[i];
        require(index < found.elements, ElementOutOfBounds(name, index, found.elements));
        return (found.dtype, self.types.startOf(i) / found.dtype.size() + index);
    }
}
