// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InferenceCoordinator} from "../inference/InferenceCoordinator.sol";
import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {Result} from "../interfaces/IVerdict.sol";
import {Requests} from "../inference/Requests.sol";
import {Signatures} from "../lib/Signatures.sol";

/// @title Domain
/// @notice The coordinator that a game belongs to, and who signs what in its EIP-712 domain.
abstract contract Domain {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME_HASH = keccak256("Assay");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @notice Whose assertions the game judges.
    InferenceCoordinator public immutable coordinator;
    /// @notice Verifies P-256 signatures; zero: only secp256k1 keys.
    address public immutable p256Verifier;

    uint256 private immutable _chainId;
    bytes32 private immutable _separator;

    constructor(InferenceCoordinator coordinator_, address p256Verifier_) {
        if (address(coordinator_) == address(0)) revert IDisputeGame.ImpossibleDispute("coordinator");
        coordinator = coordinator_;
        p256Verifier = p256Verifier_;
        _chainId = block.chainid;
        _separator = _buildSeparator();
    }

    function _assertionIdOf(Result calldata result) internal view returns (bytes32) {
        bytes32 typehash = Requests.RESULT_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            // The struct consists of single words in the order in which they are hashed.
            let preimage := mload(0x40)
            mstore(preimage, typehash)
            calldatacopy(add(preimage, 0x20), result, 0xe0)
            structHash := keccak256(preimage, 0x100)
        }
        return _digest(structHash);
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        // After a fork of the chain its signatures are its own.
        bytes32 separator = block.chainid == _chainId ? _separator : _buildSeparator();
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    /// @dev Reverts unless the caller or, if there is a signature, its signer is the operator or a current key of its.
    function _checkOperator(address operator, bytes32 digest, bytes calldata signature) internal view {
        address actor = signature.length == 0 ? msg.sender : Signatures.recover(digest, signature, p256Verifier);
        if (!_actsFor(actor, operator)) revert IDisputeGame.NotOperator(operator, actor);
    }

    function _actsFor(address actor, address account) internal view returns (bool) {
        return actor == account || (account != address(0) && _operatorOf(actor) == account);
    }

    /// @dev The operator that a current key serves, or zero.
    function _operatorOf(address key) internal view returns (address) {
        IOperatorRegistry.KeyView memory record = coordinator.keyOf(key);
        return record.retiredAt == 0 ? record.operator : address(0);
    }

    function _buildSeparator() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(coordinator)));
    }
}
