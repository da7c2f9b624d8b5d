// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice How much an answer can be relied on when it is delivered.
/// Provisional: asserted with a bond behind it, can still be rejected.
/// Final: its window is over and nobody refuted it.
/// Rejected: takes back the Provisional one; another answer may follow.
enum Stage {
    Provisional,
    Final,
    Rejected
}

/// @title IInferenceConsumer
/// @notice What a contract implements to be called with answers.
interface IInferenceConsumer {
    /// @notice Called by the coordinator with exactly the gas the request bought. A revert blocks nothing: anyone may
    /// have the callback run again.
    /// @param requestId what `request` returned
    /// @param stage how much the answer can be relied on
    /// @param disputable false: the model has no program the chain could check; the answer rests on its operator alone
    /// @param output the output tensors as flat bytes (`Tensors` reads them)
    function onInference(bytes32 requestId, Stage stage, bool disputable, bytes calldata output) external;
}
