/** The `Requested` event, believed only as far as it can be checked. */
import { getBytes, Interface, type Log } from "ethers";
import type { RequestedEvent } from "../roles/ports.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI } from "./abi.ts";
import { GarbageLogError } from "./garbageLog.ts";
import { type Request, requestId } from "./ids.ts";
import { ASSIGNMENT, MODEL, POLICY, unpackWord } from "./words.ts";

const events = new Interface(COORDINATOR_ABI);

/**
 * The request in a log. Its id and its input's root are computed from the rest, and its words and lengths must agree.
 * @throws GarbageLogError
 */
export function readRequested(chainId: bigint, coordinator: string, log: Log): RequestedEvent {
  const { request, input, claimedId } = decode(log);
  const id = requestId(chainId, coordinator, request);
  if (id !== claimedId) throw new GarbageLogError(`its fields make ${id}, not ${claimedId}`);
  const root = chunkRoot(input);
  if (root !== request.inputRoot) throw new GarbageLogError(`its input has root ${root}, not ${request.inputRoot}`);
  const { inputBytes } = unpackWord(MODEL, request.model);
  if (input.length !== inputBytes) throw new GarbageLogError(`its input has ${input.length} of ${inputBytes} bytes`);
  return { requestId: id, request, input, block: { number: log.blockNumber, hash: log.blockHash as Hex } };
}

function decode(log: Log) {
  try {
    const { requestId: claimedId, request, input } = events.decodeEventLog("Requested", log.data, log.topics);
    const { requester, nonce, modelId, inputRoot, policy, fee, model, assignment } = request as Request;
    unpackWord(POLICY, policy);
    unpackWord(MODEL, model);
    unpackWord(ASSIGNMENT, assignment);
    return {
      claimedId: String(claimedId),
      request: { requester, nonce, modelId, inputRoot, policy, fee, model, assignment },
      input: getBytes(input),
    };
  } catch (cause) {
    throw new GarbageLogError("it cannot be decoded", { cause });
  }
}
