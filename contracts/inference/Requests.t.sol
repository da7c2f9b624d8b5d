// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Answer, Request} from "../interfaces/IInferenceCoordinator.sol";
import {Requests} from "./Requests.sol";

/// @dev The hashes are copies of calldata and memory; here is what the encoder makes of the same.
contract RequestsTest {
    using Requests for Request;

    function idOfCalldata(Request calldata request) public view returns (bytes32) {
        return request.id();
    }

    function commitmentOfCalldata(Request calldata request, bytes32 finalRoot) public pure returns (bytes32) {
        return request.commitment(finalRoot);
    }

    function resultHashOfCalldata(
        Request calldata request,
        bytes32 requestId,
        Answer calldata answer,
        bytes32 outputRoot
    ) public pure returns (bytes32) {
        return request.resultHash(requestId, answer, outputRoot);
    }

    function testFuzz_HashesIds(Request memory request) public view {
        bytes32 expected = keccak256(
            abi.encode(
                block.chainid,
                address(this),
                request.requester,
                request.nonce,
                request.modelId,
                request.inputRoot,
                request.policy,
                request.fee
            )
        );
        require(request.idOf() == expected, "memory");
        require(this.idOfCalldata(request) == expected, "calldata");
    }

    function testFuzz_HashesCommitments(Request memory request, bytes32 finalRoot) public view {
        bytes32 expected = keccak256(abi.encode(request.model, request.assignment, finalRoot));
        require(this.commitmentOfCalldata(request, finalRoot) == expected, "calldata");
        bytes32 open = keccak256(abi.encode(request.model, request.assignment, bytes32(0)));
        require(request.openCommitment() == open, "memory");
    }

    function testFuzz_HashesResults(
        Request memory request,
        bytes32 requestId,
        Answer memory answer,
        bytes32 outputRoot
    ) public view {
        bytes32 expected = keccak256(
            abi.encode(
                Requests.RESULT_TYPEHASH,
                request.modelId,
                requestId,
                request.inputRoot,
                outputRoot,
                answer.traceRoot,
                answer.operator,
                answer.issuedAt
            )
        );
        require(this.resultHashOfCalldata(request, requestId, answer, outputRoot) == expected, "calldata");
    }
}
