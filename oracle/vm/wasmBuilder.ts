/** WebAssembly modules in the making, over binaryen's expressions: what the engine and the hash are written with. */
import binaryen from "binaryen";

export type Expression = binaryen.ExpressionRef;
export type WasmType = binaryen.Type;
export type ModuleBuilder = binaryen.Module;

/** The address of memory that every module here imports, as `env.memory`. */
const MEMORY = { internal: "0", module: "env", name: "memory", maxPages: 65_536 } as const;

/** The binary form of a module over one imported memory. */
export function buildModule(build: (module: ModuleBuilder) => void, isShared = false): Uint8Array<ArrayBuffer> {
  const module = new binaryen.Module();
  try {
    // The limits first: an import without them would admit no memory that has a maximum.
    module.setMemory(1, MEMORY.maxPages, null, [], isShared, false, MEMORY.internal);
    module.addMemoryImport(MEMORY.internal, MEMORY.module, MEMORY.name, isShared);
    build(module);
    return new Uint8Array(module.emitBinary());
  } finally {
    module.dispose();
  }
}

/** A local of a function. An expression belongs to one place, so each use asks for its own. */
export class Local {
  readonly index: number;
  readonly type: WasmType;
  readonly #module: ModuleBuilder;

  constructor(module: ModuleBuilder, index: number, type: WasmType) {
    this.#module = module;
    this.index = index;
    this.type = type;
  }

  get(): Expression {
    return this.#module.local.get(this.index, this.type);
  }

  set(value: Expression): Expression {
    return this.#module.local.set(this.index, value);
  }

  tee(value: Expression): Expression {
    return this.#module.local.tee(this.index, value, this.type);
  }
}

/** A function without result whose locals are added as they are needed. */
export class FunctionBuilder {
  readonly module: ModuleBuilder;
  readonly params: readonly Local[];
  readonly #locals: WasmType[] = [];
  #labels = 0;

  constructor(module: ModuleBuilder, params: readonly WasmType[]) {
    this.module = module;
    this.params = params.map((type, index) => new Local(module, index, type));
  }

  local(type: WasmType): Local {
    return new Local(this.module, this.params.length + this.#locals.push(type) - 1, type);
  }

  locals(count: number, type: WasmType): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** `body` again and again while `condition` holds at its end: once at least. */
  doWhile(body: readonly Expression[], condition: Expression): Expression {
    const label = `l${this.#labels++}`;
    return this.module.loop(label, this.module.block(null, [...body, this.module.br_if(label, condition)]));
  }

  /** Ends the function and exports it. */
  export(name: string, body: readonly Expression[]): void {
    const { module, params } = this;
    const types = params.map(({ type }) => type);
    module.addFunction(name, binaryen.createType(types), binaryen.none, this.#locals, module.block(null, [...body]));
    module.addFunctionExport(name, name);
  }
}
