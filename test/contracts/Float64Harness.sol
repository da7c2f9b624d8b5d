// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dtype} from "../../contracts/lib/Dtype.sol";
import {Elements} from "../../contracts/lib/Elements.sol";
import {Float64} from "../../contracts/lib/Float64.sol";
import {fromBits, fromF32Bits, fromInt64} from "../../contracts/lib/Float64Conversion.sol";

/// @dev Shows the functions of `Float64` and `Elements` to the differential tests, many operands at a time. A slot is 8
/// bytes, big-endian: the bits of a float or an integer. Operations are numbered as in test/parity/float64Operations.ts;
/// within this contract their operands and results are words of Float64, or slots.
contract Float64Harness {
    /// @dev An operation gave a word that is no Float64's, or a load one that is no int64's.
    error InvalidWord(uint256 word);

    uint256 private constant COMPARISONS = 14;
    uint256 private constant FROM_SLOTS = 23;
    uint256 private constant OPERATIONS = 26;

    /// @notice Runs one operation on pairs of slots and returns slots.
    /// @dev Of a power of two among the operands both words are given, by turns.
    function run(uint256 operation, bytes calldata pairs) external pure returns (bytes memory results) {
        function(uint256, uint256) pure returns (uint256) f = _functions()[operation];
        bool isWord = operation < COMPARISONS || operation >= FROM_SLOTS;
        uint256 count = pairs.length / 16;
        results = new bytes(8 * count);
        for (uint256 i = 0; i < count;) {
            (uint256 a, uint256 b) = _operands(operation, pairs, i);
            uint256 result = f(a, b);
            _append(results, i, isWord ? _bits(result) : result);
            unchecked {
                ++i;
            }
        }
    }

    /// @notice Runs operation `steps[i]` on pair i, but with the result before it for the first operand, except in every
    /// eighth step. Only operations from words to words.
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

    /// @notice Loads elements that lie one after another.
    function load(Dtype dtype, bytes memory elements) external pure returns (bytes memory values) {
        function(uint256) pure returns (uint256) loader = Elements.loader(dtype);
        uint256 count = elements.length / dtype.size();
        values = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 value = loader(_pointer(elements) + i * dtype.size());
            if (dtype.isFloat()) value = _bits(value);
            else require(int256(value) == int64(int256(value)), InvalidWord(value));
            _append(values, i, value);
        }
    }

    /// @notice Stores slots as elements one after another.
    /// @dev From the last one to the first, so that a store that writes too much shows.
    function store(Dtype dtype, bytes calldata values) external pure returns (bytes memory elements) {
        uint256 count = values.length / 8;
        elements = new bytes(dtype.size() * count);
        for (uint256 i = count; i > 0; --i) {
            Elements.store(dtype, _pointer(elements) + (i - 1) * dtype.size(), _value(dtype, values, i - 1));
        }
    }

    /// @notice Returns the gas of what `run` does with each pair, less that of a function that does nothing, as slots.
    function measure(uint256 operation, bytes calldata pairs) external view returns (bytes memory figures) {
        function(uint256, uint256) pure returns (uint256) f = _functions()[operation];
        uint256 count = pairs.length / 16;
        figures = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 a, uint256 b) = _operands(operation, pairs, i);
            _append(figures, i, _gas(f, a, b) - _gas(_first, a, b));
        }
    }

    /// @notice Returns the gas of what `load` does with each element, likewise.
    function measureLoads(Dtype dtype, bytes memory elements) external view returns (bytes memory figures) {
        function(uint256) pure returns (uint256) loader = Elements.loader(dtype);
        uint256 count = elements.length / dtype.size();
        figures = new bytes(8 * count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 pointer = _pointer(elements) + i * dtype.size();
            _append(figures, i, _gas(loader, pointer) - _gas(_same, pointer));
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

    function _gas(function(uint256) pure returns (uint256) f, uint256 a) private view returns (uint256 used) {
        used = gasleft();
        f(a);
        used -= gasleft();
    }

    /// @dev Reads pair i, floats as words. Bits 0 and 1 of i choose which word of a power of two a and b are.
    function _operands(uint256 operation, bytes calldata pairs, uint256 i) private pure returns (uint256 a, uint256 b) {
        assembly ("memory-safe") {
            a := calldataload(add(pairs.offset, mul(i, 16)))
            b := and(shr(128, a), 0xffffffffffffffff)
            a := shr(192, a)
        }
        if (operation < FROM_SLOTS) (a, b) = (_word(a, i & 1), _word(b, i & 2));
    }

    function _word(uint256 bits, uint256 choice) private pure returns (uint256 word) {
        word = Float64.unwrap(fromBits(uint64(bits)));
        int256 m = int256(word) >> 199;
        unchecked {
            return choice != 0 && (m == 1 << 52 || m == -(1 << 52)) ? word + uint256(m << 199) - 1 : word;
        }
    }

    function _bits(uint256 word) private pure returns (uint256) {
        require(_isValid(word), InvalidWord(word));
        return Float64.wrap(word).toBits();
    }

    /// @dev Whether the word is in the table above the type.
    function _isValid(uint256 word) private pure returns (bool) {
        unchecked {
            int256 m = int256(word) >> 199;
            uint256 magnitude = uint256(m < 0 ? -m : m);
            uint256 s = word & 0xffff;
            if (word & ((1 << 199) - 1) == s) {
                // From 2^-1074 to below 2^1024, then infinities.
                if (1 << 52 <= magnitude && magnitude < 1 << 53) return 0x1fcd <= s && s <= 0x27fe;
                if (magnitude == 1 << 53) return 0x1fcc <= s && s < 0x27fe;
                if (magnitude == 1 << 51) return s == 0x6000;
            }
            return word == 0 || word == 0x10000 || word == 0x6001;
        }
    }

    function _value(Dtype dtype, bytes calldata values, uint256 i) private pure returns (uint256) {
        uint64 bits = uint64(bytes8(values[8 * i:8 * i + 8]));
        return dtype.isFloat() ? Float64.unwrap(fromBits(bits)) : uint256(int256(int64(bits)));
    }

    function _pointer(bytes memory data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(data, 32)
        }
    }

    /// @dev Writes slot i and zeros behind it: slots are written in ascending order, and memory is allocated in words.
    function _append(bytes memory slots, uint256 i, uint256 bits) private pure {
        assembly ("memory-safe") {
            mstore(add(add(slots, 32), mul(i, 8)), shl(192, bits))
        }
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

    function _first(uint256 a, uint256) private pure returns (uint256) {
        return a;
    }

    function _same(uint256 a) private pure returns (uint256) {
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
