// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A token that anyone mints, and that misbehaves as told.
contract TestToken is ERC20 {
    enum Mode {
        Honest,
        Revert,
        ReturnFalse,
        TakeFee,
        Reenter
    }

    uint8 private immutable _decimals;

    Mode public mode;
    address private target;
    bytes private reentry;
    bool public reentered;
    bytes public reentryResult;

    error Refused();

    constructor(string memory symbol, uint8 decimals_) ERC20(symbol, symbol) {
        _decimals = decimals_;
    }

    function behave(Mode mode_) external {
        mode = mode_;
    }

    function reenterWith(address target_, bytes calldata call_) external {
        (mode, target, reentry) = (Mode.Reenter, target_, call_);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _misbehave() && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (!_misbehave() || !super.transferFrom(from, to, amount)) return false;
        if (mode == Mode.TakeFee) _burn(to, amount / 100);
        return true;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @return whether the transfer goes on
    function _misbehave() private returns (bool) {
        if (mode == Mode.Revert) revert Refused();
        if (mode == Mode.Reenter) (reentered, reentryResult) = target.call(reentry);
        return mode != Mode.ReturnFalse;
    }
}
