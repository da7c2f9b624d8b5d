// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {FaucetToken} from "../../contracts/examples/FaucetToken.sol";

/// @dev A token that misbehaves as told.
contract TestToken is FaucetToken {
    enum Mode {
        Honest,
        Revert,
        ReturnFalse,
        TakeFee,
        Reenter
    }

    Mode public mode;
    address private target;
    bytes private reentry;
    bool public reentered;
    bytes public reentryResult;

    error Refused();

    constructor(string memory symbol, uint8 decimals_) FaucetToken(symbol, decimals_) {}

    function behave(Mode mode_) external {
        mode = mode_;
    }

    function reenterWith(address target_, bytes calldata call_) external {
        (mode, target, reentry) = (Mode.Reenter, target_, call_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _misbehave() && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (!_misbehave() || !super.transferFrom(from, to, amount)) return false;
        if (mode == Mode.TakeFee) _burn(to, amount / 100);
        return true;
    }

    /// @return whether the transfer goes on
    function _misbehave() private returns (bool) {
        if (mode == Mode.Revert) revert Refused();
        if (mode == Mode.Reenter) (reentered, reentryResult) = target.call(reentry);
        return mode != Mode.ReturnFalse;
    }
}
