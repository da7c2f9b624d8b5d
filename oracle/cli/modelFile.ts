/** An ONNX file that a command names, and the options that say what is meant by it. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { NodeError, UnboundDimsError, UnboundValueError, UnsupportedTensorError } from "../model/onnx/errors.ts";
import type { Hex } from "../vm/keccak.ts";
import { CommandError, UsageError } from "./errors.ts";

export interface ModelOptions {
  readonly dims: Readonly<Record<string, number>>;
  readonly bind?: readonly string[];
  readonly outputs?: readonly string[];
}

export interface ModelFile {
  readonly file: string;
  readonly onnx: Uint8Array;
  readonly sha256: Hex;
}

/** Adds the options of {@link ModelOptions} to a command. */
export function withModelOptions(command: Command): Command {
  return command
    .option("--dims <name=size,...>", "sizes of the dimensions that the model leaves open", parseDims, {})
    .option("--bind <name=value>", "make an input a constant; repeat it for each", collect)
    .option("--outputs <name,...>", "only these outputs, in this order", parseNames);
}

/** Collects the values of an option that can be repeated. */
export const collect = (value: string, values: readonly string[] = []): readonly string[] => [...values, value];

/** @throws CommandError naming the file */
export function readModelFile(file: string, maxBytes = Number.POSITIVE_INFINITY): ModelFile {
  const onnx = readLimited(file, maxBytes);
  return { file, onnx, sha256: `0x${createHash("sha256").update(onnx).digest("hex")}` };
}

/** Says which file it is about, and what helps. */
export function locate<T>(file: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new CommandError(`${file}: ${(cause as Error).message}${hintFor(cause)}`, { cause });
  }
}

function hintFor(error: unknown): string {
  const cause = error instanceof NodeError ? error.cause : error;
  if (cause instanceof UnboundDimsError) return "; give them with --dims";
  if (cause instanceof UnsupportedTensorError) return "; --outputs chooses among the outputs";
  if (cause instanceof UnboundValueError) return " with --bind NAME=VALUE";
  return "";
}

function readLimited(file: string, maxBytes: number): Uint8Array {
  let size: number;
  try {
    size = statSync(file).size;
    if (size <= maxBytes) return readFileSync(file);
  } catch (cause) {
    throw new CommandError(`cannot read the model: ${(cause as Error).message}`, { cause });
  }
  throw new CommandError(`${file} has ${size} bytes; artefacts.maxMb allows ${maxBytes}`);
}

/** A list of names, for an option. */
export const parseNames = (text: string): readonly string[] => text.split(",");

/** Sizes by name, for an option; repeated ones add up. Throws commander's InvalidArgumentError. */
export function parseDims(text: string, known: Readonly<Record<string, number>>): Record<string, number> {
  const sizes = text.split(",").map((part) => {
    const [, name, size] = /^(.+)=(\d+)$/.exec(part) ?? [];
    if (name === undefined) throw new InvalidArgumentError("It is a list such as batch=1,length=24.");
    return [name, Number(size)] as const;
  });
  return { ...known, ...Object.fromEntries(sizes) };
}
