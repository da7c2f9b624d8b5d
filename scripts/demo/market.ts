/** A pool with liquidity, and traders who take its price through a day. */
import {
  Contract,
  ContractFactory,
  type ContractTransactionResponse,
  parseEther,
  parseUnits,
  type Signer,
} from "ethers";
import { artifacts } from "hardhat";
import type { Hex } from "../../oracle/vm/keccak.ts";
import type { FaucetToken, VolatilityPool } from "../../types/index.ts";

/** Per cent by hour: a quiet night, an afternoon with news. */
export const DAY = [
  0.2, -0.1, 0.1, 0.3, -0.2, 0.1, -0.3, 0.2, 0.4, -0.2, 0.3, -0.4, 0.6, -0.8, 1.1, -1.9, 2.4, -2.8, 1.7, 2.2, -1.5, 1.9,
  -1.2, 1.6,
];

const FEES = { initialFee: 3_000, minFee: 500, maxFee: 10_000, maxStep: 2_500, sensitivity: 300_000 };
const RESERVE_0 = parseEther("1000");
const RESERVE_1 = parseUnits("2000000", 6);

/** What the pool asks of the coordinator: answers within ten minutes, both callbacks at 1 gwei per gas. */
export interface PoolTerms {
  readonly coordinator: string;
  readonly modelId: Hex;
  readonly policy: bigint;
}

export class Market {
  readonly pool: VolatilityPool;
  readonly token0: FaucetToken;
  readonly token1: FaucetToken;
  readonly #trader: string;

  private constructor(contracts: Pick<Market, "pool" | "token0" | "token1">, trader: string) {
    this.pool = contracts.pool;
    this.token0 = contracts.token0;
    this.token1 = contracts.token1;
    this.#trader = trader;
  }

  static async open(signer: Signer, { coordinator, modelId, policy }: PoolTerms): Promise<Market> {
    const trader = await signer.getAddress();
    const token0 = await create<FaucetToken>(signer, "FaucetToken", ["WETH", 18]);
    const token1 = await create<FaucetToken>(signer, "FaucetToken", ["USDC", 6]);
    const terms = { modelId, acceptNotDisputable: false, policy, ...FEES };
    const pool = await create<VolatilityPool>(signer, "VolatilityPool", [
      coordinator,
      await token0.getAddress(),
      await token1.getAddress(),
      terms,
    ]);
    for (const [token, reserve] of [
      [token0, RESERVE_0],
      [token1, RESERVE_1],
    ] as const) {
      await mined(token.mint(trader, reserve * 100n));
      await mined(token.approve(pool, reserve * 100n));
    }
    await mined(pool.addLiquidity(RESERVE_0, RESERVE_1, 0n, trader));
    return new Market({ pool, token0, token1 }, trader);
  }

  /** Trades until the price has moved by about `change` per cent. */
  async trade(change: number): Promise<void> {
    const factor = Math.sqrt(1 + change / 100);
    // Constant product: a price p times as high takes sqrt(p) times as much of token 1.
    const [token, reserve, growth] =
      change > 0
        ? [this.token1, await this.pool.reserve1(), factor - 1]
        : [this.token0, await this.pool.reserve0(), 1 / factor - 1];
    const amount = (reserve * BigInt(Math.round(growth * 1e9))) / 1_000_000_000n;
    await mined(this.pool.swap(token, amount, 0n, this.#trader));
  }

  /** Dollars for one of token 0. */
  async price(): Promise<string> {
    const [reserve0, reserve1] = [await this.pool.reserve0(), await this.pool.reserve1()];
    return dollars((reserve1 * 10n ** 18n) / reserve0);
  }

  /** Dollars that one of token 0 fetches after the fee, now or after a block. */
  async proceeds(blockTag: number | "latest" = "latest"): Promise<string> {
    return dollars(await this.pool.amountOutFor(this.token0, parseEther("1"), { blockTag }));
  }
}

const dollars = (micros: bigint) =>
  (Number(micros) / 1e6).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** TypeChain gives the type; what it makes at run time needs more than Node's type stripping. */
async function create<T>(signer: Signer, name: string, args: readonly unknown[]): Promise<T> {
  const { abi, bytecode } = await artifacts.readArtifact(name);
  const deployed = await new ContractFactory(abi, bytecode, signer).deploy(...args);
  await deployed.waitForDeployment();
  return new Contract(await deployed.getAddress(), abi, signer) as unknown as T;
}

export async function mined(sent: Promise<ContractTransactionResponse>) {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("the transaction was not mined");
  return receipt;
}
