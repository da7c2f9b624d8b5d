/** What it takes to run an asserted answer's model again: the model, its artefact and the input. */

import type { Result } from "../dispute/session.ts";
import { splitTensors } from "../model/tensor.ts";
import type { DisputeStore } from "../store/port.ts";
import type { Artefacts, AssertionId, Chain, ModelId, RegisteredModel, RunnableModel, Tensor } from "./ports.ts";
import { byteLength, runnableOf } from "./runnable.ts";

/** An answer that nobody can run again, whatever is tried. */
export class UnverifiableError extends Error {
  override readonly name = "UnverifiableError";
  /** False: nobody could dispute it either. */
  readonly isDisputable: boolean;

  constructor(message: string, isDisputable: boolean) {
    super(message);
    this.isDisputable = isDisputable;
  }
}

export interface Replay {
  readonly model: RunnableModel;
  readonly inputs: readonly Tensor[];
  /** `abi.encode` of the model's description. */
  readonly spec: Uint8Array;
}

export interface ReplaysOptions {
  /** Where to look for artefacts before the places announced on chain. */
  readonly uris: ReadonlyMap<ModelId, readonly string[]>;
}

export interface ReplaysDeps {
  readonly store: Pick<DisputeStore, "inputOf">;
  readonly chain: Pick<Chain, "model">;
  readonly artefacts: Artefacts;
}

export class Replays {
  readonly #options: ReplaysOptions;
  readonly #deps: ReplaysDeps;
  readonly #models = new Map<ModelId, RegisteredModel>();

  constructor(options: ReplaysOptions, deps: ReplaysDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * @throws UnverifiableError
   * @throws ArtefactError
   * @throws ExecutionError ("program") for a program that this node cannot know
   * @throws RpcError
   */
  async of(assertionId: AssertionId, { modelId, requestId }: Result): Promise<Replay> {
    const model = await this.#model(modelId);
    if (model.program === undefined) throw new UnverifiableError("its model has no program to run", false);
    const flat = await this.#deps.store.inputOf(assertionId, requestId);
    if (flat === undefined) throw new UnverifiableError("its input was not published", true);
    const configured = this.#options.uris.get(modelId) ?? [];
    const path = await this.#deps.artefacts.obtain(model.artefactHash, { configured, registered: model.uris });
    const parts = splitTensors(flat, model.inputs.map(byteLength));
    const inputs = model.inputs.map((signature, i) => ({ ...signature, bytes: parts[i] ?? new Uint8Array(0) }));
    return { model: runnableOf(model, path), inputs, spec: model.spec };
  }

  /** A description never changes; where the artefact is can, and is read again after a restart. */
  async #model(modelId: ModelId): Promise<RegisteredModel> {
    const known = this.#models.get(modelId);
    if (known !== undefined) return known;
    const model = await this.#deps.chain.model(modelId);
    if (model === undefined) throw new UnverifiableError(`no model ${modelId} is registered`, true);
    this.#models.set(modelId, model);
    return model;
  }
}
