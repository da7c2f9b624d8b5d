import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { renderConfig } from "./example.ts";
import { configJsonSchema, type JsonSchema } from "./jsonSchema.ts";
import { ConfigError, loadConfig } from "./load.ts";
import { configSchema } from "./schema.ts";

const ADDRESS = `0x${"aB".repeat(20)}`;
const MODEL = `0x${"12".repeat(32)}`;
const MINIMAL = `chain:\n  manifest: deployment.json\n  rpcUrls: [http://localhost:8545]\noperator:\n  address: ${ADDRESS}\n`;

describe("configuration", () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-config-"));
    file = join(folder, "assay.yaml");
  });
  after(() => rmSync(folder, { recursive: true }));

  function load(text: string) {
    writeFileSync(file, text);
    return loadConfig(file);
  }

  function problems(text: string): string[] {
    writeFileSync(file, text);
    try {
      loadConfig(file);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as ConfigError).message.split("\n").map((line) => line.replace(file, "assay.yaml"));
    }
    return expect.fail("it was accepted");
  }

  it("fills in the defaults and makes paths absolute", () => {
    const config = load(`${MINIMAL}keystore: { passwordFile: pw }\nartefacts: { fileRoot: /models }\n`);
    expect(config.chain.manifest).to.equal(join(folder, "deployment.json"));
    expect(config.keystore).to.deep.equal({ file: join(folder, "keystore.json"), passwordFile: join(folder, "pw") });
    expect(config.data).to.equal(join(folder, "data"));
    expect(config.artefacts.fileRoot).to.equal("/models");
    expect(config.execution).to.deep.equal({ processes: 1, deadlineMs: 30_000, memoryMb: 2_000, modelsLoaded: 8 });
    expect(config.operator).to.include({ address: ADDRESS.toLowerCase(), takesOpen: true, minProfitEth: 0 });
    expect(config.operator.models).to.deep.equal([]);
  });

  it("reads unquoted addresses and ids as text", () => {
    const config = load(`${MINIMAL}  models:\n    - id: ${MODEL}\n`);
    expect(config.operator.models).to.deep.equal([
      { id: MODEL, uris: [], sentinel: { atol: 1e-4, rtol: 1e-3 }, answers: "canonical", checkEvery: 1 },
    ]);
  });

  it("takes a key without a value as absent", () => {
    expect(load(`${MINIMAL}http:\nlog:\n  # level: debug\n`).log.level).to.equal("info");
  });

  const wrong: [string, string, string[]][] = [
    [
      "unknown keys",
      `${MINIMAL}http: {}\nhttps: {}\n`,
      [
        "assay.yaml:7: https: unknown key; the keys here are chain, operator, watcher, keystore, data, transactions, execution, artefacts, http, log",
      ],
    ],
    [
      "unknown keys inside",
      MINIMAL.replace("manifest", "manifset"),
      [
        "assay.yaml:1: chain.manifest: is missing",
        "assay.yaml:2: chain.manifset: unknown key; the keys here are manifest, rpcUrls, rpcTimeoutMs, pollMs, confirmations, logRange",
      ],
    ],
    [
      "wrong types",
      `${MINIMAL}data: 3\nexecution:\n  processes: many\n  memoryMb: 2.5\nartefacts: []\n`,
      [
        "assay.yaml:6: data: expected string, received number",
        "assay.yaml:8: execution.processes: expected number, received string",
        "assay.yaml:9: execution.memoryMb: expected int, received number",
        "assay.yaml:10: artefacts: expected object, received array",
      ],
    ],
    [
      "values out of bounds",
      `${MINIMAL}http: { port: 65536 }\nlog:\n  level: loud\n`,
      [
        "assay.yaml:6: http.port: Too big: expected number to be <=65535",
        'assay.yaml:8: log.level: expected one of "debug"|"info"|"warn"|"error"|"silent"',
      ],
    ],
    [
      "what is no address, URL or id",
      `chain:\n  manifest: a\n  rpcUrls:\n    - ftp://x\noperator:\n  address: 0x12\n  models:\n    - id: 7\n    - {}\n`,
      [
        "assay.yaml:4: chain.rpcUrls[0]: expected an http: or https: URL",
        "assay.yaml:6: operator.address: expected an address: 0x and 40 hexadecimal digits",
        "assay.yaml:8: operator.models[0].id: expected string, received number",
        "assay.yaml:9: operator.models[1].id: is missing",
      ],
    ],
    ["duplicate keys", `${MINIMAL}log: {}\nlog: {}\n`, ["assay.yaml:7: Map keys must be unique"]],
    [
      "what is no YAML",
      "chain: [\n",
      ["assay.yaml:2: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ],
    ["an empty file", "", ["assay.yaml: chain: is missing", "assay.yaml: operator: is missing"]],
    ["text", "hello", ["assay.yaml: expected object, received string"]],
    [
      "unknown aliases",
      `${MINIMAL}log: *nothing\n`,
      ["assay.yaml: Unresolved alias (the anchor must be set before the alias): nothing"],
    ],
  ];
  for (const [what, text, expected] of wrong) {
    it(`refuses ${what}`, () => {
      const found = problems(text);
      expect(found).to.have.length(expected.length);
      for (const [i, line] of expected.entries())
        expect(found[i]).to.satisfy((l: string) => l.startsWith(line), found[i]);
    });
  }

  it("refuses aliases that multiply", () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`);
    expect(problems(["a0: &a0 [x]", ...levels].join("\n"))[0]).to.match(/Excessive alias count/);
  });

  it("refuses files that are missing, folders or too large", () => {
    expect(() => loadConfig(join(folder, "none.yaml"))).to.throw(ConfigError, "none.yaml: ENOENT");
    expect(() => loadConfig(folder)).to.throw(ConfigError, "EISDIR");
    expect(problems(`# ${"x".repeat(1_000_000)}`)[0]).to.match(/is larger than 1000000 bytes/);
  });
});

describe("annotated configuration", () => {
  const values = { chain: { manifest: "m.json", rpcUrls: ["http://localhost:8545"] }, operator: { address: ADDRESS } };

  /** Every key of the schema, as a path. */
  function keys(schema: JsonSchema, path = ""): string[] {
    return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) =>
      inner.properties === undefined ? [`${path}${key}`] : keys(inner, `${path}${key}.`),
    );
  }

  it("is a configuration with these values and the defaults", () => {
    expect(configSchema.parse(parse(renderConfig(values)))).to.deep.equal(configSchema.parse(values));
  });

  it("mentions and explains every key, and is still one with all of them", () => {
    const text = renderConfig(values);
    for (const path of keys(configJsonSchema)) {
      expect(text, path).to.match(new RegExp(`# .*\\n *(# )?${path.split(".").at(-1)}:`));
    }
    const uncommented = parse(text.replaceAll(/^( *)# (?=[a-zA-Z]+:( |$)| {2})/gm, "$1"));
    expect(configSchema.parse(uncommented).operator.models).to.have.length(1);
    expect(text.split("\n").every((line) => line.length <= 100)).to.equal(true);
  });

  it("shows what a key may be", () => {
    const text = renderConfig(values);
    expect(text).to.include("One of debug, info, warn, error, silent.").and.include("From 0 to 65535.");
  });
});
