// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a section's instructions add up to. Bit 0 is the least significant.
///
/// | bits  | field     | meaning                            |
/// |-------|-----------|------------------------------------|
/// | 0-24  | cost      | at most 512 * 45,000               |
/// | 25-39 | values    | instructions that produce a value  |
/// | 40-49 | loads     |                                    |
/// | 50-63 | constants |                                    |
///
/// A section has at most 512 instructions, so no field runs into the next one. Bits 64 to 255 mean nothing: whole
/// entries are added up, see `Entry`.
type Tally is uint256;

using {cost, values, loads, constants, isWithinLimits, stepsPerProof} for Tally global;

uint256 constant ONE_VALUE = 1 << 25;
uint256 constant ONE_LOAD = 1 << 40;
uint256 constant ONE_CONSTANT = 1 << 50;

/// @dev The most loads of the `finish` of a kernel with an accumulator.
uint256 constant MAX_LOADS_AFTER_STEPS = 8;
uint256 constant MAX_LOADS = 128;
uint256 constant MAX_VALUES = 256;
uint256 constant MAX_CONSTANTS = 128;
uint256 constant MAX_COST = 6_000_000;
uint256 constant MAX_STEPS = 64;

function cost(Tally tally) pure returns (uint256) {
    return Tally.unwrap(tally) & 0x1ffffff;
}

function values(Tally tally) pure returns (uint256) {
    return (Tally.unwrap(tally) >> 25) & 0x7fff;
}

function loads(Tally tally) pure returns (uint256) {
    return (Tally.unwrap(tally) >> 40) & 0x3ff;
}

function constants(Tally tally) pure returns (uint256) {
    return (Tally.unwrap(tally) >> 50) & 0x3fff;
}

/// @dev Whether a section with at most `maxLoads` loads may have this tally.
function isWithinLimits(Tally tally, uint256 maxLoads) pure returns (bool) {
    return
        tally.cost() <= MAX_COST &&
        tally.values() <= MAX_VALUES &&
        tally.loads() <= maxLoads &&
        tally.constants() <= MAX_CONSTANTS;
}

/// @dev S: how many steps with this tally fit one proof.
function stepsPerProof(Tally tally) pure returns (uint256 steps) {
    steps = MAX_STEPS;
    uint256 count = tally.loads();
    if (count * steps > MAX_LOADS) steps = MAX_LOADS / count;
    count = tally.cost();
    if (count * steps > MAX_COST) steps = MAX_COST / count;
}
