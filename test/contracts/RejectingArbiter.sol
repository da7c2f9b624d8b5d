// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {AssertionRef, IArbiter, IArbitrable, Payout} from "../../contracts/interfaces/IArbiter.sol";

/// @dev Does what anybody tells it to, so that tests reach every transition of the seam before there are disputes.
contract RejectingArbiter is IArbiter {
    uint8 private constant KERNEL_PROGRAM = 1;

    IArbitrable public coordinator;
    /// @dev Contests an assertion was a party of.
    mapping(bytes32 assertionId => uint256 count) public contests;

    event Contested(bytes32 indexed challengerId, bytes32 indexed rivalId, bytes data, uint256 value);

    error Unwilling();

    function serve(IArbitrable coordinator_) external {
        coordinator = coordinator_;
    }

    /// @dev Data that starts with 0xff is refused, like a dispute that cannot be opened.
    function contest(
        AssertionRef calldata challenger,
        AssertionRef calldata rival,
        bytes calldata data
    ) external payable {
        if (data.length > 0 && data[0] == 0xff) revert Unwilling();
        ++contests[challenger.assertionId];
        ++contests[rival.assertionId];
        emit Contested(challenger.assertionId, rival.assertionId, data, msg.value);
    }

    function hold(AssertionRef calldata assertion) external {
        coordinator.hold(assertion);
    }

    function release(AssertionRef calldata assertion) external {
        coordinator.release(assertion);
    }

    function reject(AssertionRef calldata assertion, address winner) external {
        coordinator.reject(assertion, winner);
    }

    function slash(address operator, uint256 amount, Payout[] calldata payouts) external {
        coordinator.slash(operator, amount, payouts);
    }

    /// @dev As a lost dispute does it: the bond that the rejection unlocks is what the slash takes.
    function punish(AssertionRef calldata assertion, address winner, Payout[] calldata payouts) external {
        uint256 bond = coordinator.reject(assertion, winner);
        coordinator.slash(assertion.operator, bond, payouts);
    }

    function judges(uint8 semantics) external pure returns (bool) {
        return semantics == KERNEL_PROGRAM;
    }
}
