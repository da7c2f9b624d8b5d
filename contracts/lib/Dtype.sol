// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Element type of a tensor. The numbers are part of the format: they enter model ids.
///
///     | id | dtype | bytes | element                    |
///     |----|-------|-------|----------------------------|
///     | 0  | None  |       | not a dtype                |
///     | 1  | F32   | 4     | IEEE 754 binary32          |
///     | 2  | F64   | 8     | IEEE 754 binary64          |
///     | 3  | I8    | 1     | two's complement           |
///     | 4  | U8    | 1     | unsigned                   |
///     | 5  | I16   | 2     | two's complement           |
///     | 6  | U16   | 2     | unsigned                   |
///     | 7  | I32   | 4     | two's complement           |
///     | 8  | U32   | 4     | unsigned                   |
///     | 9  | I64   | 8     | two's complement           |
///     | 10 | Bool  | 1     | 0 or 1                     |
///
/// Every element is stored little-endian.
enum Dtype {
    None,
    F32,
    F64,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    Bool
}

using Dtypes for Dtype global;

/// @title Properties of element types
library Dtypes {
    /// @notice `Dtype.None` (0) was given where a tensor needs an element type.
    error MissingDtype();

    /// @dev Byte `i` is the size of the dtype with id `i`.
    bytes32 private constant SIZES = hex"0004080101020204040801";

    /// @notice Returns the bytes of one element: 1, 2, 4 or 8. Reverts with `MissingDtype` for `None`.
    function size(Dtype dtype) internal pure returns (uint256) {
        require(dtype != Dtype.None, MissingDtype());
        return uint8(SIZES[uint256(dtype)]);
    }

    /// @notice Returns `dtype ∈ {F32, F64}`.
    function isFloat(Dtype dtype) internal pure returns (bool) {
        return dtype == Dtype.F32 || dtype == Dtype.F64;
    }

    /// @notice Returns `dtype ∈ {I8, I16, I32, I64}`.
    function isSigned(Dtype dtype) internal pure returns (bool) {
        return dtype == Dtype.I8 || dtype == Dtype.I16 || dtype == Dtype.I32 || dtype == Dtype.I64;
    }
}
