// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Checks} from "../../test/contracts/Checks.sol";
import {TestToken} from "../../test/contracts/TestToken.sol";
import {IInferenceCoordinator} from "../interfaces/IInferenceCoordinator.sol";
import {PolicyLib} from "../inference/Policy.sol";
import {VolatilityPool} from "./VolatilityPool.sol";

/// @dev Liquidity and swaps; what answers do to the fee is in `test/consumer/volatilityPool.test.ts`.
contract VolatilityPoolTest is Checks {
    uint256 private constant LOCKED = 1_000;
    uint256 private constant MAX = type(uint112).max;

    TestToken private token0;
    TestToken private token1;

    function setUp() public {
        (token0, token1) = (new TestToken("A", 18), new TestToken("B", 6));
        token0.mint(address(this), type(uint128).max);
        token1.mint(address(this), type(uint128).max);
    }

    function testFuzz_FirstLiquidityIsTheGeometricMean(uint112 amount0, uint112 amount1) public {
        VolatilityPool pool = poolOf(3_000);
        uint256 product = uint256(amount0) * amount1;
        if (product < (LOCKED + 1) ** 2) {
            bytes memory call = abi.encodeCall(pool.addLiquidity, (amount0, amount1, 0, address(this)));
            (bool success, bytes memory reason) = address(pool).call(call);
            require(!success, "too little was accepted");
            require(bytes4(reason) == VolatilityPool.InsufficientShares.selector, "another error");
            return;
        }
        uint256 shares = pool.addLiquidity(amount0, amount1, 0, address(this));
        uint256 all = shares + LOCKED;
        require(all * all <= product && product < (all + 1) * (all + 1), "not the root");
        require(pool.totalSupply() == all && pool.balanceOf(address(0xdead)) == LOCKED, "supply");
        requireSound(pool);
    }

    function testFuzz_LiquidityIsWorthNoMoreThanItCost(
        uint112 amount0,
        uint112 amount1,
        uint112 max0,
        uint112 max1,
        uint256 part
    ) public {
        VolatilityPool pool = seeded(3_000, amount0, amount1);
        (uint256 r0, uint256 r1, uint256 supply) = (pool.reserve0(), pool.reserve1(), pool.totalSupply());
        (max0, max1) = (uint112(max0 % (MAX - r0 + 1)), uint112(max1 % (MAX - r1 + 1)));
        uint256 expected = min((max0 * supply) / r0, (max1 * supply) / r1);
        if (expected == 0) return;
        (uint256 had0, uint256 had1) = (token0.balanceOf(address(this)), token1.balanceOf(address(this)));
        uint256 shares = pool.addLiquidity(max0, max1, expected, address(this));
        require(shares == expected, "shares");
        requireSharesWorthAtLeast(pool, r0, r1, supply);
        requireSound(pool);

        (r0, r1, supply) = (pool.reserve0(), pool.reserve1(), pool.totalSupply());
        uint256 burned = part % (shares + 1);
        pool.removeLiquidity(burned, 0, 0, address(this));
        requireSharesWorthAtLeast(pool, r0, r1, supply);
        pool.removeLiquidity(shares - burned, 0, 0, address(this));
        require(token0.balanceOf(address(this)) <= had0 && token1.balanceOf(address(this)) <= had1, "a profit");
        requireSound(pool);
    }

    function testFuzz_SwapKeepsTheProduct(
        uint112 amount0,
        uint112 amount1,
        uint112 amountIn,
        bool forward,
        uint24 fee
    ) public {
        VolatilityPool pool = seeded(fee % 1_000_000, amount0, amount1);
        (uint256 r0, uint256 r1) = (pool.reserve0(), pool.reserve1());
        (uint256 rIn, uint256 rOut) = forward ? (r0, r1) : (r1, r0);
        amountIn = uint112(amountIn % (MAX - rIn + 1));
        (TestToken tokenIn, TestToken tokenOut) = forward ? (token0, token1) : (token1, token0);
        uint256 expected = pool.amountOutFor(tokenIn, amountIn);
        if (expected == 0) return;

        uint256 had = tokenOut.balanceOf(address(this));
        uint256 out = pool.swap(tokenIn, amountIn, expected, address(this));
        require(out == expected && tokenOut.balanceOf(address(this)) - had == out, "what was quoted");
        require(uint256(pool.reserve0()) * pool.reserve1() >= r0 * r1, "the product fell");
        // One unit more would break the rule for what is left of the input after the fee.
        uint256 traded = uint256(amountIn) * (1_000_000 - pool.fee());
        require((rIn * 1_000_000 + traded) * (rOut - out) >= rIn * 1_000_000 * rOut, "too much");
        require((rIn * 1_000_000 + traded) * (rOut - out - 1) < rIn * 1_000_000 * rOut, "too little");
        requireSound(pool);

        had = tokenIn.balanceOf(address(this));
        if (pool.amountOutFor(tokenOut, out) == 0) return;
        pool.swap(tokenOut, out, 0, address(this));
        require(tokenIn.balanceOf(address(this)) - had <= amountIn, "a profit there and back");
    }

    function seeded(uint256 fee, uint112 amount0, uint112 amount1) private returns (VolatilityPool pool) {
        pool = poolOf(uint24(fee));
        // Neither so small that nothing could be minted, nor so large that nothing fits beside it.
        pool.addLiquidity(uint112(amount0 >> 2) + 1e4, uint112(amount1 >> 2) + 1e4, 0, address(this));
    }

    function poolOf(uint24 fee) private returns (VolatilityPool pool) {
        VolatilityPool.Terms memory terms = VolatilityPool.Terms({
            modelId: 0,
            acceptNotDisputable: true,
            policy: PolicyLib.answerWithin(1 hours).withCallbacks(true, true, 200_000, 0),
            initialFee: fee,
            minFee: 0,
            maxFee: 999_999,
            maxStep: 1,
            sensitivity: 300_000
        });
        pool = new VolatilityPool(IInferenceCoordinator(address(this)), token0, token1, terms);
        token0.approve(address(pool), type(uint256).max);
        token1.approve(address(pool), type(uint256).max);
    }

    function requireSound(VolatilityPool pool) private view {
        require(token0.balanceOf(address(pool)) == pool.reserve0(), "reserve 0");
        require(token1.balanceOf(address(pool)) == pool.reserve1(), "reserve 1");
        require(pool.reserve0() > 0 && pool.reserve1() > 0, "an empty reserve");
    }

    /// @dev No share is worth less of either token than when there were `supply` shares of these reserves.
    function requireSharesWorthAtLeast(VolatilityPool pool, uint256 r0, uint256 r1, uint256 supply) private view {
        require(pool.reserve0() * supply >= r0 * pool.totalSupply(), "shares lost token 0");
        require(pool.reserve1() * supply >= r1 * pool.totalSupply(), "shares lost token 1");
    }

    function min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
