// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Dtype} from "../lib/Dtype.sol";
import {Inputs} from "./Inputs.sol";
import {Outputs} from "./Outputs.sol";
import {TensorType, TensorTypeLib} from "./TensorType.sol";

/// @notice The tensors that a model takes and returns, in the model's order. Declared once, it packs requests and reads
/// answers by name:
///
///     function model() private pure returns (ModelSignature memory signature) {
///         signature.input("age", Dtype.I64, 1).input("income", Dtype.F32, 12).output("score", Dtype.F32, 1);
///     }
///
///     bytes[] memory tensors = model().inputs().f32("income", monthly, 2).integers("age", age, Dtype.I64).tensors();
///     int256 score = model().outputs(output).toFixed("score", 0, 18);
struct ModelSignature {
    TensorType[] inputTypes;
    TensorType[] outputTypes;
}

using ModelSignatureLib for ModelSignature global;

/// @title ModelSignatureLib
library ModelSignatureLib {
    using TensorTypeLib for TensorType[];

    /// @notice The model's outputs take `expected` bytes.
    error OutputLengthMismatch(uint256 expected, uint256 given);

    /// @notice Declares the next input. Returns `self`, so that calls chain.
    function input(
        ModelSignature memory self,
        string memory name,
        Dtype dtype,
        uint256 elements
    ) internal pure returns (ModelSignature memory) {
        self.inputTypes = self.inputTypes.append(TensorType(name, dtype, elements));
        return self;
    }

    /// @notice Declares the next output. Returns `self`, so that calls chain.
    function output(
        ModelSignature memory self,
        string memory name,
        Dtype dtype,
        uint256 elements
    ) internal pure returns (ModelSignature memory) {
        self.outputTypes = self.outputTypes.append(TensorType(name, dtype, elements));
        return self;
    }

    /// @notice The inputs of one request, none of them set.
    function inputs(ModelSignature memory self) internal pure returns (Inputs memory) {
        return Inputs(self.inputTypes, new bytes[](self.inputTypes.length));
    }

    /// @notice The outputs in `flat`, the bytes of an answer.
    function outputs(ModelSignature memory self, bytes memory flat) internal pure returns (Outputs memory) {
        uint256 expected = self.outputTypes.flatLength(self.outputTypes.length);
        require(flat.length == expected, OutputLengthMismatch(expected, flat.length));
        return Outputs(self.outputTypes, flat);
    }
}
