/** The game's events, believed only as far as they can be checked. */
import { type Result as Args, getBytes, Interface, type Log } from "ethers";
import type {
  FocusStructOutput,
  ResultStructOutput,
  SessionStructOutput,
} from "../../../types/contracts/interfaces/IDisputeGame.ts";
import type { GameEvent } from "../../dispute/event.ts";
import type { Result, Session } from "../../dispute/session.ts";
import { chunkRoot } from "../../vm/chunkTree.ts";
import { fromHex, type Hex, keccak256, toHex } from "../../vm/keccak.ts";
import { DISPUTE_GAME_ABI } from "../abi.ts";
import { GarbageLogError } from "../garbageLog.ts";
import { topicOf } from "../topic.ts";
import { type Domain, assertionId as idOf } from "../typedData.ts";
import {
  focusFromAbi,
  focusHash,
  groundFromAbi,
  refutedChunk,
  resultFromAbi,
  sessionFromAbi,
  sessionIdOf,
  sumsHash,
} from "./structs.ts";

const game = new Interface(DISPUTE_GAME_ABI);

type Reader = (domain: Domain, args: Args) => GameEvent;

const READERS: Readonly<Record<GameEvent["type"], Reader>> = {
  Opened: (domain, args) => {
    const base = withState(args);
    const result = resultFromAbi(args.result as unknown as ResultStructOutput);
    checkResult(domain, base.assertionId, result);
    check("owner", base.session.owner, args.owner);
    check("operator", base.session.operator, result.operator);
    return { type: "Opened", ...base, result };
  },
  Committed: (_, args) => {
    const nodes = [...(args.nodes as Iterable<Hex>)];
    const traceRoot = args.traceRoot as Hex;
    check("root of the nodes", rootOf(nodes.map(fromHex)), traceRoot);
    return { type: "Committed", assertionId: args.assertionId, traceRoot, nodes };
  },
  Picked: (_, args) => ({ type: "Picked", ...withState(args) }),
  Revealed: (_, args) => {
    const base = withState(args);
    const data = getBytes(args.data);
    check(
      "hash of the data",
      base.session.height === 0 ? toHex(keccak256(data)) : rootOf(nodesOf(data)),
      base.session.node,
    );
    return { type: "Revealed", ...base, data };
  },
  FocusPicked: (_, args) => {
    const base = withState(args);
    const focus = focusFromAbi(args.focus as unknown as FocusStructOutput);
    check("focus", focusHash(focus), base.session.focus);
    return { type: "FocusPicked", ...base, focus };
  },
  SumsRevealed: (_, args) => {
    const base = withState(args);
    const focus = focusFromAbi(args.focus as unknown as FocusStructOutput);
    const sums = getBytes(args.sums);
    check("focus and sums", sumsHash(focus, sums), base.session.focus);
    return { type: "SumsRevealed", ...base, focus, sums };
  },
  Refuted: (_, { assertionId, operator, prover, ground, chunk, refund }) => {
    const shown = { ground: groundFromAbi(ground), chunk: refutedChunk(chunk) };
    return { type: "Refuted", assertionId, operator, prover, ...shown, refund };
  },
  SessionLost: (_, { assertionId, sessionId, refund, burned }) => {
    return { type: "SessionLost", assertionId, sessionId, refund, burned };
  },
  Joined: (_, args) => ({ type: "Joined", ...withState(args) }),
  Claimed: (_, { assertionId, sessionId, owner, amount }) => ({
    type: "Claimed",
    assertionId,
    sessionId,
    owner,
    amount,
  }),
  ReceiptPosted: (domain, args) => {
    const { assertionId, disputableUntil } = args;
    const result = resultFromAbi(args.result as unknown as ResultStructOutput);
    checkResult(domain, assertionId, result);
    const data = { input: getBytes(args.input), output: getBytes(args.output) };
    if (data.output.length > 0) {
      check("root of the input", chunkRoot(data.input), result.inputRoot);
      check("root of the output", chunkRoot(data.output), result.outputRoot);
    }
    return { type: "ReceiptPosted", assertionId, result, disputableUntil: Number(disputableUntil), ...data };
  },
};

/** Topics of the events that a player reads. */
export const GAME_TOPICS: readonly string[] = Object.keys(READERS).map((name) => topicOf(game, name));

/**
 * The event in a log of the game. Ids, and what a root or a hash stands for, are computed from the rest.
 * @throws GarbageLogError
 */
export function readGameEvent(domain: Domain, log: Log): GameEvent {
  try {
    const parsed = game.parseLog(log);
    const read = parsed === null ? undefined : READERS[parsed.name as GameEvent["type"]];
    if (parsed === null || read === undefined) throw new GarbageLogError("its topic is unknown");
    return read(domain, parsed.args);
  } catch (error) {
    if (error instanceof GarbageLogError) throw error;
    throw new GarbageLogError("it cannot be decoded", { cause: error });
  }
}

function withState(args: Args): { assertionId: Hex; sessionId: Hex; session: Session } {
  const session = sessionFromAbi(args.session as unknown as SessionStructOutput);
  const { assertionId, sessionId } = args;
  check("assertion of the session", session.assertionId, assertionId);
  check("id of the session", sessionIdOf(session.assertionId, session.serial), sessionId);
  return { assertionId, sessionId, session };
}

function checkResult(domain: Domain, assertionId: Hex, result: Result): void {
  check("hash of the Result", idOf(domain, result), assertionId);
}

function check(what: string, actual: string, claimed: string): void {
  if (actual !== claimed) throw new GarbageLogError(`its ${what} is ${actual}, not ${claimed}`);
}

/** The root over the nodes of one level; nothing unless their number is a power of two. */
function rootOf(nodes: readonly Uint8Array[]): Hex {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return toHex(only);
  if (nodes.length % 2 === 1 || nodes.length === 0)
    throw new GarbageLogError(`there is no level of ${nodes.length} nodes`);
  const pairs = Array.from({ length: nodes.length / 2 }, (_, i) => nodes.slice(2 * i, 2 * i + 2));
  return rootOf(pairs.map((pair) => keccak256(...pair)));
}

const NODE_BYTES = 32;
const nodesOf = (data: Uint8Array) =>
  Array.from({ length: Math.ceil(data.length / NODE_BYTES) }, (_, i) =>
    data.slice(i * NODE_BYTES, (i + 1) * NODE_BYTES),
  );
