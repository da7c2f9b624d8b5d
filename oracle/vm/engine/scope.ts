/** What is known within one round of a loop: values that were computed for it, and where the pointers stand. */
import type { FunctionBuilder, Local, WasmType } from "../wasmBuilder.ts";
import type { Pointer } from "./pointers.ts";

/** Locals that are used again once nobody needs what they hold. */
export class LocalPool {
  readonly #builder: FunctionBuilder;
  readonly #free = new Map<WasmType, Local[]>();

  constructor(builder: FunctionBuilder) {
    this.#builder = builder;
  }

  take(type: WasmType): Local {
    return this.#free.get(type)?.pop() ?? this.#builder.local(type);
  }

  giveBack(locals: readonly Local[]): void {
    for (const local of locals) {
      const free = this.#free.get(local.type);
      if (free === undefined) this.#free.set(local.type, [local]);
      else free.push(local);
    }
  }
}

export class Scope {
  readonly #pool: LocalPool;
  readonly #outer: Scope | undefined;
  readonly #values = new Map<string, Local>();
  readonly #pointers = new Map<Pointer, Local>();
  readonly #taken: Local[] = [];

  constructor(pool: LocalPool, outer?: Scope) {
    this.#pool = pool;
    this.#outer = outer;
  }

  inner(): Scope {
    return new Scope(this.#pool, this);
  }

  /** A local until the scope ends. */
  local(type: WasmType): Local {
    const local = this.#pool.take(type);
    this.#taken.push(local);
    return local;
  }

  find(key: string): Local | undefined {
    return this.#values.get(key) ?? this.#outer?.find(key);
  }

  keep(key: string, local: Local): void {
    this.#values.set(key, local);
  }

  /** Throws a RangeError for a pointer that no scope around has. */
  pointer(pointer: Pointer): Local {
    const local = this.#pointers.get(pointer);
    if (local !== undefined) return local;
    if (this.#outer === undefined) throw new RangeError(`pointer ${pointer.id} is not set`);
    return this.#outer.pointer(pointer);
  }

  setPointer(pointer: Pointer, local: Local): void {
    this.#pointers.set(pointer, local);
  }

  /** No code after this one may read the scope's locals. */
  end(): void {
    this.#pool.giveBack(this.#taken);
  }
}
