// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Model, ModelLib} from "./Model.sol";

contract ModelTest is Checks {
    struct Fields {
        address owner;
        uint256 royaltyBps;
        uint256 semantics;
        uint256 atolClass;
        uint256 rtolClass;
        uint256 inputCount;
        uint256 inputBytes;
        uint256 outputBytes;
        uint256 lengthsTag;
    }

    function test_HasItsFieldsAtTheirExtremes() public pure {
        requireFields(Fields(address(0), 0, 0, 0, 0, 0, 0, 0, 0));
        requireFields(Fields(address(type(uint160).max), 0x3fff, 15, 63, 63, 63, 65_536, 65_536, 0x1fff));
    }

    function testFuzz_HasItsFields(address owner, uint256 seed) public pure {
        Fields memory fields = Fields({
            owner: owner,
            royaltyBps: seed & 0x3fff,
            semantics: (seed >> 14) & 15,
            atolClass: (seed >> 18) & 63,
            rtolClass: (seed >> 24) & 63,
            inputCount: (seed >> 30) & 63,
            inputBytes: ((seed >> 36) & 0xffffffff) % 65_537,
            outputBytes: ((seed >> 68) & 0xffffffff) % 65_537,
            lengthsTag: (seed >> 100) & 0x1fff
        });
        requireFields(fields);
        // One field at a time at its maximum, so that none hides behind a neighbour.
        fields.inputBytes = 65_536;
        requireFields(fields);
        fields.lengthsTag = 0x1fff;
        requireFields(fields);
    }

    function testFuzz_MarksWhatNoTransactionCarries(uint64 excess) public pure {
        uint256 tooLong = 65_537 + uint256(excess);
        Model model = ModelLib.pack(address(1), 0, 0, 0, 0, 0, tooLong, 0, 0);
        require(model.inputBytes() == ModelLib.TOO_LARGE && model.outputBytes() == 0, "input");
        model = ModelLib.pack(address(1), 0, 0, 0, 0, 0, 0, tooLong, 0);
        require(model.outputBytes() == ModelLib.TOO_LARGE && model.inputBytes() == 0, "output");
    }

    function testFuzz_ChangesOneField(uint256 word, uint16 bps) public pure {
        Model model = Model.wrap(word);
        bps &= 0x3fff;
        requireChanged(word, Model.unwrap(model.deprecate()), 174, 1, 1, "deprecate");
        require(model.deprecate().isDeprecated(), "isDeprecated()");
        requireChanged(word, Model.unwrap(model.withRoyaltyBps(bps)), 160, 14, bps, "withRoyaltyBps");
        require(model.withRoyaltyBps(bps).royaltyBps() == bps, "royaltyBps()");
        uint256 count = model.offerCount();
        if (count < ModelLib.MAX_OFFERS) {
            requireChanged(word, Model.unwrap(model.addOffer()), 231, 12, count + 1, "addOffer");
        }
        if (count > 0) requireChanged(word, Model.unwrap(model.removeOffer()), 231, 12, count - 1, "removeOffer");
    }

    function testFuzz_TagsLengthsInOrder(uint64 a, uint64 b) public pure {
        uint256[] memory lengths = new uint256[](2);
        (lengths[0], lengths[1]) = (a, b);
        uint256 tag = ModelLib.tagOf(lengths);
        require(tag == uint256(keccak256(abi.encode(uint256(a), uint256(b)))) >> 243, "top 13 bits");
    }

    function requireFields(Fields memory fields) private pure {
        Model model = ModelLib.pack(
            fields.owner,
            fields.royaltyBps,
            fields.semantics,
            fields.atolClass,
            fields.rtolClass,
            fields.inputCount,
            fields.inputBytes,
            fields.outputBytes,
            fields.lengthsTag
        );
        uint256 word = Model.unwrap(model);
        requireField(word, 0, 160, uint160(fields.owner), "owner");
        requireField(word, 160, 14, fields.royaltyBps, "royaltyBps");
        requireField(word, 174, 1, 0, "deprecated");
        requireField(word, 175, 4, fields.semantics, "semantics");
        requireField(word, 179, 6, fields.atolClass, "atolClass");
        requireField(word, 185, 6, fields.rtolClass, "rtolClass");
        requireField(word, 191, 6, fields.inputCount, "inputCount");
        requireField(word, 197, 17, fields.inputBytes, "inputBytes");
        requireField(word, 214, 17, fields.outputBytes, "outputBytes");
        requireField(word, 231, 12, 0, "offerCount");
        requireField(word, 243, 13, fields.lengthsTag, "lengthsTag");
        requireGetters(model, fields);
    }

    function requireGetters(Model model, Fields memory fields) private pure {
        require(model.owner() == fields.owner && model.exists() == (fields.owner != address(0)), "owner()");
        require(model.royaltyBps() == fields.royaltyBps, "royaltyBps()");
        require(!model.isDeprecated(), "isDeprecated()");
        require(model.semantics() == fields.semantics, "semantics()");
        require(model.isDisputable() == (fields.semantics != 0), "isDisputable()");
        require(model.atolClass() == fields.atolClass && model.rtolClass() == fields.rtolClass, "tolerance");
        require(model.isExact() == (fields.atolClass == 0 && fields.rtolClass == 0), "isExact()");
        require(model.inputCount() == fields.inputCount, "inputCount()");
        require(model.inputBytes() == fields.inputBytes, "inputBytes()");
        require(model.outputBytes() == fields.outputBytes, "outputBytes()");
        require(model.offerCount() == 0, "offerCount()");
        require(model.lengthsTag() == fields.lengthsTag, "lengthsTag()");
    }
}
