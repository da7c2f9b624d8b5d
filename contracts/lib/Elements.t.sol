// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype} from "./Dtype.sol";
import {Elements} from "./Elements.sol";
import {Float64} from "./Float64.sol";
import {fromBits} from "./Float64Conversion.sol";

/// @dev Vectors. The differential test is test/parity/elements.test.ts.
contract ElementsTest {
    function test_Loads() public pure {
        requireLoaded(Dtype.I8, hex"80", -128);
        requireLoaded(Dtype.U8, hex"80", 128);
        requireLoaded(Dtype.Bool, hex"02", 2);
        requireLoaded(Dtype.I16, hex"00ff", -256);
        requireLoaded(Dtype.U16, hex"01ff", 0xff01);
        requireLoaded(Dtype.I32, hex"01020384", -0x7bfcfdff);
        requireLoaded(Dtype.U32, hex"01020384", 0x84030201);
        requireLoaded(Dtype.U32, hex"ffffffff", 0xffffffff);
        requireLoaded(Dtype.I64, hex"0102030405060788", -0x77f8f9fafbfcfdff);
        requireLoaded(Dtype.I64, hex"ffffffffffffffff", -1);
        requireLoaded(Dtype.F32, hex"cdcccc3d", word(0x3fb99999a0000000));
        requireLoaded(Dtype.F32, hex"01000080", word(0xb6a0000000000000));
        requireLoaded(Dtype.F32, hex"00000000", 0);
        requireLoaded(Dtype.F32, hex"00000080", word(0x8000000000000000));
        requireLoaded(Dtype.F32, hex"000080ff", word(0xfff0000000000000));
        requireLoaded(Dtype.F32, hex"010080ff", word(0x7ff8000000000000));
        requireLoaded(Dtype.F64, hex"182d4454fb210940", word(0x400921fb54442d18));
    }

    function test_Stores() public pure {
        requireStored(Dtype.I8, 0x1234, hex"34");
        requireStored(Dtype.U16, -2, hex"feff");
        requireStored(Dtype.I32, 0x0102030405060708, hex"08070605");
        requireStored(Dtype.I64, -0x77f8f9fafbfcfdff, hex"0102030405060788");
        requireStored(Dtype.Bool, 256, hex"01");
        requireStored(Dtype.Bool, 0, hex"00");
        requireStored(Dtype.F32, word(0x3fb999999999999a), hex"cdcccc3d");
        requireStored(Dtype.F64, word(0xfff0000000000001), hex"000000000000f87f");
    }

    function requireLoaded(Dtype dtype, bytes memory element, int256 value) private pure {
        // What surrounds the element does not matter.
        bytes memory data = abi.encodePacked(bytes2(0xa5a5), element, bytes32(type(uint256).max));
        require(int256(Elements.loader(dtype)(pointerTo(data) + 2)) == value, "loaded");
    }

    function requireStored(Dtype dtype, int256 value, bytes memory element) private pure {
        bytes memory data = abi.encodePacked(bytes2(0xa5a5), new bytes(element.length), bytes32(type(uint256).max));
        Elements.store(dtype, pointerTo(data) + 2, uint256(value));
        bytes memory expected = abi.encodePacked(bytes2(0xa5a5), element, bytes32(type(uint256).max));
        require(keccak256(data) == keccak256(expected), "the element, and nothing else");
    }

    function pointerTo(bytes memory data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(data, 32)
        }
    }

    function word(uint64 bits) private pure returns (int256) {
        return int256(Float64.unwrap(fromBits(bits)));
    }
}
