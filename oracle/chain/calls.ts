/** The transactions of an operator, a model's owner and a requester, encoded. */
import { hexlify, Interface } from "ethers";
import type { Calls, NewModel, Offer, PaidCall } from "../cli/ports.ts";
import type { Address, ModelId } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI, MODEL_REGISTRY_ABI } from "./abi.ts";
import type { Request } from "./ids.ts";
import type { Manifest } from "./manifest.ts";
import { artefactSpec, modelId as idOfModel, kernelSpec, specToAbi } from "./modelSpec.ts";
import { POLICY, packWord } from "./words.ts";

const coordinator = new Interface(COORDINATOR_ABI);
const registry = new Interface(MODEL_REGISTRY_ABI);

export class DeploymentCalls implements Calls {
  readonly #addresses: Manifest["addresses"];

  constructor(addresses: Manifest["addresses"]) {
    this.#addresses = addresses;
  }

  stake(amountWei: bigint): PaidCall {
    return this.#call("stake", [], amountWei);
  }

  requestExit(amountWei: bigint): PaidCall {
    return this.#call("requestExit", [amountWei]);
  }

  completeExit(to: Address): PaidCall {
    return this.#call("completeExit", [to]);
  }

  addKey(signature: Hex): PaidCall {
    return this.#call("addKey", [signature]);
  }

  retireKey(key: Address): PaidCall {
    return this.#call("retireKey", [key]);
  }

  setLive(isLive: boolean): PaidCall {
    return this.#call("setLive", [isLive]);
  }

  setOffer(modelId: ModelId, { priceGwei, latencyS, penaltyBps, callbackKgas }: Omit<Offer, "operator">): PaidCall {
    return this.#call("setOffer", [modelId, priceGwei, latencyS, penaltyBps, callbackKgas]);
  }

  removeOffer(modelId: ModelId, operator: Address): PaidCall {
    return this.#call("removeOffer", [modelId, operator]);
  }

  withdraw(to: Address): PaidCall {
    return this.#call("withdraw", [to]);
  }

  register(model: NewModel, royaltyBps: number, uri: string): { modelId: ModelId; call: PaidCall } {
    const { program, ...artefact } = model;
    const spec =
      program === undefined ? artefactSpec({ ...artefact, compilerVersion: "" }) : kernelSpec(artefact, program);
    const preimage = hexlify(program?.rootPreimage ?? new Uint8Array());
    const data = registry.encodeFunctionData("register", [specToAbi(spec), preimage, royaltyBps, uri]) as Hex;
    return { modelId: idOfModel(spec), call: { to: this.#addresses.modelRegistry, data, valueWei: 0n } };
  }

  request(modelId: ModelId, tensors: readonly Uint8Array[], answerPeriodS: number, feeWei: bigint): PaidCall {
    const policy = packWord(POLICY, {
      provisional: false,
      final: false,
      callbackGas: 0,
      callbackGasPrice: 0n,
      answerPeriod: answerPeriodS,
      minBond: 0n,
      atolClass: 0,
      rtolClass: 0,
    });
    return this.#call("request", [modelId, tensors.map((tensor) => hexlify(tensor)), policy], feeWei);
  }

  expire(request: Request): PaidCall {
    return this.#call("expire", [request]);
  }

  #call(method: string, args: readonly unknown[], valueWei = 0n): PaidCall {
    const data = coordinator.encodeFunctionData(method, [...args]) as Hex;
    return { to: this.#addresses.coordinator, data, valueWei };
  }
}
