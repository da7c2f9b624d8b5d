import { LAYOUTS, packWord, unpackWord } from "../../../oracle/chain/words.ts";

type Layout = (typeof LAYOUTS)["offer"];

/** Every layout: the empty word, each field alone at its largest value, and all of them at it. */
export function wordVectors() {
  return Object.fromEntries(Object.entries(LAYOUTS).map(([name, layout]) => [name, wordsOf(layout as Layout)]));
}

function wordsOf(layout: Layout) {
  const largest = Object.entries(layout).map(([name, field]) => largestOf(name, field) << BigInt(field.low));
  const all = largest.reduce((word, field) => word | field, 0n);
  return [0n, ...largest, all].map((word) => {
    const fields = unpackWord(layout, word);
    return { fields, word: `0x${packWord(layout, fields).toString(16).padStart(64, "0")}` };
  });
}

/** All bits set, but for a status, of which there are only five. */
const largestOf = (name: string, { bits }: { bits: number }) => (name === "status" ? 4n : (1n << BigInt(bits)) - 1n);
