import type { Command } from "commander";
import { parseHash, parseWhole } from "../../amounts.ts";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

interface Options {
  readonly priceGwei: number;
  readonly latency: number;
  readonly penaltyBps: number;
  readonly callbackKgas: number;
  readonly remove?: boolean;
}

export function addOffer(operator: Command, tools: Tools): void {
  subcommand(operator, "offer", "offer to serve a model, change the offer, or remove it")
    .argument("<model>", "the model's id", parseHash)
    .option("--price-gwei <n>", "wanted of a fee, after the royalty", parseWhole(0, 2 ** 48 - 1), 0)
    .option("--latency <seconds>", "the time in which nobody else answers", parseWhole(1, 65_535), 30)
    .option(
      "--penalty-bps <n>",
      "1/10,000 of the fee, burned if no answer comes in that time",
      parseWhole(0, 10_000),
      0,
    )
    .option("--callback-kgas <n>", "the largest callback, in thousands of gas", parseWhole(0, 2_000), 2_000)
    .option("--remove", "remove the offer")
    .action((modelId: `0x${string}`, options: Options, command: Command) =>
      act(tools, command, ({ calls }, config) => {
        if (options.remove === true) {
          const call = calls.removeOffer(modelId, config.operator.address);
          return { call, done: `removed the offer for ${modelId}`, byOperatorOnly: false };
        }
        const { priceGwei, latency, penaltyBps, callbackKgas } = options;
        const offer = { priceGwei: BigInt(priceGwei), latencyS: latency, penaltyBps, callbackKgas };
        return { call: calls.setOffer(modelId, offer), done: `offered ${modelId}`, byOperatorOnly: false };
      }),
    );
}
