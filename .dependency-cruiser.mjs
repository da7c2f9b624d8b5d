// Who may import whom. Data flows one way: model -> vm -> dispute -> roles; the adapters implement ports and only the
// composition root sees them. Tests and scripts stand outside and may import everything.
const TESTS = "\\.test\\.ts$";
const PURE = "^oracle/(model|vm|dispute|roles)/";
// store/port.ts is a port like roles/ports.ts; what implements it is an adapter.
const ADAPTERS = "^oracle/(runtime|chain|http|artefact|store/(?:sqlite|postgres))/";

/** Files below oracle/, without tests, that match `path` must not import `to`. */
const forbid = (name, comment, path, to, pathNot = []) => ({
  name,
  comment,
  severity: "error",
  from: { path, pathNot: [TESTS, ...pathNot] },
  to,
});

export default {
  forbidden: [
    forbid(
      "model-is-first",
      "model knows nothing but itself; the lowering writes the machine's format, and is given what runs it",
      "^oracle/model/",
      {
        path: "^oracle/",
        pathNot: ["^oracle/model/", "^oracle/vm/(descriptor|kernelTree|opcodes|validate|value)\\.ts$"],
      },
    ),
    forbid("vm-sees-model", "vm knows kernels, and nothing that runs or judges them", "^oracle/vm/", {
      path: "^oracle/",
      pathNot: "^oracle/(model|vm)/",
    }),
    forbid("dispute-sees-vm", "the solver knows programs and traces, and no adapter", "^oracle/dispute/", {
      path: "^oracle/",
      pathNot: "^oracle/(model|vm|dispute)/",
    }),
    forbid("main-composes", "adapters are reached through ports; main.ts wires them", "^oracle/", { path: ADAPTERS }, [
      "^oracle/main\\.ts$",
      // The plugin that runs an oracle inside Hardhat is a composition root of its own.
      "^oracle/hardhat/",
      // An adapter may import its own folder; that it stays there is the next rule.
      ADAPTERS,
    ]),
    forbid(
      "adapters-apart",
      "an adapter does not know another one",
      ADAPTERS,
      {
        path: ADAPTERS,
        pathNot: "^oracle/$1/",
      },
      ["^oracle/hardhat/"],
    ),
    forbid("pure", "canonical code and roles reach the system through ports only", PURE, {
      dependencyTypes: ["core"],
    }),
    forbid("only-runtime-runs-onnx", "one importer of ONNX Runtime", "^oracle/", { path: "onnxruntime-node" }, [
      "^oracle/runtime/",
    ]),
    forbid(
      "only-chain-speaks-ethers",
      "one importer of ethers, and the client",
      "^oracle/",
      {
        path: "node_modules/(@nomicfoundation/hardhat-)?ethers/|^types/",
      },
      ["^oracle/(chain|client|hardhat)/"],
    ),
    forbid("product-without-tests", "the product imports neither tests nor scripts", "^oracle/", {
      path: [TESTS, "^test/", "^scripts/"],
    }),
    forbid("product-without-dev", "what the product imports is a dependency, not a devDependency", "^oracle/", {
      dependencyTypes: ["npm-dev"],
      pathNot: "node_modules/hardhat/",
    }),
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-orphans",
      comment: "a file that nobody imports, and that imports nobody, is dead",
      severity: "error",
      from: { orphan: true, pathNot: [TESTS, "\\.mjs$", "^oracle/main\\.ts$"] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "^types/"] },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".mjs", ".js", ".d.ts"],
    },
  },
};
