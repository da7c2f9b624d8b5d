/** Reverted calls as the contracts' own errors. */
import { Interface, isCallException } from "ethers";
import { RevertError } from "../roles/ports.ts";
import { COORDINATOR_ABI, DISPUTE_GAME_ABI, MODEL_REGISTRY_ABI, TENSOR_VM_ABI, VERDICT_ABI } from "./abi.ts";

const errorsOf = (abi: readonly string[]) => abi.filter((line) => line.startsWith("error "));
const abis = [COORDINATOR_ABI, MODEL_REGISTRY_ABI, DISPUTE_GAME_ABI, VERDICT_ABI, TENSOR_VM_ABI];
const errors = new Interface([...new Set(abis.flatMap(errorsOf))]);

/** The revert that `error` reports, decoded. Throws `error` itself if it is anything else. */
export function revertOf(error: unknown): RevertError {
  if (!isCallException(error)) throw error;
  const { data, reason, info } = error;
  // Out of gas and the like revert without data: only the node's own words tell.
  const words = reason ?? info?.error?.message ?? "unknown";
  const parsed = data === null ? null : errors.parseError(data);
  if (parsed === null) return new RevertError("unknown", [words], { cause: error });
  return new RevertError(parsed.name, [...parsed.args], { cause: error });
}
