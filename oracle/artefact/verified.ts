import { createHash } from "node:crypto";
import type { Hex } from "../vm/keccak.ts";
import { SourceError } from "./sourceError.ts";

/**
 * Passes a source's bytes on and fails at their end unless they have this hash. So nothing may be made of them before.
 * @throws SourceError "transient" when the source breaks off, "refused" for too many bytes or another hash
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  sha256: Hex,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new SourceError("refused", `it is longer than ${maxBytes} bytes`);
      hash.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof SourceError ? cause : brokenOff(cause as Error);
  }
  const actual = hash.digest("hex");
  if (`0x${actual}` !== sha256) throw new SourceError("refused", `its SHA-256 is ${actual}`);
}

const brokenOff = (cause: Error) => new SourceError("transient", cause.message, { cause });
