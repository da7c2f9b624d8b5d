// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {Tensors} from "./Tensors.sol";
import {TensorType, TensorTypeLib} from "./TensorType.sol";

/// @notice A model's inputs being filled in by name, in any order; `ModelSignature.inputs` makes one.
/// @param packed the tensors' bytes in the model's order, empty where not yet set
struct Inputs {
    TensorType[] types;
    bytes[] packed;
}

using InputsLib for Inputs global;

/// @title InputsLib
/// @notice Each setter packs as the function of `Tensors` with its name does and returns `self`, so that calls chain.
library InputsLib {
    using TensorTypeLib for TensorType[];

    /// @notice This input was set before.
    error TensorSetTwice(string name);

    /// @notice This input was not set.
    error TensorNotSet(string name);

    /// @notice The model takes another element type for this input.
    error DtypeMismatch(string name, Dtype expected, Dtype given);

    /// @notice The model takes another number of bytes for this input.
    error TensorLengthMismatch(string name, uint256 expected, uint256 given);

    /// @notice Sets an F32 input to `values / 10**decimals`.
    function f32(
        Inputs memory self,
        string memory name,
        int256[] memory values,
        uint8 decimals
    ) internal pure returns (Inputs memory) {
        return self.set(name, Dtype.F32, Tensors.f32(values, decimals));
    }

    /// @notice Sets an F32 input of one element to `value / 10**decimals`.
    function f32(
        Inputs memory self,
        string memory name,
        int256 value,
        uint8 decimals
    ) internal pure returns (Inputs memory) {
        return self.set(name, Dtype.F32, Tensors.f32(value, decimals));
    }

    /// @notice Sets an F64 input to `values / 10**decimals`.
    function f64(
        Inputs memory self,
        string memory name,
        int256[] memory values,
        uint8 decimals
    ) internal pure returns (Inputs memory) {
        return self.set(name, Dtype.F64, Tensors.f64(values, decimals));
    }

    /// @notice Sets an F64 input of one element to `value / 10**decimals`.
    function f64(
        Inputs memory self,
        string memory name,
        int256 value,
        uint8 decimals
    ) internal pure returns (Inputs memory) {
        return self.set(name, Dtype.F64, Tensors.f64(value, decimals));
    }

    /// @notice Sets an input of the integer type `dtype`.
    function integers(
        Inputs memory self,
        string memory name,
        int256[] memory values,
        Dtype dtype
    ) internal pure returns (Inputs memory) {
        return self.set(name, dtype, Tensors.integers(values, dtype));
    }

    /// @notice Sets an input of one element of the integer type `dtype`.
    function integers(
        Inputs memory self,
        string memory name,
        int256 value,
        Dtype dtype
    ) internal pure returns (Inputs memory) {
        return self.set(name, dtype, Tensors.integers(value, dtype));
    }

    /// @notice Sets an input to `tensor`, packed elements of `dtype`.
    function set(
        Inputs memory self,
        string memory name,
        Dtype dtype,
        bytes memory tensor
    ) internal pure returns (Inputs memory) {
        uint256 i = self.types.indexOf(name);
        TensorType memory expected = self.types[i];
        require(self.packed[i].length == 0, TensorSetTwice(name));
        require(dtype == expected.dtype, DtypeMismatch(name, expected.dtype, dtype));
        require(tensor.length == expected.size(), TensorLengthMismatch(name, expected.size(), tensor.length));
        self.packed[i] = tensor;
        return self;
    }

    /// @notice The tensors in the model's order, as a request takes them. Reverts unless all are set.
    function tensors(Inputs memory self) internal pure returns (bytes[] memory) {
        for (uint256 i = 0; i < self.types.length; ++i) {
            require(self.packed[i].length != 0, TensorNotSet(self.types[i].name));
        }
        return self.packed;
    }
}
