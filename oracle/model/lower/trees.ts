/**
 * Tree ensembles in three kernels: the leaf that each tree reaches, its weights, and their sum. The weights lie scattered in
 * their table: gathered first, those of all trees side by side, they cost the proof of a sum a few chunks instead of one each.
 *
 * A tree is walked by a reduction over its levels whose accumulator is the node reached. Internal nodes come first, the
 * root of tree t being node t, then the leaves, which stay where they are. A node is four words of 8 bytes, side by side: the
 * feature with the outcomes that go the true way, the threshold, and the nodes of the true and the false branch.
 */
import { lookUp } from "../lookup.ts";
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { pack, unpack } from "../tensor.ts";
import { asInteger, type Condition, type F64, f64, i64, isF64, type Num } from "./expr.ts";
import { concatenate } from "./indexing.ts";
import { load } from "./kernels.ts";
import { sigmoid } from "./math/exponential.ts";
import { type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import { asRows, bestLabel, binaryLabel, labelsOf, postTransformed, twoScores } from "./scores.ts";
import { constantTensor, type Tensor } from "./tensor.ts";
import { broadcastTo, sliced } from "./view.ts";

const DOMAIN = "ai.onnx.ml";
const EXACT = "all modes and post transforms; weights are added in binary64, in the order of the trees";

export const TREES: readonly Operator[] = taking(NUMBERS, [
  { domain: DOMAIN, name: "TreeEnsembleRegressor", since: 1, remark: EXACT, lower: regressor },
  {
    domain: DOMAIN,
    name: "TreeEnsembleClassifier",
    since: 1,
    remark: `${EXACT}; labels that are strings cannot be asked for; two classes as ONNX Runtime has them`,
    lower: classifier,
  },
]);

/** Outcomes of comparing a value with a threshold: bits of a mask that says which go the true way. */
const LESS = 1n;
const EQUAL = 2n;
const GREATER = 4n;
const UNORDERED = 8n;

const TRUE_OUTCOMES: Readonly<Record<string, bigint>> = {
  BRANCH_LEQ: LESS | EQUAL,
  BRANCH_LT: LESS,
  BRANCH_GTE: GREATER | EQUAL,
  BRANCH_GT: GREATER,
  BRANCH_EQ: EQUAL,
  BRANCH_NEQ: LESS | GREATER | UNORDERED,
};

const WORDS_PER_NODE = 4;
/** The mask is above the feature in a node's first word. */
const MASK_SHIFT = 32n;

interface Ensemble {
  readonly trees: number;
  readonly internalNodes: number;
  /** Levels of the deepest tree. */
  readonly depth: number;
  readonly words: readonly bigint[];
  /** The mask that all nodes share, if they do. */
  readonly mask: bigint | undefined;
  /** The place of each leaf among the leaves, by tree and node. */
  readonly leaves: ReadonlyMap<string, number>;
}

/** A node of the attributes, which are lists with one entry per node. */
interface TreeNode {
  readonly key: string;
  readonly feature: bigint;
  readonly threshold: number;
  /** Undefined for a leaf. */
  readonly mask: bigint | undefined;
  readonly children: readonly [string, string];
}

const keyOf = (tree: bigint | undefined, node: bigint | undefined) => `${tree} ${node}`;

/** Numbers of an attribute of floats, or of the tensor of doubles that since version 3 may take its place. */
function numbers(node: NodeContext, name: string): readonly number[] | undefined {
  const tensor = node.attributes.tensor(`${name}_as_tensor`);
  if (tensor === undefined) return node.attributes.floats(name);
  return Array.from<number | bigint>(unpack(tensor.dtype, tensor.bytes)).map(Number);
}

/** The nodes by key, and the keys of the roots: the first node of each tree. */
function readNodes(node: NodeContext): { roots: string[]; nodes: Map<string, TreeNode> } {
  const { attributes } = node;
  attributes.ignore("nodes_hitrates", "nodes_hitrates_as_tensor");
  const integers = (name: string) => attributes.bigints(name) ?? [];
  const [trees, ids, features] = [integers("nodes_treeids"), integers("nodes_nodeids"), integers("nodes_featureids")];
  const [trueIds, falseIds] = [integers("nodes_truenodeids"), integers("nodes_falsenodeids")];
  const tracks = integers("nodes_missing_value_tracks_true");
  const modes = attributes.strings("nodes_modes") ?? [];
  const thresholds = numbers(node, "nodes_values") ?? [];
  const isWhole = [trees, features, trueIds, falseIds, modes, thresholds].every(({ length }) => length === ids.length);
  if (!isWhole) throw new InvalidNodeError("lists of nodes have different lengths");
  const nodes = new Map<string, TreeNode>();
  for (const [i, id] of ids.entries()) {
    const key = keyOf(trees[i], id);
    if (nodes.has(key)) throw new InvalidNodeError(`node ${id} of tree ${trees[i]} is there twice`);
    nodes.set(key, {
      key,
      feature: features[i] ?? 0n,
      threshold: thresholds[i] ?? 0,
      mask: maskOf(modes[i] ?? "", tracks[i] === 1n),
      children: [keyOf(trees[i], trueIds[i]), keyOf(trees[i], falseIds[i])],
    });
  }
  const roots = ids.flatMap((id, i) => (i === 0 || trees[i] !== trees[i - 1] ? [keyOf(trees[i], id)] : []));
  return { roots, nodes };
}

function maskOf(mode: string, isMissingTrue: boolean): bigint | undefined {
  if (mode === "LEAF") return undefined;
  const outcomes = lookUp(TRUE_OUTCOMES, mode);
  if (outcomes === undefined) throw new UnsupportedError(`mode ${mode}`);
  return isMissingTrue ? outcomes | UNORDERED : outcomes;
}

function readEnsemble(node: NodeContext, features: number): Ensemble {
  const { roots, nodes } = readNodes(node);
  const get = (key: string) => {
    const found = nodes.get(key);
    if (found === undefined) throw new InvalidNodeError(`there is no node ${key}`);
    return found;
  };
  // A tree that is one leaf gets an internal node whose branches both are it.
  const rootNodes = roots.map(get).map((root): TreeNode => {
    if (root.mask !== undefined) return root;
    return { ...root, key: `root ${root.key}`, feature: 0n, mask: 0n, children: [root.key, root.key] };
  });
  const internal = [...rootNodes];
  const leaves = new Map<string, number>();
  const places = new Map(internal.map(({ key }, i) => [key, i]));
  let depth = 0;
  let level = rootNodes;
  while (level.length > 0) {
    depth++;
    const children = level.flatMap((parent) => parent.children.map(get));
    for (const child of children) {
      if (child.mask === undefined) leaves.set(child.key, leaves.get(child.key) ?? leaves.size);
      else if (places.has(child.key)) throw new InvalidNodeError(`node ${child.key} has two parents`);
      else places.set(child.key, internal.push(child) - 1);
    }
    level = children.filter(({ mask }) => mask !== undefined);
  }
  const placeOf = (key: string) => BigInt(places.get(key) ?? internal.length + (leaves.get(key) ?? 0));
  const words = internal.flatMap(({ feature, threshold, mask = 0n, children: [yes, no] }) => {
    if (feature < 0n || feature >= BigInt(features)) throw new InvalidNodeError(`feature ${feature} of ${features}`);
    return [feature | (mask << MASK_SHIFT), bitsOf(threshold), placeOf(yes), placeOf(no)];
  });
  const masks = new Set(internal.map(({ mask }) => mask));
  const [mask] = masks.size === 1 ? masks : [undefined];
  return { trees: roots.length, internalNodes: internal.length, depth, words, mask, leaves };
}

function bitsOf(x: number): bigint {
  return unpack("i64", pack("f64", [x]))[0] ?? 0n;
}

/** Whether a value goes the true way. */
function goesTrue(x: F64, threshold: F64, mask: bigint): Condition {
  const ordered = mask & (LESS | EQUAL | GREATER);
  const comparison = (): Condition | undefined => {
    switch (ordered) {
      case LESS | EQUAL:
        return x.le(threshold);
      case LESS:
        return x.lt(threshold);
      case GREATER | EQUAL:
        return x.ge(threshold);
      case GREATER:
        return x.gt(threshold);
      case EQUAL:
        return x.eq(threshold);
      case LESS | GREATER:
        return x.lt(threshold).or(x.gt(threshold));
      default:
        return undefined;
    }
  };
  const holds = comparison() ?? x.ne(x).and(x.eq(x));
  return mask & UNORDERED ? holds.or(x.isNaN()) : holds;
}

/** The leaf [N, trees] that each tree reaches, counted among the leaves. */
function reachedLeaves(node: NodeContext, x: Tensor, ensemble: Ensemble): Tensor {
  const { trees, internalNodes, depth, words, mask } = ensemble;
  const table = constantTensor("i64", [words.length], pack("i64", words));
  const word = (at: ReturnType<typeof i64>) => asInteger(load(table, [at]));
  return node.kernels.reduce("i32", [x.dims[0] ?? 1, trees], {
    digits: [depth],
    init: 0n,
    step: (reached, [level = i64(0)], [n = i64(0), tree = i64(0)]) => {
      const at = level.eq(0).select(tree, asInteger(reached));
      const base = at.mul(WORDS_PER_NODE);
      const first = word(base);
      const value = load(x, [
        n,
        mask === undefined ? first.bitAnd(2n ** MASK_SHIFT - 1n) : first.sub(mask << MASK_SHIFT),
      ]);
      const threshold = word(base.add(1)).asF64();
      const float = isF64(value) ? value : asInteger(value).toF64();
      const outcome = float
        .lt(threshold)
        .select(i64(0), float.eq(threshold).select(i64(1), float.gt(threshold).select(i64(2), i64(3))));
      const way =
        mask === undefined ? first.shrU(MASK_SHIFT).shrU(outcome).bitAnd(1).ne(0) : goesTrue(float, threshold, mask);
      const next = word(base.add(2).add(way.not().bit()));
      return at.lt(internalNodes).select(next, at);
    },
    finish: (reached) => asInteger(reached).sub(internalNodes),
  });
}

/** How the weights of the leaves become one. */
interface Aggregate {
  readonly init: number;
  step(sum: Num, weight: Num): Num;
  finish?(sum: Num): Num;
}

/** Scores [N, targets] as f64; weights are listed under the prefix `target` or `class`. */
function scoresOf(node: NodeContext, prefix: string, targets: number, aggregate: (trees: number) => Aggregate): Tensor {
  const x = asRows(node, node.tensor(0));
  const ensemble = readEnsemble(node, x.dims[1] ?? 0);
  const reached = reachedLeaves(node, x, ensemble);
  const { init, step, finish } = aggregate(ensemble.trees);
  const weights = leafWeights(node, prefix, targets, ensemble, init);
  const rows = x.dims[0] ?? 1;
  const values = node.kernels.map(
    weights.dtype,
    [rows, targets, ensemble.trees],
    ([n = i64(0), target = i64(0), tree = i64(0)]) => load(weights, [asInteger(load(reached, [n, tree])), target]),
  );
  return node.kernels.reduce("f64", [rows, targets], {
    digits: [ensemble.trees],
    init,
    step: (sum, [tree = i64(0)], [n = i64(0), target = i64(0)]) => step(sum, load(values, [n, target, tree])),
    ...(finish === undefined ? {} : { finish }),
  });
}

/** The weights [leaves, targets]; a leaf without one for a target has `missing`, which changes nothing. */
function leafWeights(node: NodeContext, prefix: string, targets: number, ensemble: Ensemble, missing: number): Tensor {
  const integers = (name: string) => node.attributes.bigints(`${prefix}_${name}`) ?? [];
  const [trees, nodes, ids] = [integers("treeids"), integers("nodeids"), integers("ids")];
  const weights = numbers(node, `${prefix}_weights`) ?? [];
  const size = ensemble.leaves.size * targets;
  if (size > MAX_LEAF_WEIGHTS) throw new UnsupportedError(`${ensemble.leaves.size} leaves for ${targets} targets`);
  const table = new Float64Array(size).fill(missing);
  const seen = new Set<number>();
  for (const [i, weight] of weights.entries()) {
    const leaf = ensemble.leaves.get(keyOf(trees[i], nodes[i]));
    const target = Number(ids[i]);
    if (!(target >= 0 && target < targets)) throw new InvalidNodeError(`${prefix} ${target} of ${targets}`);
    // A weight of an internal node, or of one that no root leads to, is never used.
    if (leaf === undefined) continue;
    const place = leaf * targets + target;
    if (seen.has(place)) throw new UnsupportedError(`a leaf with two weights for ${prefix} ${target}`);
    seen.add(place);
    table[place] = weight;
  }
  const dtype = node.attributes.has(`${prefix}_weights_as_tensor`) ? "f64" : "f32";
  return constantTensor(dtype, [ensemble.leaves.size, targets], pack(dtype, table));
}

const SUM: Aggregate = { init: 0, step: (sum, weight) => sum.add(weight) };

const AGGREGATES: Readonly<Record<string, (trees: number) => Aggregate>> = {
  SUM: () => SUM,
  AVERAGE: (trees) => ({ ...SUM, finish: (sum) => sum.div(trees) }),
  MIN: () => ({ init: Number.POSITIVE_INFINITY, step: (least, weight) => least.min(weight), finish: orZero }),
  MAX: () => ({ init: Number.NEGATIVE_INFINITY, step: (most, weight) => most.max(weight), finish: orZero }),
};

/** No leaf had a weight. */
function orZero(score: Num): Num {
  return score.abs().eq(Number.POSITIVE_INFINITY).select(0, score);
}

/** Scores plus the base values, if there is one for each. */
function withBase(node: NodeContext, scores: Tensor, base: readonly number[] | undefined): Tensor {
  if (base === undefined || base.length !== scores.dims[1]) return scores;
  const row = constantTensor("f64", [1, base.length], pack("f64", base));
  return node.kernels.elementwise("f64", [scores, row], (score, value) => score.add(value));
}

function regressor(node: NodeContext): Tensor {
  const targets = node.attributes.int("n_targets") ?? 1;
  if (!(targets >= 1 && targets <= MAX_TARGETS)) throw new InvalidNodeError(`${targets} targets`);
  const aggregate = lookUp(AGGREGATES, node.attributes.string("aggregate_function") ?? "SUM");
  if (aggregate === undefined) throw new InvalidNodeError("aggregate_function");
  const scores = withBase(node, scoresOf(node, "target", targets, aggregate), numbers(node, "base_values"));
  const isPlain = targets === 1 && node.attributes.string("post_transform") !== "PROBIT";
  return isPlain ? node.kernels.elementwise("f32", [scores], (score) => score) : postTransformed(node, scores);
}

const MAX_TARGETS = 2 ** 16;
const MAX_LEAF_WEIGHTS = 2 ** 26;

function classifier(node: NodeContext): (Tensor | undefined)[] {
  const { kernels } = node;
  const { count, table } = labelsOf(node, "classlabels_int64s");
  if (count < 1 || count > MAX_TARGETS) throw new InvalidNodeError(`${count} labels`);
  const base = numbers(node, "base_values");
  const sums = scoresOf(node, "class", count, () => SUM);
  const classes = new Set(node.attributes.bigints("class_ids"));
  if (count === 2) return binaryClassifier(node, sums, table, base ?? [], classes);
  const scores = withBase(node, sums, base);
  return [table === undefined ? undefined : bestLabel(kernels, scores, table), postTransformed(node, scores)];
}

/**
 * Two classes, of which ONNX says little: this is what ONNX Runtime makes of them. If one class has all the weights its score
 * decides, against 1/2 if no weight is negative, else against 0; the other class gets what is left.
 */
function binaryClassifier(
  node: NodeContext,
  sums: Tensor,
  table: Tensor | undefined,
  base: readonly number[],
  classes: ReadonlySet<bigint>,
): (Tensor | undefined)[] {
  const { kernels } = node;
  const [hasFirst, hasSecond] = [classes.has(0n), classes.has(1n)];
  const isProbability = (numbers(node, "class_weights") ?? []).every((weight) => weight >= 0);
  const [first = 0, second = 0] = base;
  const column = (c: number, add: number) =>
    kernels.elementwise("f64", [sliced(sums, 1, c, 1, 1)], (sum) => sum.add(add));
  const negated = (score: Tensor) => kernels.elementwise("f64", [score], (s) => s.neg());
  const [low, high] =
    base.length === 2 && hasSecond
      ? [negated(column(0, second)), column(0, second)]
      : [column(0, first), column(1, second)];
  const decisive = hasSecond ? high : low;
  // A class without weights has the score 0, whatever its base value.
  const zero = broadcastTo(constantTensor("f64", [], pack("f64", [0])), low.dims);
  const scores =
    base.length === 2 || hasSecond
      ? concatenate(kernels, [hasFirst ? low : zero, hasSecond ? high : zero], 1)
      : undefined;
  const isPositive = (s: Num) => s.gt(classes.size === 1 && isProbability ? 0.5 : 0);
  // Where both classes have weights ONNX Runtime answers 0 or 1, whatever the labels are.
  const labels = classes.size === 1 || table === undefined ? table : constantTensor("i64", [2], pack("i64", [0, 1]));
  const label = labels === undefined ? undefined : binaryLabel(kernels, decisive, labels, isPositive);
  return [label, scores === undefined ? binaryScores(node, decisive, isProbability) : postTransformed(node, scores)];
}

function binaryScores(node: NodeContext, score: Tensor, isProbability: boolean): Tensor {
  const { kernels } = node;
  const transform = node.attributes.string("post_transform") ?? "NONE";
  if (transform === "PROBIT") throw new UnsupportedError("PROBIT of one score for two classes");
  if (transform === "LOGISTIC") return twoScores(kernels, score, (s) => sigmoid(s.neg()), sigmoid);
  const rest = (s: F64) => (isProbability ? f64(1).sub(s) : s.neg());
  return twoScores(kernels, score, rest, (s) => s);
}
