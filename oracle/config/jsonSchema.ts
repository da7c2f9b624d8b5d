/** The configuration's JSON Schema: what the errors and the annotated example know about each key. */
import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The part of JSON Schema that zod makes of this configuration. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
}

export const configJsonSchema = z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;

/** What the schema says of the value at a path; undefined below something unknown. */
export function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  const step = (schema: JsonSchema | undefined, key: PropertyKey) =>
    typeof key === "number" ? schema?.items : schema?.properties?.[String(key)];
  return path.reduce(step, configJsonSchema as JsonSchema | undefined);
}
