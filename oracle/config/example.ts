/** An annotated configuration file, made from the schema so that it cannot fall behind. */
import { stringify } from "yaml";
import { configJsonSchema, type JsonSchema } from "./jsonSchema.ts";
import type { ConfigInput } from "./schema.ts";

const WIDTH = 100;

/** The text of a file with every key: as in `values`, else with its default, else commented out with an example. */
export function renderConfig(values: ConfigInput): string {
  const head = "# Configuration of an Assay node. Paths are relative to this file's folder.\n";
  return `${head}\n${renderSection(configJsonSchema, values, "")}`;
}

function renderSection(section: JsonSchema, values: object, indent: string): string {
  const given = values as Readonly<Record<string, unknown>>;
  const keys = Object.entries(section.properties ?? {});
  return keys.map(([key, schema]) => renderKey(key, schema, given[key], indent)).join(indent === "" ? "\n" : "");
}

function renderKey(key: string, schema: JsonSchema, value: unknown, indent: string): string {
  const text = comment([schema.description, allowed(schema)].filter(Boolean).join(" "), indent);
  if (schema.properties !== undefined) {
    return `${text}${indent}${key}:\n${renderSection(schema, (value ?? {}) as object, `${indent}  `)}`;
  }
  // An empty list says less than an example of a full one.
  const shown = value ?? (Array.isArray(schema.default) ? undefined : schema.default);
  const lines = stringify({ [key]: shown ?? schema.examples?.[0] }, { lineWidth: 0 })
    .trimEnd()
    .split("\n");
  return text + lines.map((line) => `${indent}${shown === undefined ? "# " : ""}${line}\n`).join("");
}

function allowed({ enum: options, minimum, maximum }: JsonSchema): string {
  if (options !== undefined) return `One of ${options.join(", ")}.`;
  return minimum === undefined || maximum === undefined ? "" : `From ${minimum} to ${maximum}.`;
}

/** Words in comment lines of limited width. */
function comment(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || indent.length + line.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => `${indent}# ${line}\n`).join("");
}
