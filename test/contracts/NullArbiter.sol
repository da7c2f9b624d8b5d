// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {AssertionRef, IArbiter} from "../../contracts/interfaces/IArbiter.sol";

/// @title NullArbiter
/// @notice Judges nothing: a deployment with it takes only models of semantics 0, and no answer can be rejected.
contract NullArbiter is IArbiter {
    /// @notice There is no dispute in this deployment.
    error NotDisputable();

    /// @inheritdoc IArbiter
    function judges(uint8) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IArbiter
    function contest(AssertionRef calldata, AssertionRef calldata, bytes calldata) external payable {
        revert NotDisputable();
    }
}
