/** Signs Results with an operator's key. */
import type { Signer as EthersSigner } from "ethers";
import type { Answer, Request, RequestId, Signer } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { type Domain, signResult } from "./typedData.ts";

export class ResultSigner implements Signer {
  readonly #signer: Pick<EthersSigner, "signTypedData">;
  readonly #domain: Domain;

  constructor(signer: Pick<EthersSigner, "signTypedData">, domain: Domain) {
    this.#signer = signer;
    this.#domain = domain;
  }

  sign({ modelId, inputRoot }: Request, requestId: RequestId, answer: Answer, outputRoot: Hex): Promise<Hex> {
    const { operator, issuedAt, traceRoot } = answer;
    const result = { modelId, requestId, inputRoot, outputRoot, traceRoot, operator, issuedAt: BigInt(issuedAt) };
    return signResult(this.#signer, this.#domain, result);
  }
}
