/** A call as ethers takes it. */
import type { Call } from "../roles/ports.ts";

export const transactionOf = ({ to, data, valueWei = 0n }: Call) => ({ to, data, value: valueWei });
