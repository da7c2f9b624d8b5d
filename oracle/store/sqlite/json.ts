/** JSON that holds what events hold: whole numbers of any size, and bytes. */
import { fromHex, toHex } from "../../vm/keccak.ts";

/** Objects of one key that no event has. */
const BIGINT = "$bigint";
const BYTES = "$bytes";

export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { [BIGINT]: part.toString() };
    return part instanceof Uint8Array ? { [BYTES]: toHex(part) } : part;
  });
}

/** What was encoded; that it has this type is the caller's knowledge of its own table. */
export function decode<T>(text: string): T {
  return JSON.parse(text, (_key, part) => {
    if (typeof part !== "object" || part === null) return part;
    if (BIGINT in part) return BigInt(part[BIGINT]);
    return BYTES in part ? fromHex(part[BYTES]) : part;
  });
}
