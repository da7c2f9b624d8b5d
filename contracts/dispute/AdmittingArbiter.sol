// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionRef, IArbiter} from "../interfaces/IArbiter.sol";

/// @title AdmittingArbiter
/// @notice Admits kernel programs and judges none: models of semantics 1 can be registered, asked and answered before
/// there is a dispute game, and are not protected by one.
/// @dev For chains without value at stake. Operators answer canonically by their own checks; no answer can be rejected.
contract AdmittingArbiter is IArbiter {
    uint8 private constant KERNEL_PROGRAM = 1;

    /// @notice There is no dispute in this deployment.
    error NotDisputable();

    /// @inheritdoc IArbiter
    function judges(uint8 semantics) external pure returns (bool) {
        return semantics == KERNEL_PROGRAM;
    }

    /// @inheritdoc IArbiter
    function contest(AssertionRef calldata, AssertionRef calldata, bytes calldata) external payable {
        revert NotDisputable();
    }
}
