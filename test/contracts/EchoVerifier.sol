// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev In the place of a P-256 verifier: takes a signature whose `r` is the digest. The real one has its test in
/// contracts/lib/Signatures.t.sol.
contract EchoVerifier {
    fallback(bytes calldata input) external returns (bytes memory) {
        (bytes32 digest, bytes32 r) = abi.decode(input, (bytes32, bytes32));
        return abi.encode(digest == r ? 1 : 0);
    }
}
