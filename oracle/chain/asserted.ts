/** What becomes of requests: the events `Asserted`, `Rejected`, `Finalised` and `Settled`. */
import { getBytes, Interface, type Log } from "ethers";
import type { AnswerStructOutput } from "../../types/contracts/inference/InferenceCoordinator.ts";
import type { AssertedEvent, EndedEvent } from "../roles/ports.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI } from "./abi.ts";
import { GarbageLogError } from "./garbageLog.ts";

const events = new Interface(COORDINATOR_ABI);

/**
 * The answer in a log. Its output's root is computed; its id can only be from its request.
 * @throws GarbageLogError
 */
export function readAsserted(log: Log): AssertedEvent {
  const { requestId, assertionId, operator, answer, outputRoot, finalisableAt, output } = decode("Asserted", log);
  const given = answer as AnswerStructOutput;
  const bytes = getBytes(output);
  const root = chunkRoot(bytes);
  if (root !== outputRoot) throw new GarbageLogError(`its output has root ${root}, not ${outputRoot}`);
  if (given.operator !== operator) throw new GarbageLogError(`it is of ${operator} and of ${given.operator}`);
  return {
    requestId,
    assertionId,
    answer: { operator, issuedAt: Number(given.issuedAt), traceRoot: given.traceRoot as Hex },
    outputRoot,
    output: bytes,
    finalisableAt: Number(finalisableAt),
    block: { number: log.blockNumber, hash: log.blockHash as Hex },
  };
}

const ENDINGS = { Rejected: "rejected", Finalised: "final", Settled: "settled" } as const;

/** @throws GarbageLogError */
export function readEnded(event: keyof typeof ENDINGS, log: Log): EndedEvent {
  const { requestId, assertionId } = decode(event, log);
  const block = { number: log.blockNumber, hash: log.blockHash as Hex };
  return { ending: ENDINGS[event], requestId, assertionId, block };
}

function decode(event: string, log: Log) {
  try {
    return events.decodeEventLog(event, log.data, log.topics);
  } catch (cause) {
    throw new GarbageLogError("it cannot be decoded", { cause });
  }
}
