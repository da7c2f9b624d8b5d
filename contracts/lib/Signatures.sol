// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Signatures
/// @notice The key that signed a digest: secp256k1 (65 bytes `r ‖ s ‖ v`) or P-256 (128 bytes `r ‖ s ‖ x ‖ y`).
/// @dev Whatever code the key's address has: a signer must not be able to disown what it signed, so no ERC-1271.
library Signatures {
    /// @notice Neither 65 nor 128 bytes, or not a signature of this digest.
    error InvalidSignature(uint256 length);

    uint256 private constant P256_BYTES = 128;

    /// @param p256Verifier answers `(digest, r, s, x, y)` with the word 1 (EIP-7951's precompile or a contract of the
    /// same interface); zero: P-256 keys are not accepted
    /// @return key the secp256k1 address, or the last 20 bytes of `keccak256(x ‖ y)` for P-256
    function recover(
        bytes32 digest,
        bytes calldata signature,
        address p256Verifier
    ) internal view returns (address key) {
        if (signature.length == P256_BYTES && p256Verifier != address(0)) {
            (bool success, bytes memory answer) = p256Verifier.staticcall(abi.encodePacked(digest, signature));
            if (!success || answer.length != 32 || bytes32(answer) != bytes32(uint256(1))) {
                revert InvalidSignature(P256_BYTES);
            }
            return address(uint160(uint256(keccak256(signature[64:]))));
        }
        ECDSA.RecoverError failure;
        (key, failure, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure != ECDSA.RecoverError.NoError) revert InvalidSignature(signature.length);
    }
}
