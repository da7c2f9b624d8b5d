// An operator's answer, right or wrong, that a challenger disputes: each move with its usual arguments, which a test
// replaces one at a time.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { concat, parseEther } from "ethers";
import type { ModelSpec } from "../../oracle/chain/modelSpec.ts";
import type { Result } from "../../oracle/dispute/session.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { mined } from "../coordinator/world.ts";
import type { Arena, Asserted, Operator, Session } from "./arena.ts";
import { chunkProof, type Focus, frontier, nodePath, type Subject } from "./subject.ts";

export interface SceneOptions {
  /** What the operator has as its trace; the canonical one by default. */
  readonly trace?: Uint8Array;
  /** What it asserts; its trace's output by default. */
  readonly output?: Uint8Array;
  readonly result?: Partial<Result>;
  readonly spec?: Partial<ModelSpec>;
  readonly policy?: Parameters<Arena["ask"]>[2];
}

export class Scene {
  readonly arena: Arena;
  readonly subject: Subject;
  readonly operator: Operator;
  readonly model: Awaited<ReturnType<Arena["register"]>>;
  readonly asked: Awaited<ReturnType<Arena["ask"]>>;
  readonly asserted: Asserted;
  readonly trace: Uint8Array;
  readonly tree: ChunkTree;
  readonly output: Uint8Array;

  private constructor(
    arena: Arena,
    subject: Subject,
    parts: Pick<Scene, "operator" | "model" | "asked" | "asserted" | "trace" | "output">,
  ) {
    this.arena = arena;
    this.subject = subject;
    this.operator = parts.operator;
    this.model = parts.model;
    this.asked = parts.asked;
    this.asserted = parts.asserted;
    this.trace = parts.trace;
    this.output = parts.output;
    this.tree = new ChunkTree(parts.trace);
  }

  /** Registers the program, asks, and answers. */
  static async of(arena: Arena, subject: Subject, options: SceneOptions = {}): Promise<Scene> {
    const trace = options.trace ?? subject.canonical;
    const output = options.output ?? subject.output(trace);
    const operator = await arena.enlist(arena.signer(1));
    const model = await arena.register(subject, options.spec);
    const asked = await arena.ask(model.id, subject.input, options.policy);
    const asserted = await arena.answer(asked, operator, output, options.result);
    return new Scene(arena, subject, { operator, model, asked, asserted, trace, output });
  }

  get challenger(): HardhatEthersSigner {
    return this.arena.signer(2);
  }

  get stranger(): HardhatEthersSigner {
    return this.arena.signer(3);
  }

  get result() {
    return this.asserted.result;
  }

  get game() {
    return this.arena.game;
  }

  sendOpen(from = this.challenger, value = parseEther("0.02")) {
    return this.game.connect(from).open(this.result, this.model.encoded, { value });
  }

  async open(from = this.challenger): Promise<Session> {
    return (await this.arena.played(this.sendOpen(from))).session;
  }

  sendCommit(options: { from?: HardhatEthersSigner; root?: string; nodes?: string[]; signature?: string } = {}) {
    const { tree } = this;
    const { from = this.operator.account, root = tree.root, nodes = frontier(tree, tree.depth, 0) } = options;
    return this.game.connect(from).commit(this.result, root, nodes, options.signature ?? "0x");
  }

  async commit(): Promise<void> {
    await mined(this.sendCommit());
  }

  sendPick(
    session: Session,
    height: number,
    index: number,
    options: { from?: HardhatEthersSigner; node?: Uint8Array; path?: string[] } = {},
  ) {
    const { from = this.challenger } = options;
    const node = options.node ?? this.tree.node(height, index);
    const path = options.path ?? nodePath(this.tree, height, index, Number(session.height));
    return this.game.connect(from).pick(session, height, index, node, path);
  }

  async pick(session: Session, height: number, index: number): Promise<Session> {
    return (await this.arena.played(this.sendPick(session, height, index))).session;
  }

