// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Signatures} from "./Signatures.sol";

/// @dev The test runner's.
interface ISigner {
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    function addr(uint256 privateKey) external pure returns (address);
}

contract SignaturesTest is Checks {
    ISigner private constant SIGNER = ISigner(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    uint256 private constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @dev EIP-7951.
    address private constant P256_PRECOMPILE = address(0x100);
    uint256 private constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    /// @dev Made with Node's crypto: ECDSA with SHA-256 over the message "assay".
    bytes32 private constant DIGEST = 0x9b2153df65c7cba8a514938e2d3254a32cc0e75f6d032572e45f2b6bb124c970;
    bytes32 private constant R = 0x6f74b03abddd45fa05c43b09e15f1c94dc2ad6c947dae5ca9a32f352c306845c;
    bytes32 private constant S = 0x676ab23c8f62a74980b14f79bec4896a4f8e4523153bbae6860f4bccc039c41f;
    bytes32 private constant X = 0x67806c41fd4edbba2472972d1c2c57b155d037d65258749ee2a39a600bd7c712;
    bytes32 private constant Y = 0x34f1399dd1d16908ba3bfd519e8fc95baae4a265af6f5ba9c276ba3571451a80;

    function recover(bytes32 digest, bytes calldata signature, address verifier) public view returns (address) {
        return Signatures.recover(digest, signature, verifier);
    }

    function testFuzz_RecoversSecp256k1(uint256 privateKey, bytes32 digest) public view {
        privateKey = (privateKey % (SECP256K1_ORDER - 1)) + 1;
        (uint8 v, bytes32 r, bytes32 s) = SIGNER.sign(privateKey, digest);
        address key = this.recover(digest, abi.encodePacked(r, s, v), address(0));
        require(key == SIGNER.addr(privateKey), "the signer");
        require(this.recover(digest, abi.encodePacked(r, s, v), P256_PRECOMPILE) == key, "with a verifier too");
        address other = this.recover(digest, abi.encodePacked(r, s, v == 27 ? 28 : 27), address(0));
        require(other != key, "the other parity is another key");
    }

    function test_RefusesOtherFormsOfSecp256k1() public view {
        (uint8 v, bytes32 r, bytes32 s) = SIGNER.sign(1, DIGEST);
        bytes32 highS = bytes32(SECP256K1_ORDER - uint256(s));
        requireInvalid(abi.encodePacked(r, highS, v == 27 ? uint8(28) : uint8(27)), address(0));
        requireInvalid(abi.encodePacked(r, s, v - 27), address(0));
        requireInvalid(abi.encodePacked(r, s, uint8(29)), address(0));
        requireInvalid(abi.encodePacked(r, s, uint8(0xff)), address(0));
        requireInvalid(abi.encodePacked(r, bytes32(0), v), address(0));
        requireInvalid(abi.encodePacked(bytes32(0), s, v), address(0));
        requireInvalid(abi.encodePacked(SECP256K1_ORDER, s, v), address(0));
    }

    function test_RefusesOtherLengths() public view {
        (uint8 v, bytes32 r, bytes32 s) = SIGNER.sign(1, DIGEST);
        requireInvalid("", address(0));
        requireInvalid(abi.encodePacked(r, s), address(0)); // EIP-2098's compact form
        requireInvalid(abi.encodePacked(r, s, v, uint8(0)), address(0));
        requireInvalid(abi.encodePacked(R, S, X, Y, uint8(0)), P256_PRECOMPILE);
        requireInvalid(abi.encodePacked(R, S, X, Y), address(0)); // no verifier
    }

    function test_RecoversP256() public view {
        address expected = address(uint160(uint256(keccak256(abi.encodePacked(X, Y)))));
        require(this.recover(DIGEST, abi.encodePacked(R, S, X, Y), P256_PRECOMPILE) == expected, "the key's address");
        // ECDSA's other s: the same key, so that it makes no difference to us.
        bytes32 otherS = bytes32(P256_ORDER - uint256(S));
        require(this.recover(DIGEST, abi.encodePacked(R, otherS, X, Y), P256_PRECOMPILE) == expected, "the other s");
    }

    function testFuzz_RefusesOtherP256(uint8 bit, uint8 word) public view {
        bytes32[5] memory words = [DIGEST, R, S, X, Y];
        words[word % 5] ^= bytes32(uint256(1) << bit);
        bytes memory signature = abi.encodePacked(words[1], words[2], words[3], words[4]);
        bytes memory expected = abi.encodeWithSelector(Signatures.InvalidSignature.selector, 128);
        requireRevert(abi.encodeCall(this.recover, (words[0], signature, P256_PRECOMPILE)), expected);
    }

    function test_RefusesVerifiersThatDoNotAnswerOne() public {
        bytes memory signature = abi.encodePacked(R, S, X, Y);
        requireInvalid(signature, address(0xdead)); // no code: no answer
        requireInvalid(signature, address(new Answering("")));
        requireInvalid(signature, address(new Answering(abi.encode(0))));
        requireInvalid(signature, address(new Answering(abi.encode(2))));
        requireInvalid(signature, address(new Answering(hex"01")));
        requireInvalid(signature, address(new Answering(abi.encode(1, 1))));
        requireInvalid(signature, address(new Reverting()));
    }

    function test_AsksItsVerifierForAllOfIt() public {
        bytes memory asked = abi.encodePacked(DIGEST, R, S, X, Y);
        address verifier = address(new Expecting(keccak256(asked)));
        this.recover(DIGEST, abi.encodePacked(R, S, X, Y), verifier);
    }

    function requireInvalid(bytes memory signature, address verifier) private view {
        bytes memory expected = abi.encodeWithSelector(Signatures.InvalidSignature.selector, signature.length);
        requireRevert(abi.encodeCall(this.recover, (DIGEST, signature, verifier)), expected);
    }
}

contract Answering {
    bytes private answer;

    constructor(bytes memory answer_) {
        answer = answer_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return answer;
    }
}

contract Reverting {
    fallback(bytes calldata) external returns (bytes memory) {
        revert();
    }
}

contract Expecting {
    bytes32 private immutable expected;

    constructor(bytes32 expected_) {
        expected = expected_;
    }

    fallback(bytes calldata input) external returns (bytes memory) {
        return abi.encode(keccak256(input) == expected ? 1 : 0);
    }
}
