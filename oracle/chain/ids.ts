/** Requests and the hashes that stand for them on chain (docs/formats.md, "Request"). */
import { AbiCoder, getBytes } from "ethers";
import type { RequestStructOutput } from "../../types/contracts/inference/InferenceCoordinator.ts";
import { type Hex, keccak256, toHex } from "../vm/keccak.ts";

/** A request as its event states it; every later call supplies it so. */
export interface Request {
  readonly requester: string;
  /** The block's number times 2^16, plus the number of earlier requests there that are equal. */
  readonly nonce: bigint;
  readonly modelId: Hex;
  readonly inputRoot: Hex;
  /** The word of a `Policy`. */
  readonly policy: bigint;
  /** Wei, callbacks not included. */
  readonly fee: bigint;
  /** The word of the `Model` as it was then. */
  readonly model: bigint;
  /** The word of the `Assignment`. */
  readonly assignment: bigint;
}

/** The request that a `Requested` event carries. */
export function requestFromAbi(request: RequestStructOutput): Request {
  const { requester, nonce, modelId, inputRoot, policy, fee, model, assignment } = request;
  return { requester, nonce, modelId: modelId as Hex, inputRoot: inputRoot as Hex, policy, fee, model, assignment };
}

const hashOf = (types: readonly string[], values: readonly unknown[]) =>
  keccak256(getBytes(AbiCoder.defaultAbiCoder().encode(types, values)));

export function requestId(chainId: bigint, coordinator: string, request: Omit<Request, "model" | "assignment">): Hex {
  const { requester, nonce, modelId, inputRoot, policy, fee } = request;
  const types = ["uint256", "address", "address", "uint64", "bytes32", "bytes32", "uint256", "uint96"];
  return toHex(hashOf(types, [chainId, coordinator, requester, nonce, modelId, inputRoot, policy, fee]));
}

/**
 * What a request's state keeps of its terms and, once it is final, of its output: the upper 192 bits of a hash.
 * @param finalRoot root of the final output, zero before
 */
export function commitment(request: Pick<Request, "model" | "assignment">, finalRoot: Hex): bigint {
  const hash = hashOf(["uint256", "uint256", "bytes32"], [request.model, request.assignment, finalRoot]);
  return BigInt(toHex(hash)) >> 64n;
}
