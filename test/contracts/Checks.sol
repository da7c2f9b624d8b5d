// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev What the Solidity tests have in common. Calls that must revert go through external functions of the test.
abstract contract Checks {
    function requireRevert(bytes memory call, bytes memory expected) internal view {
        (bool success, bytes memory reason) = address(this).staticcall(call);
        require(!success, "did not revert");
        require(keccak256(reason) == keccak256(expected), "reverted with another error");
    }

    /// @dev `word` has `value` in `bits` bits from bit `low`.
    function requireField(uint256 word, uint256 low, uint256 bits, uint256 value, string memory name) internal pure {
        require((word >> low) & ones(bits) == value, name);
    }

    /// @dev `word` is `before` with `value` in `bits` bits from bit `low`, and no other bit changed.
    function requireChanged(
        uint256 before,
        uint256 word,
        uint256 low,
        uint256 bits,
        uint256 value,
        string memory name
    ) internal pure {
        require(word == (before & ~(ones(bits) << low)) | (value << low), name);
    }

    function ones(uint256 bits) internal pure returns (uint256) {
        return bits == 256 ? type(uint256).max : (uint256(1) << bits) - 1;
    }
}
