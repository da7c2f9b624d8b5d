/** Money and time as people write and read them. */
import { InvalidArgumentError } from "commander";

const WEI_DIGITS = 18;

/** "0.25" as wei. Throws commander's InvalidArgumentError. */
export function parseEth(text: string): bigint {
  const [, whole, fraction = ""] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > WEI_DIGITS) {
    throw new InvalidArgumentError("It is an amount of ether such as 0.25, of at most 18 decimals.");
  }
  return BigInt(whole + fraction.padEnd(WEI_DIGITS, "0"));
}

/** Wei as ether, with all digits that matter. */
export function formatEth(wei: bigint): string {
  const digits = wei.toString().padStart(WEI_DIGITS + 1, "0");
  const fraction = digits.slice(-WEI_DIGITS).replace(/0+$/, "");
  return `${digits.slice(0, -WEI_DIGITS)}${fraction === "" ? "" : `.${fraction}`} ETH`;
}

/** A whole number within bounds, for an option. Throws commander's InvalidArgumentError. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };
}

/** 20 bytes. Throws commander's InvalidArgumentError. */
export function parseAddress(text: string): string {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text;
  throw new InvalidArgumentError("It is 0x and 40 hexadecimal digits.");
}

/** 32 bytes. Throws commander's InvalidArgumentError. */
export function parseHash(text: string): `0x${string}` {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return `0x${text.slice(2).toLowerCase()}`;
  throw new InvalidArgumentError("It is 0x and 64 hexadecimal digits.");
}

/** Unix seconds as a time in UTC. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** Addresses come in any capitalisation. */
export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
