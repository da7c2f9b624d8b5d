// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cases} from "./Cases.sol";

/// @title ReceiptBook
/// @notice What the game remembers of receipts.
abstract contract ReceiptBook is Cases {
    /// @param isClosed its window passed without a refutation
    struct Posting {
        uint40 disputableUntil;
        bool isRefuted;
        bool isClosed;
    }

    struct Desk {
        uint96 postingPrice;
        uint64 open;
    }

    mapping(bytes32 assertionId => Posting) internal _postings;
    mapping(address operator => Desk) internal _desks;
    /// @dev Under (operator, model, input).
    mapping(bytes32 => bool) internal _equivocations;

    /// @dev Whether the receipt was posted and is neither refuted nor closed.
    function _isOpen(bytes32 assertionId) internal view returns (bool) {
        Posting storage posting = _postings[assertionId];
        return posting.disputableUntil != 0 && !posting.isRefuted && !posting.isClosed;
    }

    /// @return bond wei that it costs the operator
    function _refuteReceipt(bytes32 assertionId, address operator) internal returns (uint256 bond) {
        _postings[assertionId].isRefuted = true;
        --_desks[operator].open;
        return coordinator.parameters().operatorBond;
    }
}
