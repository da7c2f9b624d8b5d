/** The EIP-712 messages that operators sign (docs/formats.md, "Result"). */
import { type Signer, TypedDataEncoder } from "ethers";
import type { Result } from "../dispute/session.ts";
import type { Hex } from "../vm/keccak.ts";

/** Where a signature counts: one coordinator on one chain. */
export interface Domain {
  readonly name: "Assay";
  readonly version: "1";
  readonly chainId: bigint;
  readonly verifyingContract: string;
}

type TypedDataSigner = Pick<Signer, "signTypedData">;

const RESULT = {
  Result: [
    { name: "modelId", type: "bytes32" },
    { name: "requestId", type: "bytes32" },
    { name: "inputRoot", type: "bytes32" },
    { name: "outputRoot", type: "bytes32" },
    { name: "traceRoot", type: "bytes32" },
    { name: "operator", type: "address" },
    { name: "issuedAt", type: "uint64" },
  ],
};

const KEY_BINDING = { KeyBinding: [{ name: "operator", type: "address" }] };

export function domainOf(chainId: bigint, coordinator: string): Domain {
  return { name: "Assay", version: "1", chainId, verifyingContract: coordinator };
}

/** The digest that is signed; it names the assertion. */
export function assertionId(domain: Domain, result: Result): Hex {
  return TypedDataEncoder.hash(domain, RESULT, result) as Hex;
}

/** 65 bytes `r ‖ s ‖ v`. */
export async function signResult(signer: TypedDataSigner, domain: Domain, result: Result): Promise<Hex> {
  return (await signer.signTypedData(domain, RESULT, result)) as Hex;
}

/** The digest by which a key agrees to serve `operator`. */
export function keyBindingDigest(domain: Domain, operator: string): Hex {
  return TypedDataEncoder.hash(domain, KEY_BINDING, { operator }) as Hex;
}

export async function signKeyBinding(signer: TypedDataSigner, domain: Domain, operator: string): Promise<Hex> {
  return (await signer.signTypedData(domain, KEY_BINDING, { operator })) as Hex;
}
