/** The host's WebAssembly, as far as it is used here: TypeScript has its types only together with all of the DOM's. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** @returns the pages before; the buffer of a memory that is not shared is another one afterwards */
  grow(pages: number): number;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Compiled code. It can be posted to a worker. */
export type WasmModule = object;

interface WebAssemblyHost {
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyHost };

/** Bytes of a memory's unit of growth. */
export const WASM_PAGE_BYTES = 65_536;
