// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayouts} from "../interfaces/IPayouts.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Payouts
abstract contract Payouts is IPayouts, ReentrancyGuardTransient {
    mapping(address account => uint256 amount) private _balances;

    /// @inheritdoc IPayouts
    function withdraw(address to) external nonReentrant returns (uint256 amount) {
        return _withdraw(msg.sender, to);
    }

    /// @inheritdoc IPayouts
    function withdrawFor(address account) external nonReentrant returns (uint256 amount) {
        return _withdraw(account, account);
    }

    function _withdraw(address account, address to) private returns (uint256 amount) {
        amount = _takeOwed(account);
        if (amount == 0) revert NothingToWithdraw(account);
        emit Withdrawn(account, to, amount);
        _send(to, amount);
    }

    function _credit(address account, uint256 amount) internal {
        if (amount != 0) _balances[account] += amount;
    }

    /// @dev Clears and returns what `account` is owed.
    function _takeOwed(address account) internal virtual returns (uint256 amount) {
        amount = _balances[account];
        if (amount != 0) _balances[account] = 0;
    }

    /// @inheritdoc IPayouts
    function owedTo(address account) public view virtual returns (uint256) {
        return _balances[account];
    }

    function _send(address to, uint256 amount) internal {
        if (to == address(0)) revert ZeroRecipient();
        bool success;
        assembly ("memory-safe") {
            success := call(gas(), to, amount, 0, 0, 0, 0) // returned data is not copied
        }
        if (!success) revert TransferFailed(to, amount);
    }
}