  /** What is below the session's node in the operator's tree. */
  below({ height, index }: Session): string | Uint8Array {
    return Number(height) === 0
      ? this.tree.chunk(Number(index))
      : concat(frontier(this.tree, Number(height), Number(index)));
  }

  sendReveal(session: Session, data = this.below(session), from = this.stranger) {
    return this.game.connect(from).reveal(session, data);
  }

  async reveal(session: Session): Promise<Session> {
    return (await this.arena.played(this.sendReveal(session))).session;
  }

  sendPickElement(
    session: Session,
    kernel: number,
    element: number,
    options: { from?: HardhatEthersSigner; result?: Result; chunk?: number } = {},
  ) {
    const { from = this.challenger, result = this.result } = options;
    const chunk = options.chunk ?? this.chunkOf(kernel, element);
    const at = chunkProof(this.tree, chunk, Number(session.height));
    const proof = this.subject.kernelProof(kernel);
    return this.game.connect(from).pickElement(session, result, this.model.encoded, proof, at, element);
  }

  pickElement(session: Session, kernel: number, element: number) {
    return this.focused(this.sendPickElement(session, kernel, element));
  }

  sendRevealSums(
    session: Session,
    focus: Focus,
    sums: string,
    options: { from?: HardhatEthersSigner; signature?: string } = {},
  ) {
    const { from = this.operator.account, signature = "0x" } = options;
    return this.game.connect(from).revealSums(session, focus, sums, signature);
  }

  async revealSums(session: Session, focus: Focus, sums: string): Promise<Session> {
    return (await this.arena.played(this.sendRevealSums(session, focus, sums))).session;
  }

  pickSegment(session: Session, focus: Focus, sums: string, segment: number, from = this.challenger) {
    return this.focused(this.game.connect(from).pickSegment(session, focus, sums, segment));
  }

  sendProveSegment(
    session: Session,
    focus: Focus,
    sums: string,
    segment: number,
    kernel: number,
    run: { element: number; from: number; to: number },
  ) {
    const { chunks, descriptor } = this.subject.leaf(kernel);
    const witness = this.subject.witness(this.trace, kernel, run);
    const { result, model } = this;
    return this.game
      .connect(this.challenger)
      .proveSegment(session, result, model.encoded, focus, sums, segment, chunks, descriptor, witness);
  }

  sendProveElement(
    kernel: number,
    element: number,
    options: { from?: HardhatEthersSigner; sessions?: Session[]; witness?: Uint8Array; chunk?: number } = {},
  ) {
    const { from = this.stranger, sessions = [], chunk = this.chunkOf(kernel, element) } = options;
    const { steps } = this.subject.valid(kernel);
    const witness = options.witness ?? this.subject.witness(this.trace, kernel, { element, from: 0, to: steps });
    const { result, model } = this;
    const proof = this.subject.kernelProof(kernel);
    const traced = chunkProof(this.tree, chunk);
    return this.game.connect(from).proveElement(result, model.encoded, proof, traced, element, witness, sessions);
  }

  sendTimeout(session: Session, from = this.stranger) {
    return this.game.connect(from).timeout(session, this.result);
  }

  /** The trace chunk with an element. */
  chunkOf(kernel: number, element: number): number {
    return this.subject.chunkOf(kernel, element);
  }

  private async focused(sent: ReturnType<DisputeMove>) {
    const { args } = this.arena.event(await mined(sent), "FocusPicked");
    return { session: args.session.toObject() as Session, focus: args.focus.toObject() as Focus };
  }
}

type DisputeMove = Scene["sendTimeout"];

/** A scene made once, gone back to before every test. */
export function staged(make: () => Promise<Scene>): () => Scene {
  let scene: Scene | undefined;
  let snapshot: Awaited<ReturnType<Arena["connection"]["networkHelpers"]["takeSnapshot"]>> | undefined;
  before(async () => {
    scene = await make();
    snapshot = await scene.arena.connection.networkHelpers.takeSnapshot();
  });
  beforeEach(async () => {
    await snapshot?.restore();
  });
  return () => {
    if (scene === undefined) throw new Error("the scene is not set yet");
    return scene;
  };
}
