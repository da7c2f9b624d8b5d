/** The contracts of a deployment with TypeChain's types, which are there at compile time only. */
import { Contract, type ContractRunner } from "ethers";
import type { DisputeGame, InferenceCoordinator, ModelRegistry } from "../../types/index.ts";
import { COORDINATOR_ABI, DISPUTE_GAME_ABI, MODEL_REGISTRY_ABI } from "./abi.ts";

export function coordinatorAt(address: string, runner: ContractRunner): InferenceCoordinator {
  return new Contract(address, COORDINATOR_ABI, runner) as unknown as InferenceCoordinator;
}

export function modelRegistryAt(address: string, runner: ContractRunner): ModelRegistry {
  return new Contract(address, MODEL_REGISTRY_ABI, runner) as unknown as ModelRegistry;
}

export function disputeGameAt(address: string, runner: ContractRunner): DisputeGame {
  return new Contract(address, DISPUTE_GAME_ABI, runner) as unknown as DisputeGame;
}
