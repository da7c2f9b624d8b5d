/** Reads the configuration file and says exactly what is wrong with it. */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isNode, LineCounter, parseDocument, type Tags } from "yaml";
import type { z } from "zod";
import { schemaAt } from "./jsonSchema.ts";
import { type Config, configSchema } from "./schema.ts";

/** A configuration is a page of text: what is larger was meant to be something else. */
const MAX_BYTES = 1_000_000;

export interface ConfigProblem {
  /** 1-based; undefined if the whole file is meant. */
  readonly line: number | undefined;
  /** Such as `chain.rpcUrls[0]`; empty if the whole file is meant. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that cannot be used; the message has one line for each problem. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const show = ({ line, path, message }: ConfigProblem) =>
      [line === undefined ? file : `${file}:${line}`, path, message].filter((part) => part !== "").join(": ");
    super(problems.map(show).join("\n"), options);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * Reads a configuration; the paths in it are relative to its own folder and absolute in the result.
 * @throws ConfigError
 */
export function loadConfig(file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(read(file), { lineCounter: lines, prettyErrors: false, customTags: withoutHex });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), path: "", message }));
    throw new ConfigError(file, problems);
  }
  const parsed = configSchema.safeParse(toJs(file, document));
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => describe(issue, document, lineAt));
    throw new ConfigError(
      file,
      problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    );
  }
  return resolvePaths(parsed.data, dirname(resolve(file)));
}

function read(file: string): string {
  try {
    const { size } = statSync(file);
    if (size <= MAX_BYTES) return readFileSync(file, "utf8");
  } catch (cause) {
    throw wholeFile(file, (cause as Error).message, cause);
  }
  throw wholeFile(file, `is larger than ${MAX_BYTES} bytes, the most that a configuration can have`);
}

function wholeFile(file: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError(file, [{ line: undefined, path: "", message }], { cause });
}

/** Addresses and ids are text: YAML would read 0x... as a number and round it. */
function withoutHex(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === "string" || tag.format !== "HEX");
}

/** A key without a value counts as absent: it is what is left when everything below is commented out. */
function toJs(file: string, document: Document): unknown {
  try {
    return document.toJS({ reviver: (_, value) => value ?? undefined }) ?? {};
  } catch (cause) {
    // An alias without anchor, or aliases that multiply beyond measure.
    throw wholeFile(file, (cause as Error).message, cause);
  }
}

function describe(issue: z.core.$ZodIssue, document: Document, lineAt: (offset: number) => number): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(schemaAt(issue.path)?.properties ?? {}).join(", ");
    return issue.keys.map((key) => ({
      line: lineOf([...issue.path, key], document, lineAt),
      path: showPath([...issue.path, key]),
      message: `unknown key; the keys here are ${known}`,
    }));
  }
  const isMissing = (document.getIn(issue.path) ?? undefined) === undefined;
  const message = isMissing ? "is missing" : issue.message.replace(/^Invalid (input|option): /, "");
  return [{ line: lineOf(issue.path, document, lineAt), path: showPath(issue.path), message }];
}

/** The line of the key at `path`, or of the nearest thing around it that is there. */
function lineOf(
  path: readonly PropertyKey[],
  document: Document,
  lineAt: (offset: number) => number,
): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const name = path[depth - 1];
    const key = isMap(parent) ? parent.items.find(({ key }) => String(key) === String(name))?.key : undefined;
    const node = isNode(key) ? key : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lineAt(node.range[0]);
  }
  return undefined;
}

const showPath = (path: readonly PropertyKey[]) =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");

function resolvePaths(config: Config, folder: string): Config {
  const absolute = (path: string) => resolve(folder, path);
  const { passwordFile } = config.keystore;
  const { fileRoot } = config.artefacts;
  return {
    ...config,
    data: absolute(config.data),
    chain: { ...config.chain, manifest: absolute(config.chain.manifest) },
    keystore: {
      file: absolute(config.keystore.file),
      ...(passwordFile !== undefined && { passwordFile: absolute(passwordFile) }),
    },
    artefacts: { ...config.artefacts, ...(fileRoot !== undefined && { fileRoot: absolute(fileRoot) }) },
  };
}
