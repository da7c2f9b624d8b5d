// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ChunkTree} from "../lib/ChunkTree.sol";
import {Dtype} from "../lib/Dtype.sol";
import {Inputs, InputsLib} from "./Inputs.sol";
import {ModelSignature, ModelSignatureLib} from "./ModelSignature.sol";
import {Outputs, OutputsLib} from "./Outputs.sol";
import {Tensors} from "./Tensors.sol";
import {TensorTypeLib} from "./TensorType.sol";

contract ModelSignatureTest {
    function model() private pure returns (ModelSignature memory signature) {
        signature.input("age", Dtype.I64, 1).input("income", Dtype.F32, 3).input("owner", Dtype.Bool, 1);
        signature.output("scores", Dtype.F64, 10).output("embedding", Dtype.U8, 300).output("label", Dtype.I64, 1);
    }

    /// @dev All but `income`.
    function inputs() private pure returns (Inputs memory) {
        return model().inputs().integers("owner", 1, Dtype.Bool).integers("age", 42, Dtype.I64);
    }

    function outputs() private view returns (Outputs memory) {
        bytes[] memory tensors = new bytes[](3);
        tensors[0] = Tensors.f64(scores(), 1);
        tensors[1] = new bytes(300);
        tensors[1][299] = 0x07;
        tensors[2] = Tensors.integers(-3, Dtype.I64);
        return model().outputs(this.join(tensors));
    }

    function income() private pure returns (int256[] memory values) {
        values = new int256[](3);
        (values[0], values[1], values[2]) = (100_00, 250_50, -100);
    }

    function scores() private pure returns (int256[] memory values) {
        values = new int256[](10);
        for (uint256 i = 0; i < 10; ++i) values[i] = int256(i) - 5;
    }

    function join(bytes[] calldata tensors) external pure returns (bytes memory) {
        return ChunkTree.join(tensors, ChunkTree.flatLength(tensors));
    }

    function test_PutsInputsInTheModelsOrder() public pure {
        bytes[] memory tensors = inputs().f32("income", income(), 2).tensors();
        require(tensors.length == 3, "one per input");
        requireEqual(tensors[0], Tensors.integers(42, Dtype.I64));
        requireEqual(tensors[1], Tensors.f32(income(), 2));
        requireEqual(tensors[2], hex"01");
    }

    function test_PacksEveryKindOfInput() public pure {
        ModelSignature memory signature;
        signature.input("a", Dtype.F32, 1).input("b", Dtype.F64, 1).input("c", Dtype.F64, 3).input("d", Dtype.I16, 3);
        bytes[] memory tensors = signature
            .inputs()
            .f32("a", -25, 1)
            .f64("b", -25, 1)
            .f64("c", income(), 2)
            .integers("d", income(), Dtype.I16)
            .tensors();
        requireEqual(tensors[0], Tensors.f32(-25, 1));
        requireEqual(tensors[1], Tensors.f64(-25, 1));
        requireEqual(tensors[2], Tensors.f64(income(), 2));
        requireEqual(tensors[3], Tensors.integers(income(), Dtype.I16));
    }

    function test_ReadsOutputsByName() public view {
        for (uint256 i = 0; i < 10; ++i) require(outputs().toFixed("scores", i, 1) == scores()[i], "scores");
        require(outputs().toInteger("embedding", 298) == 0, "embedding");
        require(outputs().toInteger("embedding", 299) == 7, "embedding's last element");
        require(outputs().toInteger("label", 0) == -3, "label");
        require(outputs().toFixed("label", 0, 2) == -300, "an integer as fixed-point");
        requireEqual(outputs().tensor("scores"), Tensors.f64(scores(), 1));
        requireEqual(outputs().tensor("label"), Tensors.integers(-3, Dtype.I64));
    }

    function test_ReadsASingleOutputFromItsOwnBytes() public pure {
        ModelSignature memory signature;
        signature.output("volatility", Dtype.F32, 1);
        require(signature.outputs(hex"0000003f").toFixed("volatility", 0, 18) == 0.5e18, "a half");
    }

    /// Every tensor is found where `ChunkTree.join` puts it, whatever the lengths.
    function testFuzz_FindsWhatWasJoined(uint16[4] memory elements, uint256 content) public view {
        Dtype[4] memory dtypes = [Dtype.U8, Dtype.F64, Dtype.I16, Dtype.F32];
        string[4] memory names = ["a", "b", "c", "d"];
        ModelSignature memory signature;
        bytes[] memory tensors = new bytes[](4);
        for (uint256 i = 0; i < 4; ++i) {
            uint256 count = 1 + (elements[i] % 400);
            signature.output(names[i], dtypes[i], count);
            tensors[i] = new bytes(count * dtypes[i].size());
            for (uint256 j = 0; j < tensors[i].length; ++j)
                tensors[i][j] = keccak256(abi.encode(content, i, j / 32))[j % 32];
        }
        Outputs memory read = signature.outputs(this.join(tensors));
        for (uint256 i = 0; i < 4; ++i) requireEqual(read.tensor(names[i]), tensors[i]);
    }

    // --- Errors ---

    function setUnknown() external pure {
        inputs().integers("aeg", 42, Dtype.I64);
    }

    function setTwice() external pure {
        inputs().integers("age", 43, Dtype.I64);
    }

    function setAnotherDtype() external pure {
        inputs().f64("income", income(), 2);
    }

    function setAnotherLength() external pure {
        inputs().f32("income", 100_00, 2);
    }

    function setNotAll() external pure {
        inputs().tensors();
    }

    function readUnknown() external view {
        outputs().toInteger("lable", 0);
    }

    function readPastTheTensor() external view {
        outputs().toInteger("embedding", 300);
    }

    function readFloatAsInteger() external view {
        outputs().toInteger("scores", 0);
    }

    function readShort() external pure {
        model().outputs(new bytes(256 + 512 + 7));
    }

    function readLong() external pure {
        model().outputs(new bytes(256 + 512 + 9));
    }

    function test_RefusesWrongInputs() public view {
        requireRevert(this.setUnknown, abi.encodeWithSelector(TensorTypeLib.UnknownTensor.selector, "aeg"));
        requireRevert(this.setTwice, abi.encodeWithSelector(InputsLib.TensorSetTwice.selector, "age"));
        requireRevert(this.setNotAll, abi.encodeWithSelector(InputsLib.TensorNotSet.selector, "income"));
        requireRevert(
            this.setAnotherDtype,
            abi.encodeWithSelector(InputsLib.DtypeMismatch.selector, "income", Dtype.F32, Dtype.F64)
        );
        requireRevert(
            this.setAnotherLength,
            abi.encodeWithSelector(InputsLib.TensorLengthMismatch.selector, "income", 12, 4)
        );
    }

    function test_RefusesWrongReads() public view {
        requireRevert(this.readUnknown, abi.encodeWithSelector(TensorTypeLib.UnknownTensor.selector, "lable"));
        requireRevert(
            this.readPastTheTensor,
            abi.encodeWithSelector(OutputsLib.ElementOutOfBounds.selector, "embedding", 300, 300)
        );
        requireRevert(this.readFloatAsInteger, abi.encodeWithSelector(Tensors.NotInteger.selector, Dtype.F64));
        requireRevert(
            this.readShort,
            abi.encodeWithSelector(ModelSignatureLib.OutputLengthMismatch.selector, 776, 775)
        );
        requireRevert(this.readLong, abi.encodeWithSelector(ModelSignatureLib.OutputLengthMismatch.selector, 776, 777));
    }

    function requireEqual(bytes memory actual, bytes memory expected) private pure {
        require(keccak256(actual) == keccak256(expected), "other bytes");
    }

    function requireRevert(function() external view call, bytes memory expected) private view {
        try call() {
            revert("did not revert");
        } catch (bytes memory reason) {
            require(keccak256(reason) == keccak256(expected), "reverted with another error");
        }
    }
}
