/** Windows that slide over spatial dimensions: what convolutions and pools have in common. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { type Condition, type I64, i64 } from "./expr.ts";
import type { NodeContext } from "./operator.ts";

/** A window along one dimension. Sizes in elements. */
export interface Window {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element and after the last one. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The windows of a node's attributes strides, dilations, pads, auto_pad and ceil_mode.
 * @param input the spatial dimensions
 * @param kernel the window's
 */
export function windowsOf(node: NodeContext, input: readonly number[], kernel: readonly number[]): Window[] {
  const { attributes } = node;
  const ones = input.map(() => 1);
  const strides = attributes.ints("strides") ?? ones;
  const dilations = attributes.ints("dilations") ?? ones;
  const pads = attributes.ints("pads") ?? input.flatMap(() => [0, 0]);
  const autoPad = attributes.string("auto_pad") ?? "NOTSET";
  const isCeil = attributes.flag("ceil_mode", false);
  const isRank = kernel.length === input.length && strides.length === input.length && dilations.length === input.length;
  if (!isRank || pads.length !== 2 * input.length) throw new InvalidNodeError("attributes of another rank");
  if ([...kernel, ...strides, ...dilations].some((size) => size < 1)) throw new InvalidNodeError("a size below 1");
  return input.map((size, axis) => {
    const [stride, dilation] = [strides[axis] ?? 1, dilations[axis] ?? 1];
    const extent = ((kernel[axis] ?? 1) - 1) * dilation + 1;
    const [begin, end] = padding(autoPad, size, extent, stride, [pads[axis] ?? 0, pads[axis + input.length] ?? 0]);
    const room = size + begin + end - extent;
    const last = isCeil ? Math.ceil(room / stride) : Math.floor(room / stride);
    // No window starts in the padding after the input.
    const output = (isCeil && last * stride >= size + begin ? last - 1 : last) + 1;
    if (output < 1)
      throw new InvalidNodeError(`a window of ${extent} over ${size} elements padded by ${begin} and ${end}`);
    return { input: size, output, kernel: kernel[axis] ?? 1, stride, dilation, begin, end };
  });
}

function padding(
  autoPad: string,
  size: number,
  extent: number,
  stride: number,
  explicit: [number, number],
): [number, number] {
  if (autoPad === "NOTSET") return explicit;
  if (autoPad === "VALID") return [0, 0];
  if (autoPad !== "SAME_UPPER" && autoPad !== "SAME_LOWER") throw new UnsupportedError(`auto_pad ${autoPad}`);
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return autoPad === "SAME_UPPER" ? [less, more] : [more, less];
}

/** Where a window's element lies along its dimension, and whether that is inside of the input; undefined if it always is. */
export function windowIndex(window: Window, output: I64, digit: I64): { index: I64; inside: Condition | undefined } {
  const index = output.mul(window.stride).add(digit.mul(window.dilation)).sub(window.begin);
  return { index, inside: isPadded(window) ? index.isBelow(window.input) : undefined };
}

/** Whether some window has elements outside of the input. */
export function isPadded({ input, output, kernel, stride, dilation, begin }: Window): boolean {
  const last = (output - 1) * stride - begin + (kernel - 1) * dilation;
  return begin > 0 || last >= input;
}

/** Both conditions; undefined is one that always holds. */
export function both(a: Condition | undefined, b: Condition | undefined): Condition | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : a.and(b);
}

/** The index if the condition holds, else one that no tensor has, so that a load gives 0. */
export function guarded(inside: Condition | undefined, index: I64): I64 {
  return inside === undefined ? index : inside.select(index, i64(-1));
}
