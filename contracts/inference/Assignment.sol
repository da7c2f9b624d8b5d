// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Who was drawn to answer a request, fixed when it is made: one word.
///
/// | bits    | field       | unit                                                     |
/// | ------- | ----------- | -------------------------------------------------------- |
/// | 0-159   | operator    | address; zero: unassigned, anyone may answer at once     |
/// | 160-199 | requestedAt | block timestamp of the request                           |
/// | 200-215 | latency     | seconds that the operator answers exclusively            |
/// | 216-231 | penaltyBps  | 1/10,000 of the fee burned from its stake if it does not |
type Assignment is uint256;

using AssignmentLib for Assignment global;

library AssignmentLib {
    function pack(
        address operator_,
        uint256 requestedAt_,
        uint256 latency_,
        uint256 penaltyBps_
    ) internal pure returns (Assignment) {
        return
            Assignment.wrap(
                uint256(uint160(operator_)) | (requestedAt_ << 160) | (latency_ << 200) | (penaltyBps_ << 216)
            );
    }

    function operator(Assignment assignment) internal pure returns (address) {
        return address(uint160(Assignment.unwrap(assignment)));
    }

    function requestedAt(Assignment assignment) internal pure returns (uint256) {
        return uint40(Assignment.unwrap(assignment) >> 160);
    }

    /// @notice The last timestamp at which the assigned operator answers exclusively.
    function exclusiveUntil(Assignment assignment) internal pure returns (uint256) {
        return requestedAt(assignment) + uint16(Assignment.unwrap(assignment) >> 200);
    }

    function penaltyBps(Assignment assignment) internal pure returns (uint256) {
        return uint16(Assignment.unwrap(assignment) >> 216);
    }
}
