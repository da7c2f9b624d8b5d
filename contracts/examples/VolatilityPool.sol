// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {InferenceConsumer} from "../consumer/InferenceConsumer.sol";
import {ModelSignature} from "../consumer/ModelSignature.sol";
import {IInferenceCoordinator, RequestStatus} from "../interfaces/IInferenceCoordinator.sol";
import {Policy} from "../inference/Policy.sol";
import {Dtype} from "../lib/Dtype.sol";
import {PriceHistory, PriceHistoryLib} from "./PriceHistory.sol";

/// @title VolatilityPool
/// @notice A constant-product pool of two tokens whose swap fee follows a model's forecast of volatility
/// (`models/volatility.onnx`): liquidity is paid more where prices move more. Anyone asks for a new fee with
/// `requestFee`; the input is the pool's own price at the last 25 full hours.
///
/// What an answer can do is bounded. The fee stays within `minFee` and `maxFee`, and an answer moves it at most
/// `maxStep` away from the last *final* fee, so that all that is still provisional together is worth one step. A
/// rejected answer is taken back. One answer per hour counts, the first: requests of the same hour have the same input.
///
/// **Not disputable.** For a model without a program that the chain could check, Provisional and Final are its
/// operator's word, and nothing is ever rejected: only the bounds protect the pool. Whoever deploys it says so with
/// `acceptNotDisputable`.
/// @dev An example. Fees are in parts per million of the amount that comes in. Tokens that take a fee on transfers or
/// change balances by themselves are not supported.
contract VolatilityPool is InferenceConsumer, ERC20, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @param modelId takes `returns` f32 [1, 24], gives `volatility` f32 [1, 1]
    /// @param acceptNotDisputable whether the model may be one whose answers nobody can dispute
    /// @param policy must buy both callbacks; `CALLBACK_GAS` is enough for either
    /// @param initialFee the fee before the first answer
    /// @param minFee the least fee
    /// @param maxFee the greatest fee, below 1,000,000
    /// @param maxStep how far one answer moves the fee
    /// @param sensitivity fee per volatility: 300,000 makes 0.3 % of an hourly standard deviation of 1 %
    struct Terms {
        bytes32 modelId;
        bool acceptNotDisputable;
        Policy policy;
        uint24 initialFee;
        uint24 minFee;
        uint24 maxFee;
        uint24 maxStep;
        uint24 sensitivity;
    }

    /// @param settled after the last Final answer
    /// @param settledHour the hour that answer was asked in
    /// @param provisional after the last Provisional answer, while that is not final
    /// @param provisionalHour the hour it was asked in; 0: there is none
    struct Fees {
        uint24 settled;
        uint24 settledHour;
        uint24 provisional;
        uint24 provisionalHour;
    }

    /// @param payer who paid `paid` wei
    /// @param hour when, since 1970
    struct Question {
        address payer;
        uint72 paid;
        uint24 hour;
    }

    uint256 public constant CALLBACK_GAS = 100_000;
    uint256 private constant MILLION = 1_000_000;
    /// @dev Shares that belong to nobody, so that none is ever worth much.
    uint256 private constant LOCKED_SHARES = 1_000;
    address private constant NOBODY = address(0xdead);

    IERC20 public immutable token0;
    IERC20 public immutable token1;
    bytes32 public immutable modelId;
    Policy public immutable policy;
    uint256 public immutable minFee;
    uint256 public immutable maxFee;
    uint256 public immutable maxStep;
    uint256 public immutable sensitivity;

    uint112 public reserve0;
    uint112 public reserve1;
    Fees public fees;
    /// @notice Whose answer the provisional fee is.
    bytes32 public provisionalRequest;
    mapping(bytes32 requestId => Question) public questions;
    PriceHistory private _history;

    event Swapped(address indexed sender, address indexed to, IERC20 tokenIn, uint256 amountIn, uint256 amountOut);
    event LiquidityAdded(address indexed sender, address indexed to, uint256 shares, uint256 amount0, uint256 amount1);
    event LiquidityRemoved(
        address indexed sender,
        address indexed to,
        uint256 shares,
        uint256 amount0,
        uint256 amount1
    );
    event FeeRequested(bytes32 indexed requestId, address indexed payer, uint256 hour);
    /// @notice The fee until the answer becomes final or is rejected. `disputable` false: nobody can have it rejected.
    event FeeProposed(bytes32 indexed requestId, uint256 fee, bool disputable);
    event FeeSettled(bytes32 indexed requestId, uint256 fee, bool disputable);
    /// @notice The answer was rejected; the fee is again the settled one.
    event FeeRolledBack(bytes32 indexed requestId, uint256 fee);
    event Reclaimed(bytes32 indexed requestId, address indexed payer, uint256 amount);

    error ImpossibleTerms(string field);
    error UnknownToken(IERC20 token);
    error NoLiquidity();
    error InsufficientOutput(uint256 amount, uint256 minimum);
    error InsufficientShares(uint256 shares, uint256 minimum);
    /// @notice A transfer of `amount` changed the pool's balance by `received`.
    error UnsupportedToken(IERC20 token, uint256 amount, uint256 received);
    error NotExpired(bytes32 requestId, RequestStatus status);
    error NothingToReclaim(bytes32 requestId);

    constructor(
        IInferenceCoordinator coordinator_,
        IERC20 token0_,
        IERC20 token1_,
        Terms memory terms
    ) InferenceConsumer(coordinator_) ERC20("Volatility Pool", "VOLP") {
        if (address(token0_) == address(token1_)) revert ImpossibleTerms("token1");
        if (!terms.policy.wantsProvisional() || !terms.policy.wantsFinal()) revert ImpossibleTerms("policy");
        if (terms.policy.callbackGas() < CALLBACK_GAS) revert ImpossibleTerms("callbackGas");
        if (terms.maxFee >= MILLION) revert ImpossibleTerms("maxFee");
        if (terms.minFee > terms.initialFee || terms.initialFee > terms.maxFee) revert ImpossibleTerms("initialFee");
        if (terms.maxStep == 0) revert ImpossibleTerms("maxStep");
        if (!terms.acceptNotDisputable) _requireDisputable(terms.modelId);
        (token0, token1) = (token0_, token1_);
        (modelId, policy) = (terms.modelId, terms.policy);
        (minFee, maxFee) = (terms.minFee, terms.maxFee);
        (maxStep, sensitivity) = (terms.maxStep, terms.sensitivity);
        fees.settled = terms.initialFee;
    }

    // --------------------------------------------------------------------------------------------- liquidity

    /// @notice Adds both tokens in the pool's ratio, as much as the given amounts allow; the first time exactly those.
    function addLiquidity(
        uint256 max0,
        uint256 max1,
        uint256 minShares,
        address to
    ) external nonReentrant returns (uint256 shares) {
        uint256 supply = totalSupply();
        (uint256 amount0, uint256 amount1) = (max0, max1);
        if (supply == 0) {
            shares = Math.sqrt(uint256(SafeCast.toUint112(max0)) * SafeCast.toUint112(max1));
            if (shares <= LOCKED_SHARES) revert InsufficientShares(shares, LOCKED_SHARES);
            shares -= LOCKED_SHARES;
            _mint(NOBODY, LOCKED_SHARES);
            _setReserves(amount0, amount1);
            _history.begin(_price());
        } else {
            _history.record(_price());
            shares = Math.min(Math.mulDiv(max0, supply, reserve0), Math.mulDiv(max1, supply, reserve1));
            // Shares are rounded down and amounts up: never worth more than what comes in.
            amount0 = Math.mulDiv(shares, reserve0, supply, Math.Rounding.Ceil);
            amount1 = Math.mulDiv(shares, reserve1, supply, Math.Rounding.Ceil);
            _setReserves(reserve0 + amount0, reserve1 + amount1);
        }
        if (shares == 0 || shares < minShares) revert InsufficientShares(shares, minShares);
        _mint(to, shares);
        emit LiquidityAdded(msg.sender, to, shares, amount0, amount1);
        _pull(token0, amount0);
        _pull(token1, amount1);
    }

    /// @notice Burns shares of the caller for their part of both tokens.
    function removeLiquidity(
        uint256 shares,
        uint256 min0,
        uint256 min1,
        address to
    ) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        _history.record(_price());
        amount0 = Math.mulDiv(shares, reserve0, supply);
        amount1 = Math.mulDiv(shares, reserve1, supply);
        if (amount0 < min0) revert InsufficientOutput(amount0, min0);
        if (amount1 < min1) revert InsufficientOutput(amount1, min1);
        _setReserves(reserve0 - amount0, reserve1 - amount1);
        emit LiquidityRemoved(msg.sender, to, shares, amount0, amount1);
        token0.safeTransfer(to, amount0);
        token1.safeTransfer(to, amount1);
    }

    // ------------------------------------------------------------------------------------------------- swaps

    /// @notice Swaps `amountIn` of one token for at least `minOut` of the other. The fee stays in the pool.
    function swap(
        IERC20 tokenIn,
        uint256 amountIn,
        uint256 minOut,
        address to
    ) external nonReentrant returns (uint256 amountOut) {
        amountOut = amountOutFor(tokenIn, amountIn);
        if (amountOut == 0 || amountOut < minOut) revert InsufficientOutput(amountOut, minOut);
        _history.record(_price());
        bool isToken0 = _isToken0(tokenIn);
        if (isToken0) _setReserves(reserve0 + amountIn, reserve1 - amountOut);
        else _setReserves(reserve0 - amountOut, reserve1 + amountIn);
        emit Swapped(msg.sender, to, tokenIn, amountIn, amountOut);
        _pull(tokenIn, amountIn);
        (isToken0 ? token1 : token0).safeTransfer(to, amountOut);
    }

    /// @notice What `swap` gives for `amountIn` at the current fee, rounded down.
    function amountOutFor(IERC20 tokenIn, uint256 amountIn) public view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = _isToken0(tokenIn) ? (reserve0, reserve1) : (reserve1, reserve0);
        // Below 2^112 * 2^20: no product here overflows.
        uint256 traded = uint256(SafeCast.toUint112(amountIn)) * (MILLION - fee());
        return traded == 0 ? 0 : (reserveOut * traded) / (reserveIn * MILLION + traded);
    }

    // --------------------------------------------------------------------------------------------------- fee

    /// @notice The fee of swaps now.
    function fee() public view returns (uint256) {
        return fees.provisionalHour == 0 ? fees.settled : fees.provisional;
    }

    /// @notice Asks for a new fee. `msg.value` is what operators are paid, and the callbacks' cost.
    /// @dev Several requests may be open: one that nobody wants to answer keeps no other back.
    function requestFee() external payable nonReentrant returns (bytes32 requestId) {
        bytes[] memory tensors = _model().inputs().f32("returns", hourlyReturns(), 18).tensors();
        requestId = _request(modelId, tensors, policy, msg.value);
        uint256 hour = PriceHistoryLib.currentHour();
        questions[requestId] = Question(msg.sender, SafeCast.toUint72(msg.value), uint24(hour));
        emit FeeRequested(requestId, msg.sender, hour);
    }

    /// @notice Returns the money of a request that nobody answered to whoever paid it.
    function reclaim(bytes32 requestId) external nonReentrant {
        RequestStatus status = _statusOf(requestId);
        if (status != RequestStatus.Expired) revert NotExpired(requestId, status);
        Question memory question = questions[requestId];
        if (question.payer == address(0)) revert NothingToReclaim(requestId);
        delete questions[requestId];
        _withdrawRefunds();
        emit Reclaimed(requestId, question.payer, question.paid);
        Address.sendValue(payable(question.payer), question.paid);
    }

    /// @notice The hourly log returns that a request carries now, oldest first, in 1e-18.
    function hourlyReturns() public view returns (int256[] memory) {
        return _history.logReturns(_price());
    }

    function _onProvisional(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        uint24 hour = questions[requestId].hour;
        Fees memory current = fees;
        if (hour <= current.settledHour || hour <= current.provisionalHour) return;
        current.provisional = _bounded(output, current.settled);
        current.provisionalHour = hour;
        fees = current;
        provisionalRequest = requestId;
        emit FeeProposed(requestId, current.provisional, disputable);
    }

    function _onFinal(bytes32 requestId, bool disputable, bytes calldata output) internal override {
        uint24 hour = questions[requestId].hour;
        delete questions[requestId];
        Fees memory current = fees;
        if (hour <= current.settledHour) return;
        current.settled = _bounded(output, current.settled);
        current.settledHour = hour;
        // A provisional fee of a later hour stands.
        if (current.provisionalHour <= hour) current.provisionalHour = 0;
        fees = current;
        emit FeeSettled(requestId, current.settled, disputable);
    }

    function _onRejected(bytes32 requestId, bool, bytes calldata) internal override {
        if (requestId != provisionalRequest || fees.provisionalHour == 0) return;
        fees.provisionalHour = 0;
        emit FeeRolledBack(requestId, fees.settled);
    }

    /// @dev The fee that the forecast asks for, within `maxStep` of `from` and within the pool's bounds.
    function _bounded(bytes calldata output, uint256 from) private view returns (uint24) {
        int256 volatility = _model().outputs(output).toFixed("volatility", 0, 6);
        int256 wanted = (volatility * int256(sensitivity)) / int256(MILLION);
        uint256 low = Math.max(minFee, from - Math.min(from, maxStep));
        uint256 high = Math.min(maxFee, from + maxStep);
        return uint24(uint256(SignedMath.min(SignedMath.max(wanted, int256(low)), int256(high))));
    }

    function _model() private pure returns (ModelSignature memory signature) {
        signature.input("returns", Dtype.F32, PriceHistoryLib.RETURNS).output("volatility", Dtype.F32, 1);
    }

    // ---------------------------------------------------------------------------------------------- internal

    /// @dev Token 1 per token 0, UQ112.112; not zero, as both reserves are between 1 and 2^112.
    function _price() private view returns (uint224) {
        if (reserve0 == 0) revert NoLiquidity();
        return uint224((uint256(reserve1) << 112) / reserve0);
    }

    function _setReserves(uint256 amount0, uint256 amount1) private {
        reserve0 = SafeCast.toUint112(amount0);
        reserve1 = SafeCast.toUint112(amount1);
    }

    function _isToken0(IERC20 token) private view returns (bool isToken0) {
        isToken0 = address(token) == address(token0);
        if (!isToken0 && address(token) != address(token1)) revert UnknownToken(token);
    }

    function _pull(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert UnsupportedToken(token, amount, received);
    }
}
