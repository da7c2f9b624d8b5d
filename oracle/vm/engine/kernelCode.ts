/** Kernels to modules that fill whole tensors. */
import { DTYPES } from "../../model/tensor.ts";
import type { SpaceName } from "../descriptor.ts";
import type { ValidKernel } from "../validate.ts";
import { buildModule } from "../wasmBuilder.ts";
import { withExactSums } from "./exactSums.ts";
import { type KernelGraph, liftKernel } from "./lift.ts";
import { mergeLoops } from "./merge.ts";
import { type Nest, OUTPUT_BASE, operandBase, type Tiling } from "./nest.ts";
import { addNestFunction, roundCount } from "./nestCode.ts";
import { type Pack, packStreams } from "./packing.ts";
import type { PlacedKernel } from "./placement.ts";
import { canTile, columnsOf, tilingOf, vectorAxisOf } from "./tiling.ts";

/** A function of a kernel's module, its rounds, and the buffer that it fills; the kernel's own output if that is undefined. */
export interface Phase {
  readonly name: string;
  readonly rounds: number;
  readonly buffer: number | undefined;
}

/** Memory that a kernel needs besides its operands and its output. */
export interface Buffer {
  readonly bytes: number;
  /** Filled once and kept; the others are filled for every run, and are nobody's in between. */
  readonly isConstant: boolean;
}

export interface KernelCode {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly buffers: readonly Buffer[];
  /** One after the other; each is given the output's address, the operands', and the buffers'. */
  readonly phases: readonly Phase[];
}

export interface KernelCodeOptions {
  /** Whether it may have buffers. */
  readonly mayPack: boolean;
  /** Whether its memory is one that threads share. */
  readonly isShared: boolean;
}

/** @param valid the kernel at this place */
export function compileKernel(
  valid: ValidKernel,
  placed: PlacedKernel,
  { mayPack, isShared }: KernelCodeOptions,
): KernelCode {
  const lifted = liftKernel(valid, placed.operands);
  const spaces = valid.kernel.operands.map(({ space }) => space);
  const { nest, tiling, packs } = planKernel(valid, lifted, spaces, mayPack);
  const baseCount = 1 + spaces.length + packs.length;
  const phases: Phase[] = [];
  const bytes = buildModule((module) => {
    const add = (name: string, part: Nest, how: Tiling, buffer: number | undefined) => {
      addNestFunction(module, name, part, how, baseCount);
      phases.push({ name, rounds: roundCount(part, how), buffer });
    };
    for (const [i, pack] of packs.entries()) addPack(pack, i, add);
    add("main", nest, tiling, undefined);
  }, isShared);
  return { bytes, buffers: packs, phases };
}

type AddFunction = (name: string, nest: Nest, tiling: Tiling, buffer: number | undefined) => void;

function addPack({ nests }: Pack, position: number, add: AddFunction): void {
  for (const [i, nest] of nests.entries()) {
    const merged = mergeLoops(nest, undefined).nest;
    add(`pack${position}.${i}`, merged, tilingOf(merged), position);
  }
}

export interface KernelPlan {
  readonly nest: Nest;
  readonly tiling: Tiling;
  readonly packs: readonly Pack[];
}

/** @param spaces of the operands */
export function planKernel(
  valid: ValidKernel,
  lifted: KernelGraph,
  spaces: readonly SpaceName[],
  mayPack = true,
): KernelPlan {
  const summed = withExactSums(lifted);
  const nest = nestOf(valid, summed);
  if (nest.step === undefined || !mayPack) {
    const merged = mergeLoops(nest, undefined).nest;
    return { nest: merged, tiling: tilingOf(merged), packs: [] };
  }
  const { graph, axisCount, step } = nest;
  const innermost = vectorAxisOf(graph.extents, axisCount);
  const vectorAxis = innermost !== undefined && canTile(nest, innermost) ? innermost : undefined;
  const columns = columnsOf(vectorAxis === undefined ? 1 : (graph.extents[vectorAxis] ?? 1));
  const packing = packStreams({ ...summed, step }, { vectorAxis, columns, spaces });
  const packed = packing.packs.map(({ address, dtype }, i) => ({
    address: { ...address, base: operandBase(spaces.length + i) },
    dtype,
  }));
  const hasPanels = packed.some(({ address }) => address.tileStride !== undefined);
  const merged = mergeLoops({ ...nest, step: packing.step, packed }, hasPanels ? vectorAxis : undefined).nest;
  return { nest: merged, tiling: tilingOf(merged, hasPanels ? columns : undefined), packs: packing.packs };
}

/** The loop nest that a kernel is. */
export function nestOf({ kernel }: ValidKernel, { graph, axisCount, step, finish, init }: KernelGraph): Nest {
  const { extents } = graph;
  let stride = BigInt(DTYPES[kernel.dtype].bytes);
  const strides = extents.map(() => 0n);
  for (let axis = axisCount - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= BigInt(extents[axis] ?? 1);
  }
  const address = { base: OUTPUT_BASE, constant: 0n, strides };
  const output = { address, dtype: kernel.dtype, isHidden: false };
  return { graph, axisCount, step, finish, init, output, packed: [] };
}
