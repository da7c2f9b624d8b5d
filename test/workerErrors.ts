// Loaded by every worker (hardhat.config.ts). A worker sends what failed as JSON, in which bigints have no place.
import { inspect } from "node:util";
import type { Context, RootHookObject } from "mocha";

export const mochaHooks: RootHookObject = {
  afterEach(this: Context) {
    const error: Record<string, unknown> = { ...this.currentTest?.err };
    for (const [name, value] of Object.entries(error)) {
      if (!isJson(value)) Object.assign(this.currentTest?.err ?? {}, { [name]: inspect(value, { depth: 5 }) });
    }
  },
};

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
