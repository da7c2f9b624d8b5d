// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype} from "../../contracts/lib/Dtype.sol";
import {Elements} from "../../contracts/lib/Elements.sol";
import {Float64} from "../../contracts/lib/Float64.sol";
import {fromBits, fromF32Bits, fromInt64} from "../../contracts/lib/Float64Conversion.sol";

/// @dev Shows the functions of `Float64` and `Elements` to the differential tests, many operands at a time. Operations
/// are numbered as in test/parity/float64Operations.ts; what they take and give is a Float64 word or up to 64 bits.
contract Float64Harness {
    /// @dev An operation gave a word that no Float64 has.
    error InvalidWord(uint256 word);

    uint256 private constant COMPARISONS = 14;
    uint256 private constant FROM_BITS = 23;
    uint256 private constant OPERATIONS = 26;

    /// @notice Runs one operation on pairs of operands, 8 bytes big-endian each, and returns the results in the same form.
    /// @dev Every power of two among the operands is given in both of its words, by turns.
    function run(uint256 operation, bytes calldata pairs) external pure returns (bytes memory results) {
        function(uint256, uint256) pure returns (uint256) f = _functions()[operation];
        uint256 count = pairs.length / 16;
        results = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 a, uint256 b) = _operands(operation, pairs, i);
            uint256 result = f(a, b);
            if (operation < COMPARISONS || operation >= FROM_BITS) result = _bits(result);
            _append(results, i, result);
        }
    }

    /// @notice Runs operation `steps[i]` on pair i, but from the second of each eight on, takes the result before it for
    /// the first operand. Returns the results of operations on floats as `run` does.
    /// @dev Results become operands as they are: these are words that no conversion makes.
    function chain(bytes calldata steps, bytes calldata pairs) external pure returns (bytes memory results) {
        function(uint256, uint256) pure returns (uint256)[OPERATIONS] memory functions = _functions();
        results = new bytes(8 * steps.length);
        uint256 word;
        for (uint256 i = 0; i < steps.length; ++i) {
            (uint256 a, uint256 b) = _operands(0, pairs, i);
            word = functions[uint8(steps[i])](i % 8 == 0 ? a : word, b);
            _append(results, i, _bits(word));
        }
    }

    /// @notice Loads elements of type `dtype` one after another: the bits of floats, and integers, 8 bytes big-endian each.
    function load(Dtype dtype, bytes memory elements) external pure returns (bytes memory values) {
        function(uint256) pure returns (uint256) loader = Elements.loader(dtype);
        uint256 count = elements.length / dtype.size();
        values = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 pointer;
            assembly ("memory-safe") {
                pointer := add(elements, 32)
            }
            uint256 value = loader(pointer + i * dtype.size());
            if (dtype.isFloat()) value = _bits(value);
            else require(int256(value) == int64(int256(value)), InvalidWord(value));
            _append(values, i, value);
        }
    }

    /// @notice Stores values, 8 bytes big-endian each, the bits of floats, as elements of type `dtype`.
    /// @dev From the last one to the first, so that a store that writes too much shows.
    function store(Dtype dtype, bytes calldata values) external pure returns (bytes memory elements) {
        uint256 count = values.length / 8;
        elements = new bytes(dtype.size() * count);
        for (uint256 i = count; i > 0; --i) {
            uint256 value = uint64(bytes8(values[8 * i - 8:8 * i]));
            if (dtype.isFloat()) value = Float64.unwrap(fromBits(uint64(value)));
            else value = uint256(int256(int64(uint64(value))));
            uint256 pointer;
            assembly ("memory-safe") {
                pointer := add(elements, 32)
            }
            Elements.store(dtype, pointer + (i - 1) * dtype.size(), value);
        }
    }

    /// @notice Returns the gas of one operation on each of the pairs, 2 bytes big-endian each, less that of a function that
    /// does nothing.
    function measure(uint256 operation, bytes calldata pairs) external view returns (bytes memory figures) {
        function(uint256, uint256) pure returns (uint256) f = _functions()[operation];
        uint256 count = pairs.length / 16;
        figures = new bytes(2 * count);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 a, uint256 b) = _operands(operation, pairs, i);
            uint256 used = _gas(f, a, b) - _gas(_nothing, a, b);
            figures[2 * i] = bytes1(uint8(used >> 8));
            figures[2 * i + 1] = bytes1(uint8(used));
        }
    }

    /// @dev Writes 8 bytes to slot i and zeros behind it: slots are written in ascending order, and memory is allocated in
    /// whole words.
    function _append(bytes memory slots, uint256 i, uint256 bits) private pure {
        assembly ("memory-safe") {
            mstore(add(add(slots, 32), mul(i, 8)), shl(192, bits))
        }
    }

    function _gas(
        function(uint256, uint256) pure returns (uint256) f,
        uint256 a,
        uint256 b
    ) private view returns (uint256 used) {
        used = gasleft();
        f(a, b);
        used -= gasleft();
    }

    /// @dev Reads pair i; floats as words, of powers of two a's or b's greater significand where bit 0 or 1 of i is set.
    function _operands(uint256 operation, bytes calldata pairs, uint256 i) private pure returns (uint256 a, uint256 b) {
        assembly ("memory-safe") {
            a := calldataload(add(pairs.offset, mul(i, 16)))
            b := and(shr(128, a), 0xffffffffffffffff)
            a := shr(192, a)
        }
        if (operation < FROM_BITS) {
            a = _word(a, i & 1);
            b = _word(b, i & 2);
        }
    }

    function _word(uint256 bits, uint256 other) private pure returns (uint256 word) {
        word = Float64.unwrap(fromBits(uint64(bits)));
        int256 m = int256(word) >> 199;
        if (other == 0 || (m != 1 << 52 && m != -(1 << 52))) return word;
        unchecked {
            return word + uint256(m << 199) - 1;
        }
    }

    function _bits(uint256 word) private pure returns (uint256) {
        require(_isValid(word), InvalidWord(word));
        return Float64.wrap(word).toBits();
    }

    /// @dev Whether the word is one of the table above the type.
    function _isValid(uint256 word) private pure returns (bool) {
        int256 m = int256(word) >> 199;
        uint256 magnitude = uint256(m < 0 ? -m : m);
        uint256 s = word & 0xffff;
        if (word == 0 || word == 0x10000 || word == 0x6001) return true;
        if (word & ((1 << 199) - 1) != s) return false;
        if (s == 0x6000) return magnitude == 1 << 51;
        // From 2^-1074 to below 2^1024.
        if (magnitude < 1 << 52 || magnitude > 1 << 53) return false;
        return magnitude == 1 << 53 ? 0x1fcc <= s && s < 0x27fe : 0x1fcd <= s && s <= 0x27fe;
    }

    function _functions()
        private
        pure
        returns (function(uint256, uint256) pure returns (uint256)[OPERATIONS] memory functions)
    {
        functions = [
            _add,
            _sub,
            _mul,
            _div,
            _min,
            _max,
            _sqrt,
            _abs,
            _neg,
            _ceil,
            _floor,
            _trunc,
            _nearest,
            _roundToF32,
            _eq,
            _ne,
            _lt,
            _gt,
            _le,
            _ge,
            _toBits,
            _toF32Bits,
            _toInt64,
            _fromBits,
            _fromF32Bits,
            _fromInt64
        ];
    }

    function _nothing(uint256 a, uint256) private pure returns (uint256) {
        return a;
    }

    function _add(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a) + Float64.wrap(b));
    }

    function _sub(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a) - Float64.wrap(b));
    }

    function _mul(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a) * Float64.wrap(b));
    }

    function _div(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a) / Float64.wrap(b));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).min(Float64.wrap(b)));
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).max(Float64.wrap(b)));
    }

    function _sqrt(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).sqrt());
    }

    function _abs(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).abs());
    }

    function _neg(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(-Float64.wrap(a));
    }

    function _ceil(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).ceil());
    }

    function _floor(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).floor());
    }

    function _trunc(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).trunc());
    }

    function _nearest(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).nearest());
    }

    function _roundToF32(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(Float64.wrap(a).roundToF32());
    }

    function _eq(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) == Float64.wrap(b) ? 1 : 0;
    }

    function _ne(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) != Float64.wrap(b) ? 1 : 0;
    }

    function _lt(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) < Float64.wrap(b) ? 1 : 0;
    }

    function _gt(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) > Float64.wrap(b) ? 1 : 0;
    }

    function _le(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) <= Float64.wrap(b) ? 1 : 0;
    }

    function _ge(uint256 a, uint256 b) private pure returns (uint256) {
        return Float64.wrap(a) >= Float64.wrap(b) ? 1 : 0;
    }

    function _toBits(uint256 a, uint256) private pure returns (uint256) {
        return Float64.wrap(a).toBits();
    }

    function _toF32Bits(uint256 a, uint256) private pure returns (uint256) {
        return Float64.wrap(a).toF32Bits();
    }

    function _toInt64(uint256 a, uint256) private pure returns (uint256) {
        return uint64(Float64.wrap(a).toInt64());
    }

    function _fromBits(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(fromBits(uint64(a)));
    }

    function _fromF32Bits(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(fromF32Bits(uint32(a)));
    }

    function _fromInt64(uint256 a, uint256) private pure returns (uint256) {
        return Float64.unwrap(fromInt64(int64(uint64(a))));
    }
}
