/**
 * Who may make which move in which phase, and where it leads. The table of docs/protocol.md is printed from here, and
 * the game that the tests play on paper looks its moves up here.
 */
import type { Move } from "./move.ts";
import type { Phase } from "./session.ts";

/** A frontier is this many levels below its node, or the leaves. */
export const FRONTIER_LEVELS = 6;

export type Side = "owner" | "operator";

/** Whose clock runs in a phase; undefined: nobody's. */
export const TURN: Readonly<Record<Phase, Side | undefined>> = {
  None: undefined,
  Commit: "operator",
  Pick: "owner",
  Reveal: "operator",
  Chunk: "owner",
  Sums: "operator",
  Segment: "owner",
  Joined: undefined,
};

export interface Rule {
  readonly id: string;
  readonly move: Move["type"];
  readonly from: readonly Phase[];
  /** `operator` includes whoever brings its signature. */
  readonly by: Side | "anybody";
  /** Whether only the side to move may, with time on its clock, and its turn ends. */
  readonly isTurn: boolean;
  readonly when: string;
  /** Absent: the move ends the session, or there is none. */
  readonly to?: Phase;
  readonly effect: string;
}

const OPEN: readonly Phase[] = ["Commit", "Pick", "Reveal", "Chunk", "Sums", "Segment"];

const refutation = (move: Move["type"], when: string): Rule => ({
  id: move,
  move,
  from: OPEN,
  by: "anybody",
  isTurn: false,
  when: `the assertion lives and its trace root is known; ${when}`,
  to: "Joined",
  effect:
    "the assertion is refuted; a session on the refuted path that the proof names has joined, the only one is over: it gets all",
});

export const RULES: readonly Rule[] = [
  {
    id: "open",
    move: "open",
    from: ["None"],
    by: "anybody",
    isTurn: false,
    when: "the assertion lives and is inside its window; the bond comes along",
    to: "Commit",
    effect: "both clocks are full, height and index are the root's, node is 0",
  },
  {
    id: "open.committed",
    move: "open",
    from: ["None"],
    by: "anybody",
    isTurn: false,
    when: "likewise, and the operator has committed",
    to: "Pick",
    effect: "likewise, node is the root",
  },
  {
    id: "commit",
    move: "commit",
    from: ["Commit"],
    by: "operator",
    isTurn: true,
    when: "for the first time; the nodes lead to the root; by anybody if the root is the signed one",
    to: "Pick",
    effect: "in every session of the assertion: node is the root",
  },
  {
    id: "pick",
    move: "pick",
    from: ["Pick"],
    by: "owner",
    isTurn: true,
    when: "the node is below the session's, on its frontier or deeper (a leaf's is itself), and covers a chunk of the trace",
    to: "Reveal",
    effect: "height, index and node are the picked ones",
  },
  {
    id: "reveal.nodes",
    move: "reveal",
    from: ["Reveal"],
    by: "anybody",
    isTurn: true,
    when: "height is above 0; the nodes lead to the session's",
    to: "Pick",
    effect: "",
  },
  {
    id: "reveal.chunk",
    move: "reveal",
    from: ["Reveal"],
    by: "anybody",
    isTurn: true,
    when: "height is 0; the hash of the chunk is the session's node",
    to: "Chunk",
    effect: "",
  },
  {
    id: "pickElement",
    move: "pickElement",
    from: ["Pick", "Chunk"],
    by: "owner",
    isTurn: true,
    when: "the chunk's path leads to the session's node; it has the element, of a well-formed kernel with R > S",
    to: "Sums",
    effect: "height, index and node are the chunk's; focus: the whole reduction",
  },
  {
    id: "revealSums",
    move: "revealSums",
    from: ["Sums"],
    by: "operator",
    isTurn: true,
    when: "one accumulator fewer than segments, NaNs canonical",
    to: "Segment",
    effect: "focus: with the sums",
  },
  {
    id: "pickSegment",
    move: "pickSegment",
    from: ["Segment"],
    by: "owner",
    isTurn: true,
    when: "the segment is longer than S",
    to: "Sums",
    effect: "focus: the segment",
  },
  refutation("proveElement", "an element is not what its kernel gives, or a malformed kernel's chunk is not 0"),
  refutation("proveTail", "a byte behind a kernel's last element is not 0"),
  refutation("provePadding", "a node behind the trace is not that of zeros"),
  refutation("proveOutput", "a chunk of the trace's output is not the asserted one, or an element of it too far off"),
  { ...refutation("proveSegment", "a segment's steps give something else"), from: ["Segment"] },
  {
    id: "timeout.owner",
    move: "timeout",
    from: ["Pick", "Chunk", "Segment"],
    by: "anybody",
    isTurn: false,
    when: "the owner's clock ran out",
    effect: "the owner loses its bond; nothing is decided",
  },
  {
    id: "timeout.operator",
    move: "timeout",
    from: ["Commit", "Reveal", "Sums"],
    by: "anybody",
    isTurn: false,
    when: "the operator's clock ran out",
    to: "Joined",
    effect:
      "the assertion is refuted, every session is on the refuted path, and this one has joined or, as the only one, is over",
  },
  {
    id: "claim.join",
    move: "claim",
    from: OPEN,
    by: "anybody",
    isTurn: false,
    when: "the assertion is refuted, the session is on the refuted path and not the only one, inside the payout delay",
    to: "Joined",
    effect: "",
  },
  {
    id: "claim.rest",
    move: "claim",
    from: OPEN,
    by: "anybody",
    isTurn: false,
    when: "the assertion is refuted; the session is off the path, the only one, or the payout delay is over",
    effect: "bond and costs; the only session on the path: all",
  },
  {
    id: "claim.share",
    move: "claim",
    from: ["Joined"],
    by: "anybody",
    isTurn: false,
    when: "the payout delay is over",
    effect: "bond, costs and share",
  },
];
