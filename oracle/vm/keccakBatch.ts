/**
 * keccak256 of many messages of one length, in WebAssembly: two messages at a time, one in each lane of a vector. Twice
 * as fast as one message in 64-bit integers, since the state of 25 words does not fit the machine's registers either way.
 */
import binaryen from "binaryen";
import type { HashEach } from "./keccak.ts";
import { buildModule, type Expression, FunctionBuilder, type Local, type ModuleBuilder } from "./wasmBuilder.ts";
import { WASM_PAGE_BYTES, WebAssembly } from "./webAssembly.ts";

const DIGEST_BYTES = 32;
const WORD_BYTES = 8;
const LANES = 2;
const STATE_WORDS = 25;
/** Words that a block of keccak256 absorbs: 1088 bits. */
const RATE_WORDS = 17;
/** Padding: the first bit after the message and the last one of the block. */
const FIRST_BIT = 1n;
const LAST_BIT = -(2n ** 63n);
const ROUNDS = 24;

/** Memory: the round constants, the messages of a batch, their digests. */
const MESSAGES_AT = 1024;
const DIGESTS_AT = 4 * WASM_PAGE_BYTES;
const PAGES = 6;
const MAX_BATCH = (PAGES * WASM_PAGE_BYTES - DIGESTS_AT) / DIGEST_BYTES;

/** `messages`, `digests`: addresses. `pairs`: at least 1. */
type HashPairs = (messages: number, digests: number, pairs: number) => void;

/**
 * A hash with a memory of its own.
 * @returns a function that throws a RangeError for messages that are not whole words or do not fill whole messages
 */
export function createHashEach(): HashEach {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(roundConstants().buffer));
  const hashers = new Map<number, HashPairs>();
  const hasherOf = (messageBytes: number) => {
    const known = hashers.get(messageBytes);
    if (known !== undefined) return known;
    const module = new WebAssembly.Module(hashModule(messageBytes));
    const hasher = new WebAssembly.Instance(module, { env: { memory } }).exports.hash as HashPairs;
    hashers.set(messageBytes, hasher);
    return hasher;
  };

  return (messages, messageBytes) => {
    const count = messages.length / messageBytes;
    const isWhole = Number.isInteger(count) && messageBytes > 0 && messageBytes % WORD_BYTES === 0;
    const room = LANES * Math.floor((DIGESTS_AT - MESSAGES_AT) / (messageBytes * LANES));
    const perBatch = Math.min(MAX_BATCH, room);
    if (!isWhole || perBatch === 0) {
      throw new RangeError(`${messages.length} bytes are not messages of ${messageBytes} bytes`);
    }
    const hash = hasherOf(messageBytes);
    const digests = new Uint8Array(count * DIGEST_BYTES);
    for (let from = 0; from < count; from += perBatch) {
      const to = Math.min(count, from + perBatch);
      bytes.set(messages.subarray(from * messageBytes, to * messageBytes), MESSAGES_AT);
      // The partner of an odd last message is whatever lies there.
      hash(MESSAGES_AT, DIGESTS_AT, Math.ceil((to - from) / LANES));
      const end = DIGESTS_AT + (to - from) * DIGEST_BYTES;
      digests.set(bytes.subarray(DIGESTS_AT, end), from * DIGEST_BYTES);
    }
    return digests;
  };
}

/** A module whose export `hash` is a {@link HashPairs} for messages of this length. */
function hashModule(messageBytes: number): Uint8Array<ArrayBuffer> {
  return buildModule((module) => {
    const { i32, v128 } = module;
    const builder = new FunctionBuilder(module, [binaryen.i32, binaryen.i32, binaryen.i32]);
    const [message, digest, pairs] = builder.params as [Local, Local, Local];
    const sponge = new Sponge(builder);
    const pairOf = (word: number) => {
      const offset = word * WORD_BYTES;
      const first = v128.load64_zero(offset, WORD_BYTES, message.get());
      return v128.load64_lane(offset + messageBytes, WORD_BYTES, 1, message.get(), first);
    };
    const squeezed = [0, 1, 2, 3].flatMap((word) =>
      [0, 1].map((lane) => {
        const offset = lane * DIGEST_BYTES + word * WORD_BYTES;
        return v128.store64_lane(offset, WORD_BYTES, lane, digest.get(), sponge.word(word));
      }),
    );
    const body = [
      ...sponge.absorb(messageBytes / WORD_BYTES, pairOf),
      ...squeezed,
      message.set(i32.add(message.get(), i32.const(LANES * messageBytes))),
      digest.set(i32.add(digest.get(), i32.const(LANES * DIGEST_BYTES))),
    ];
    const isLeft = pairs.tee(i32.sub(pairs.get(), i32.const(1)));
    builder.export("hash", [builder.doWhile(body, isLeft)]);
  });
}

/** Two states of keccak-f[1600], word by word in the lanes of 25 vectors. */
class Sponge {
  readonly #builder: FunctionBuilder;
  readonly #module: ModuleBuilder;
  readonly #state: readonly Local[];
  readonly #moved: readonly Local[];
  readonly #columns: readonly Local[];
  readonly #parities: readonly Local[];
  readonly #mixed: Local;
  readonly #constantAt: Local;

