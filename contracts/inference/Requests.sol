// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Answer, Request} from "../interfaces/IInferenceCoordinator.sol";

/// @title Requests
/// @notice Hashes of requests and answers.
/// @dev The structs consist of single words in the order in which they are hashed, so a copy replaces the encoder.
/// Bits beyond a field's width change the hash: no stored request matches them.
library Requests {
    /// @notice `keccak256("Result(bytes32 modelId,...,uint64 issuedAt)")`, the struct's EIP-712 type.
    bytes32 internal constant RESULT_TYPEHASH = keccak256(
        "Result(bytes32 modelId,bytes32 requestId,bytes32 inputRoot,bytes32 outputRoot,bytes32 traceRoot,"
        "address operator,uint64 issuedAt)"
    );

    /// @notice `keccak256(abi.encode(chainid, address(this), requester, nonce, modelId, inputRoot, policy, fee))`.
    function id(Request calldata request) internal view returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, chainid())
            mstore(add(preimage, 0x20), address())
            calldatacopy(add(preimage, 0x40), request, 0xc0)
            result := keccak256(preimage, 0x100)
        }
    }

    /// @notice The same for a request in memory.
    function idOf(Request memory request) internal view returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, chainid())
            mstore(add(preimage, 0x20), address())
            mcopy(add(preimage, 0x40), request, 0xc0)
            result := keccak256(preimage, 0x100)
        }
    }

    /// @notice `keccak256(abi.encode(model, assignment, finalRoot))`.
    /// @param finalRoot the output's root once the request is final, before that 0
    function commitment(Request calldata request, bytes32 finalRoot) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            calldatacopy(preimage, add(request, 0xc0), 0x40)
            mstore(add(preimage, 0x40), finalRoot)
            result := keccak256(preimage, 0x60)
        }
    }

    /// @notice `commitment(request, 0)` for a request in memory.
    function openCommitment(Request memory request) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mcopy(preimage, add(request, 0xc0), 0x40)
            mstore(add(preimage, 0x40), 0)
            result := keccak256(preimage, 0x60)
        }
    }

    /// @notice EIP-712 struct hash of the Result that `answer` and `outputRoot` complete.
    function resultHash(
        Request calldata request,
        bytes32 requestId,
        Answer calldata answer,
        bytes32 outputRoot
    ) internal pure returns (bytes32 result) {
        bytes32 typehash = RESULT_TYPEHASH;
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, typehash)
            calldatacopy(add(preimage, 0x20), add(request, 0x40), 0x20) // modelId
            mstore(add(preimage, 0x40), requestId)
            calldatacopy(add(preimage, 0x60), add(request, 0x60), 0x20) // inputRoot
            mstore(add(preimage, 0x80), outputRoot)
            calldatacopy(add(preimage, 0xa0), add(answer, 0x40), 0x20) // traceRoot
            calldatacopy(add(preimage, 0xc0), answer, 0x40) // operator, issuedAt
            result := keccak256(preimage, 0x100)
        }
    }
}
