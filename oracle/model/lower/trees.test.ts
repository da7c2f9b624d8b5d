import { expect } from "chai";
import { f32, runNode, type TestAttribute } from "../../../test/operators.ts";

const ML = { domain: "ai.onnx.ml", opset: 3 };
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** The regressor of one node `x mode 0` per mode; its tree adds 1 in the true leaf of tree 0, 2 in that of tree 1, and so on. */
function oneNodeTrees(modes: readonly string[], tracksTrue = false): Record<string, TestAttribute> {
  const perTree = <T>(values: (tree: number) => readonly T[]) => modes.flatMap((_, tree) => values(tree));
  return {
    nodes_treeids: perTree((tree) => [tree, tree, tree].map(BigInt)),
    nodes_nodeids: perTree(() => [0n, 1n, 2n]),
    nodes_featureids: perTree(() => [0n, 0n, 0n]),
    nodes_values: perTree(() => [0, 0.5, 0.5]),
    nodes_modes: modes.flatMap((mode) => [mode, "LEAF", "LEAF"]),
    nodes_truenodeids: perTree(() => [1n, 0n, 0n]),
    nodes_falsenodeids: perTree(() => [2n, 0n, 0n]),
    nodes_missing_value_tracks_true: perTree(() => [tracksTrue ? 1n : 0n, 0n, 0n]),
    target_treeids: perTree((tree) => [BigInt(tree)]),
    target_nodeids: perTree(() => [1n]),
    target_ids: perTree(() => [0n]),
    target_weights: modes.map((_, tree) => 2 ** tree),
  };
}

const MODES = {
  BRANCH_LEQ: (x: number) => x <= 0,
  BRANCH_LT: (x: number) => x < 0,
  BRANCH_GTE: (x: number) => x >= 0,
  BRANCH_GT: (x: number) => x > 0,
  BRANCH_EQ: (x: number) => x === 0,
  BRANCH_NEQ: (x: number) => x !== 0,
};
const XS = [-inf, -1, -0, 0, 2 ** -149, 1, inf, nan];

function regress(attributes: Readonly<Record<string, TestAttribute>>, xs: readonly number[], targets = 1) {
  const all = { n_targets: BigInt(targets), ...attributes };
  const node = { ...ML, operator: "TreeEnsembleRegressor", inputs: [f32([xs.length, 1], xs)], attributes: all };
  return runNode(node)[0]?.values;
}

describe("tree ensembles", () => {
  for (const [mode, holds] of Object.entries(MODES)) {
    it(`${mode}, alone and beside others`, () => {
      expect(regress(oneNodeTrees([mode]), XS)).to.deep.equal(XS.map((x) => Number(holds(x))));
      const others = Object.keys(MODES);
      const place = 2 ** others.indexOf(mode);
      const sums = regress(oneNodeTrees(others), XS) ?? [];
      expect(sums.map((sum) => (Number(sum) & place) !== 0)).to.deep.equal(XS.map(holds));
    });
  }

  it("sends a missing value the way that the node tracks", () => {
    expect(regress(oneNodeTrees(["BRANCH_LT"], true), [nan, -1, 1])).to.deep.equal([1, 1, 0]);
    const mixed = regress(oneNodeTrees(["BRANCH_LT", "BRANCH_GT"], true), [nan]);
    expect(mixed).to.deep.equal([3]);
  });

  it("aggregates by sum, average, least and greatest, and adds the base value", () => {
    const attributes = { ...oneNodeTrees(["BRANCH_GT", "BRANCH_GT", "BRANCH_LT"]), base_values: [10] };
    const results = { SUM: [3, 4], AVERAGE: [1, 4 / 3], MIN: [1, 4], MAX: [2, 4] };
    for (const [name, values] of Object.entries(results)) {
      const actual = regress({ ...attributes, aggregate_function: name }, [1, -1]);
      expect(actual, name).to.deep.equal(values.map((value) => Math.fround(value + 10)));
    }
  });

  it("takes thresholds of binary64", () => {
    const trees = oneNodeTrees(["BRANCH_LEQ"]);
    const { nodes_values: _, ...rest } = trees;
    const dims = [3];
    const values = { dtype: "f64" as const, dims, values: [1 + 2 ** -40, 0, 0] };
    const attributes = { ...rest, nodes_values_as_tensor: values, n_targets: 1n };
    const x = { dtype: "f64" as const, dims: [3, 1], values: [1, 1 + 2 ** -40, 1 + 2 ** -39] };
    const node = { ...ML, operator: "TreeEnsembleRegressor", inputs: [x], attributes };
    expect(runNode(node)[0]?.values).to.deep.equal([1, 1, 0]);
  });

  /** A classifier of three classes: x > 0 gives the scores 1, 2, 3, else none. */
  function classify(transform: string, xs: readonly number[]) {
    const { target_treeids, target_nodeids, target_ids, target_weights, ...nodes } = oneNodeTrees(["BRANCH_GT"]);
    const attributes = {
      ...nodes,
      class_treeids: [0n, 0n, 0n],
      class_nodeids: [1n, 1n, 1n],
      class_ids: [0n, 1n, 2n],
      class_weights: [1, 2, 3],
      classlabels_int64s: [7n, 2n ** 60n, -5n],
      post_transform: transform,
    };
    const node = {
      ...ML,
      operator: "TreeEnsembleClassifier",
      inputs: [f32([xs.length, 1], xs)],
      attributes,
      outputs: 2,
    };
    const [labels, scores] = runNode(node);
    return { labels: labels?.values, scores: (scores?.values ?? []).map(Number) };
  }

  it("labels with 64 bits, the first of equal scores", () => {
    expect(classify("NONE", [1, -1])).to.deep.equal({ labels: [-5n, 7n], scores: [1, 2, 3, 0, 0, 0] });
  });

  it("transforms scores", () => {
    const sum = Math.exp(-2) + Math.exp(-1) + 1;
    const transformed = {
      LOGISTIC: [1, 2, 3].map((score) => 1 / (1 + Math.exp(-score))),
      SOFTMAX: [-2, -1, 0].map((score) => Math.exp(score) / sum),
      SOFTMAX_ZERO: [-2, -1, 0].map((score) => Math.exp(score) / sum),
    };
    for (const [transform, expected] of Object.entries(transformed)) {
      const { scores } = classify(transform, [1]);
      for (const [i, value] of expected.entries())
        expect(Math.abs(Number(scores[i]) - value) < 1e-7, transform).to.equal(true);
    }
  });

  it("refuses trees that are none", () => {
    const trees = oneNodeTrees(["BRANCH_LT"]);
    const broken = (change: Record<string, TestAttribute>) => expect(() => regress({ ...trees, ...change }, [0])).to;
    broken({ nodes_truenodeids: [0n, 0n, 0n] }).throw("has two parents");
    broken({ nodes_truenodeids: [9n, 0n, 0n] }).throw("there is no node 0 9");
    broken({ nodes_featureids: [1n, 0n, 0n] }).throw("feature 1 of 1");
    broken({ nodes_modes: ["BRANCH_SOME", "LEAF", "LEAF"] }).throw("mode BRANCH_SOME");
    broken({ nodes_modes: ["LEAF"] }).throw("lists of nodes have different lengths");
    broken({ target_ids: [1n] }).throw("target 1 of 1");
  });
});
