/** Logs of a deployment as the events that they are, sorted by kind. */
import { getAddress, Interface, type Log } from "ethers";
import type { AssertedEvent, ChainEvents, EndedEvent, PlacedGameEvent, RequestedEvent } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI } from "./abi.ts";
import { readAsserted, readEnded } from "./asserted.ts";
import { GAME_TOPICS, readGameEvent } from "./game/events.ts";
import { GarbageLogError } from "./garbageLog.ts";
import { readRequested } from "./requested.ts";
import { topicOf } from "./topic.ts";
import { domainOf } from "./typedData.ts";

const coordinatorEvents = new Interface(COORDINATOR_ABI);
const READ = ["Requested", "Asserted", "Rejected", "Finalised", "Settled"] as const;

/** First topics of the events that are read. */
export const TOPICS: readonly string[] = [...READ.map((name) => topicOf(coordinatorEvents, name)), ...GAME_TOPICS];

export interface Contracts {
  readonly chainId: number;
  readonly coordinator: string;
  /** The arbiter; one that is no game says nothing. */
  readonly game: string;
}

/** @param onGarbage is told of logs that the contracts do not emit, which are left out */
export function eventsIn(
  { chainId, coordinator, game }: Contracts,
  logs: readonly Log[],
  onGarbage: (log: Log, error: GarbageLogError) => void,
): ChainEvents {
  const requests: RequestedEvent[] = [];
  const assertions: AssertedEvent[] = [];
  const endings: EndedEvent[] = [];
  const placed: PlacedGameEvent[] = [];
  const domain = domainOf(BigInt(chainId), coordinator);
  const take = (log: Log) => {
    const block = { number: log.blockNumber, hash: log.blockHash as Hex };
    if (log.address === getAddress(game)) {
      placed.push({ event: readGameEvent(domain, log), block, logIndex: log.index });
      return;
    }
    const name = coordinatorEvents.getEvent(log.topics[0] ?? "")?.name;
    if (name === "Requested") requests.push(readRequested(BigInt(chainId), coordinator, log));
    else if (name === "Asserted") assertions.push(readAsserted(log));
    else if (name === "Rejected" || name === "Finalised" || name === "Settled") endings.push(readEnded(name, log));
    else throw new GarbageLogError("its topic is unknown");
  };
  for (const log of logs) {
    try {
      take(log);
    } catch (error) {
      if (!(error instanceof GarbageLogError)) throw error;
      onGarbage(log, error);
    }
  }
  return { requests, assertions, endings, game: placed };
}
