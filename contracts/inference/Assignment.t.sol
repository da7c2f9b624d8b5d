// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {Assignment, AssignmentLib} from "./Assignment.sol";

contract AssignmentTest is Checks {
    function test_HasItsFieldsAtTheirExtremes() public pure {
        requireFields(address(0), 0, 0, 0);
        requireFields(address(type(uint160).max), type(uint40).max, type(uint16).max, type(uint16).max);
    }

    function testFuzz_HasItsFields(address operator, uint40 requestedAt, uint16 latency, uint16 penalty) public pure {
        requireFields(operator, requestedAt, latency, penalty);
        requireFields(operator, 0, 0, 0);
        requireFields(address(0), requestedAt, 0, 0);
        requireFields(address(0), 0, latency, 0);
        requireFields(address(0), 0, 0, penalty);
    }

    function requireFields(address operator, uint40 requestedAt, uint16 latency, uint16 penaltyBps) private pure {
        Assignment assignment = AssignmentLib.pack(operator, requestedAt, latency, penaltyBps);
        uint256 word = Assignment.unwrap(assignment);
        requireField(word, 0, 160, uint160(operator), "operator");
        requireField(word, 160, 40, requestedAt, "requestedAt");
        requireField(word, 200, 16, latency, "latency");
        requireField(word, 216, 16, penaltyBps, "penaltyBps");
        requireField(word, 232, 24, 0, "unused");
        require(assignment.operator() == operator, "operator()");
        require(assignment.requestedAt() == requestedAt, "requestedAt()");
        require(assignment.exclusiveUntil() == uint256(requestedAt) + latency, "exclusiveUntil()");
        require(assignment.penaltyBps() == penaltyBps, "penaltyBps()");
    }
}
