/** Reads big-endian integers from the front of a byte string that may be anybody's. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #tooShort: (missing: number) => Error;
  #at = 0;

  /** @param tooShort makes the error to throw when `missing` bytes are missing */
  constructor(bytes: Uint8Array, tooShort: (missing: number) => Error) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tooShort = tooShort;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #advance(length: number): number {
    if (length > this.remaining) throw this.#tooShort(length - this.remaining);
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
