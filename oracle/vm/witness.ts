/** The chunks that a run loads, each proved to be of its space (docs/kernels.md, "Multiproof"). */
import { concatBytes } from "@noble/hashes/utils";
import { BadProofError } from "./badProof.ts";
import { ByteReader } from "./byteReader.ts";
import type { ProvingTree } from "./chunkTree.ts";
import { SPACES, type SpaceName } from "./descriptor.ts";
import { type Commitment, encodeMultiproof, readMultiproof } from "./multiproof.ts";

export type Witness = Readonly<Record<SpaceName, ReadonlyMap<number, Uint8Array>>>;

/** Proves the chunks `touched` of every space. */
export function encodeWitness(
  trees: Readonly<Record<SpaceName, ProvingTree>>,
  touched: Readonly<Record<SpaceName, ReadonlySet<number>>>,
): Uint8Array {
  const sections = SPACES.map((space) => {
    const indices = touched[space];
    return indices.size === 0 ? ABSENT : concatBytes(PRESENT, encodeMultiproof(trees[space], indices));
  });
  return concatBytes(...sections);
}

/** The proved chunks of every space, as views. Throws {@link BadProofError} unless every one of them is proved. */
export function decodeWitness(bytes: Uint8Array, spaces: Readonly<Record<SpaceName, Commitment>>): Witness {
  const reader = new ByteReader(bytes, (missing) => new BadProofError(`${missing} bytes are missing`));
  const [trace, weights, input] = [
    readSection(reader, spaces.trace),
    readSection(reader, spaces.weights),
    readSection(reader, spaces.input),
  ];
  if (reader.remaining > 0) throw new BadProofError(`${reader.remaining} bytes after the witness`);
  return { trace, weights, input };
}

const ABSENT = Uint8Array.of(0);
const PRESENT = Uint8Array.of(1);

function readSection(reader: ByteReader, commitment: Commitment): ReadonlyMap<number, Uint8Array> {
  const present = reader.u8();
  if (present > 1) throw new BadProofError(`a section begins with ${present}`);
  return present === 1 ? readMultiproof(reader, commitment) : new Map();
}
