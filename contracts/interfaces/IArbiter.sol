// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An assertion as arbiter and coordinator name it to each other.
/// @param assertionId EIP-712 hash of the Result
/// @param requestId the request it answers
/// @param operator who asserted it
struct AssertionRef {
    bytes32 assertionId;
    bytes32 requestId;
    address operator;
}

/// @notice A part of a slashed amount.
struct Payout {
    address recipient;
    uint256 amount;
}

/// @title IArbiter
/// @notice Judges assertions. A coordinator has one, fixed at deployment.
interface IArbiter {
    /// @notice Whether the arbiter can judge programs of these semantics. 0 is never judged.
    function judges(uint8 semantics) external view returns (bool);

    /// @notice Opens a dispute between two assertions of different outputs on one request. The coordinator has put
    /// both on hold; the arbiter ends each hold by `release` or `reject`. Reverts if it cannot open the dispute.
    /// @param data what the dispute needs, passed through from the challenger
    function contest(
        AssertionRef calldata challenger,
        AssertionRef calldata rival,
        bytes calldata data
    ) external payable;
}

/// @title IArbitrable
/// @notice What the arbiter may do, and nobody else.
/// @dev SAFETY: none of these calls out, and `slash` cannot touch stake that is locked for other assertions.
///
/// Holds are counted by the arbiter: the coordinator keeps one bit per assertion. `contest` comes with both parties
/// held, one of them maybe for an earlier dispute already. So the arbiter counts the open disputes of every assertion,
/// calls `hold` for the first of those it opens by itself, and `release` when the last one ends without a `reject`. A
/// hold is of one assertion: another one of the same output, asserted before the dispute, is disputed for itself;
/// afterwards none is taken beside a held one (`RivalHeld`).
interface IArbitrable {
    error NotArbiter(address caller);
    /// @notice The assertion is unknown, over, or another one.
    error NotLive(AssertionRef assertion);
    error AlreadyHeld(AssertionRef assertion);
    error NotHeld(AssertionRef assertion);
    error PayoutsExceedSlash(uint256 payouts, uint256 amount);

    /// @notice Keeps a live assertion from becoming final. The arbiter holds none whose window is over but for a
    /// dispute that began inside it, so that disputes one after the other cannot hold an answer for ever.
    function hold(AssertionRef calldata assertion) external;

    /// @notice Ends a hold.
    function release(AssertionRef calldata assertion) external;

    /// @notice Ends a live assertion as wrong and unlocks its bond, for `slash`. With the last live one the request is
    /// open again and its answer period starts anew.
    /// @param winner if an operator that has not answered the request yet, it answers exclusively for the takeover
    /// period; zero: nobody does
    /// @return bond wei that were locked for the assertion
    function reject(AssertionRef calldata assertion, address winner) external returns (uint256 bond);

    /// @notice Takes up to `amount` of an operator's free and exiting stake, credits `payouts` in their order as far
    /// as it reaches and burns the rest.
    /// @return taken wei
    function slash(address operator, uint256 amount, Payout[] calldata payouts) external returns (uint256 taken);
}