  constructor(builder: FunctionBuilder) {
    this.#builder = builder;
    this.#module = builder.module;
    this.#state = builder.locals(STATE_WORDS, binaryen.v128);
    this.#moved = builder.locals(STATE_WORDS, binaryen.v128);
    this.#columns = builder.locals(5, binaryen.v128);
    this.#parities = builder.locals(5, binaryen.v128);
    this.#mixed = builder.local(binaryen.v128);
    this.#constantAt = builder.local(binaryen.i32);
  }

  word(i: number): Expression {
    return at(this.#state, i).get();
  }

  /** A message of `words` words and its padding, into a state of zeros. */
  absorb(words: number, wordAt: (i: number) => Expression): Expression[] {
    const blocks = Math.floor(words / RATE_WORDS) + 1;
    return Array.from({ length: blocks }, (_, block) => [
      ...Array.from({ length: STATE_WORDS }, (_, i) => this.#absorbWord(block, i, words, wordAt)).flat(),
      ...this.#permute(),
    ]).flat();
  }

  #absorbWord(block: number, i: number, words: number, wordAt: (i: number) => Expression): Expression[] {
    const word = block * RATE_WORDS + i;
    const isLastBlock = words < (block + 1) * RATE_WORDS;
    const parts = [
      ...(block === 0 ? [] : [this.word(i)]),
      ...(i < RATE_WORDS && word < words ? [wordAt(word)] : []),
      ...(i < RATE_WORDS && word === words ? [this.#splat(FIRST_BIT)] : []),
      ...(isLastBlock && i === RATE_WORDS - 1 ? [this.#splat(LAST_BIT)] : []),
    ];
    return [at(this.#state, i).set(parts.length === 0 ? this.#splat(0n) : this.#xor(...parts))];
  }

  #permute(): Expression[] {
    const { i32 } = this.#module;
    const next = this.#constantAt.tee(i32.add(this.#constantAt.get(), i32.const(WORD_BYTES)));
    return [
      this.#constantAt.set(i32.const(0)),
      this.#builder.doWhile(this.#round(), i32.lt_u(next, i32.const(ROUNDS * WORD_BYTES))),
    ];
  }

  #round(): Expression[] {
    const { v128 } = this.#module;
    const columns = FIVE.map((x) =>
      at(this.#columns, x).set(this.#xor(...FIVE.map((y) => at(this.#state, x + 5 * y).get()))),
    );
    const parities = FIVE.map((x) => {
      const next = this.#rotate(at(this.#columns, (x + 1) % 5), 1);
      return at(this.#parities, x).set(v128.xor(at(this.#columns, (x + 4) % 5).get(), next));
    });
    const moves = EACH_WORD.flatMap(({ x, y, i }) => [
      this.#mixed.set(v128.xor(at(this.#state, i).get(), at(this.#parities, x).get())),
      at(this.#moved, y + 5 * ((2 * x + 3 * y) % 5)).set(this.#rotate(this.#mixed, at(ROTATIONS, i))),
    ]);
    const chi = EACH_WORD.map(({ x, y, i }) => {
      const row = (dx: number) => at(this.#moved, ((x + dx) % 5) + 5 * y).get();
      const value = v128.xor(row(0), v128.andnot(row(2), row(1)));
      const constant = () => v128.load64_splat(0, WORD_BYTES, this.#constantAt.get());
      return at(this.#state, i).set(i === 0 ? v128.xor(value, constant()) : value);
    });
    return [...columns, ...parities, ...moves, ...chi];
  }

  #rotate(word: Local, count: number): Expression {
    const { i32, i64x2, v128 } = this.#module;
    if (count === 0) return word.get();
    return v128.or(i64x2.shl(word.get(), i32.const(count)), i64x2.shr_u(word.get(), i32.const(64 - count)));
  }

  #xor(...parts: Expression[]): Expression {
    return parts.reduce((sum, part) => this.#module.v128.xor(sum, part));
  }

  #splat(value: bigint): Expression {
    return this.#module.i64x2.splat(this.#module.i64.const(value));
  }
}

const FIVE = [0, 1, 2, 3, 4];
const EACH_WORD = FIVE.flatMap((y) => FIVE.map((x) => ({ x, y, i: x + 5 * y })));

/** The rotation of each word: triangular numbers along the walk (x, y) -> (y, 2x + 3y) from (1, 0); 0 for word 0. */
const ROTATIONS = rotations();

function rotations(): number[] {
  const counts = Array.from({ length: STATE_WORDS }, () => 0);
  let [x, y] = [1, 0];
  for (let t = 1; t < STATE_WORDS; t++) {
    counts[x + 5 * y] = ((t * (t + 1)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return counts;
}

/** Bit 2^j - 1 of constant r is bit 7r + j of a shift register with the polynomial x^8 + x^6 + x^5 + x^4 + 1. */
function roundConstants(): BigUint64Array {
  let register = 1n;
  const nextBit = () => {
    const bit = register & 1n;
    register = (register << 1n) ^ ((register >> 7n) * 0x171n);
    return bit;
  };
  return BigUint64Array.from({ length: ROUNDS }, () =>
    [0, 1, 2, 3, 4, 5, 6].reduce((constant, j) => constant | (nextBit() << BigInt(2 ** j - 1)), 0n),
  );
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
