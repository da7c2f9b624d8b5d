// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IPayouts
/// @notice What the contract owes, by account. Payouts are pulled: nobody's receiver can block a transition.
interface IPayouts {
    /// @notice `amount` wei that `account` was owed were sent to `to`.
    event Withdrawn(address indexed account, address to, uint256 amount);

    error NothingToWithdraw(address account);
    error TransferFailed(address to, uint256 amount);
    error ZeroRecipient();

    /// @notice Sends what the caller is owed to `to`.
    function withdraw(address to) external returns (uint256 amount);

    /// @notice Sends what `account` is owed to `account`. Anyone may call it.
    function withdrawFor(address account) external returns (uint256 amount);

    /// @notice Wei owed to `account`: refunds, royalties, awards and, for an operator, earnings.
    function owedTo(address account) external view returns (uint256);
}
