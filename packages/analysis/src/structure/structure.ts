import { type BlockCounts, type GroupCounts, kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { BLOCK_SHAPES, type BlockShape, type BlockSparsity, type NmPattern, type PatternAlongAxis } from '../facts.js';
import { kernelMatrix, permuteBits } from './matrix.js';

/** Patterns, blocks and living channels of a part of a tensor. Parts that begin at multiples of 16 along the first axis add up. */
export interface StructureCounts {
  /** By axis. Empty where the tensor is not prunable. */
  readonly groups: readonly GroupCounts[];
  /** Null where parts do not lie so in the kernel matrix that their blocks add up. */
  readonly zeroBlocks: BlockCounts | null;
  /** One byte a channel, 1 where something lives; null without such axes. */
  readonly aliveOutputs: Uint8Array | null;
  readonly aliveInputs: Uint8Array | null;
}

/** True where there is anything to find out beyond counts. */
export const hasStructure = (head: TensorHead): boolean => head.axes.output.length > 0 && head.elements > 0;

/**
 * Structure of a box of a tensor: `shape` indices from `begin` on along each axis. Boxes must begin at multiples of 16 along every axis, so
 * that groups and blocks are whole. `bits` has one bit an element of the box in C order, set for zeros.
 */
export function structureOf(
  head: TensorHead,
  bits: Uint8Array,
  shape: readonly number[],
  begin: readonly number[],
): StructureCounts {
  return {
    groups: head.prunable ? shape.map((_, axis) => groupsAlong(bits, shape, axis)) : [],
    zeroBlocks: head.prunable && wholeBelow(head.shape, shape) ? blocksOf(bits, shape, head.axes.output) : null,
    aliveOutputs: aliveAlong(bits, head, head.axes.output, shape, begin),
    aliveInputs: aliveAlong(bits, head, head.axes.input, shape, begin),
  };
}

/** True of slabs: boxes that are cut along the first axis alone are runs of rows or of columns of the kernel matrix. */
const wholeBelow = (whole: readonly number[], shape: readonly number[]): boolean =>
  shape.every((length, axis) => axis === 0 || length === whole[axis]);

function groupsAlong(bits: Uint8Array, shape: readonly number[], axis: number): GroupCounts {
  const outer = product(shape.slice(0, axis));
  const inner = product(shape.slice(axis + 1));
  return kernels().nmGroups(bits, outer, shape[axis]!, inner);
}

function blocksOf(bits: Uint8Array, shape: readonly number[], output: readonly number[]): BlockCounts {
  const { rows, columns, order } = kernelMatrix(shape, output);
  if (order === 'mixed') return kernels().zeroBlocks(permuteBits(bits, shape, output), rows, columns);
  if (order === 'rows') return kernels().zeroBlocks(bits, rows, columns);
  // Stored column after column: the transposed matrix has its blocks transposed.
  const transposed = kernels().zeroBlocks(bits, columns, rows);
  return { ...transposed, b4x1: transposed.b1x4, b1x4: transposed.b4x1 };
}

function aliveAlong(
  bits: Uint8Array,
  head: TensorHead,
  axes: readonly number[],
  shape: readonly number[],
  begin: readonly number[],
): Uint8Array | null {
  if (axes.length === 0) return null;
  const alive = new Uint8Array(axes.reduce((total, axis) => total * head.shape[axis]!, 1));
  const isChannel = shape.map((_, axis) => axes.includes(axis));
  const merged = mergeAxes(shape, isChannel);
  const ordered = [...axes].sort((a, b) => a - b);
  const inBox = new Uint8Array(ordered.reduce((total, axis) => total * shape[axis]!, 1));
  kernels().aliveChannels(bits, merged.dims, merged.isChannel, inBox);
  inBox.forEach((mark, channel) => {
    if (mark === 0) return;
    // From the number within the box to the number within the tensor.
    let rest = channel;
    let number = 0;
    let step = 1;
    for (let i = ordered.length - 1; i >= 0; i--) {
      const axis = ordered[i]!;
      number += ((rest % shape[axis]!) + begin[axis]!) * step;
      rest = Math.floor(rest / shape[axis]!);
      step *= head.shape[axis]!;
    }
    alive[number] = 1;
  });
  return alive;
}

/** Neighbouring axes of one kind count as one axis. */
function mergeAxes(shape: readonly number[], isChannel: readonly boolean[]): { dims: number[]; isChannel: boolean[] } {
  const dims: number[] = [];
  const flags: boolean[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    if (flags.length > 0 && flags[flags.length - 1] === isChannel[axis]) dims[dims.length - 1]! *= length;
    else {
      dims.push(length);
      flags.push(isChannel[axis]!);
    }
  });
  return { dims, isChannel: flags };
}

/** Adds up the structure of parts. */
export function mergeStructure(parts: readonly (StructureCounts | null)[]): StructureCounts | null {
  const known = parts.filter((part) => part !== null);
  const first = known[0];
  if (first === undefined || known.length < parts.length) return null;
  return {
    groups: first.groups.map((_, axis) => addUp(known.map((part) => part.groups[axis]!))),
    zeroBlocks: known.some((part) => part.zeroBlocks === null) ? null : addUp(known.map((part) => part.zeroBlocks!)),
    aliveOutputs: either(known.map((part) => part.aliveOutputs)),
    aliveInputs: either(known.map((part) => part.aliveInputs)),
  };
}

function addUp<Counts extends GroupCounts | BlockCounts>(parts: readonly Counts[]): Counts {
  const keys = Object.keys(parts[0]!) as (keyof Counts)[];
  return Object.fromEntries(
    keys.map((key) => [key, parts.reduce((total, part) => total + (part[key] as number), 0)]),
  ) as unknown as Counts;
}

function either(parts: readonly (Uint8Array | null)[]): Uint8Array | null {
  const first = parts[0];
  if (first === undefined || first === null) return null;
  const alive = first.slice();
  for (const part of parts.slice(1))
    part?.forEach((mark, channel) => {
      alive[channel]! |= mark;
    });
  return alive;
}

/** Patterns as they are reported, one row an axis. */
export function patternsOf({ groups }: StructureCounts): Partial<Record<NmPattern, readonly PatternAlongAxis[]>> {
  if (groups.length === 0) return {};
  const along = (
    total: (counts: GroupCounts) => number,
    compliant: (counts: GroupCounts) => number,
  ): PatternAlongAxis[] =>
    groups.map((counts, axis) => ({
      axis,
      groups: total(counts),
      compliantGroups: compliant(counts),
      strict: total(counts) > 0 && compliant(counts) === total(counts),
    }));
  return {
    '1:2': along(
      (counts) => counts.groups2,
      (counts) => counts.one2,
    ),
    '2:4': along(
      (counts) => counts.groups4,
      (counts) => counts.two4,
    ),
    '1:4': along(
      (counts) => counts.groups4,
      (counts) => counts.one4,
    ),
    '4:8': along(
      (counts) => counts.groups8,
      (counts) => counts.four8,
    ),
  };
}

/** Block sparsity as it is reported; `zeros` of the whole tensor. */
export function blocksReport(
  head: TensorHead,
  { zeroBlocks, groups }: StructureCounts,
  zeros: number,
): Partial<Record<BlockShape, BlockSparsity>> {
  if (groups.length === 0 || zeroBlocks === null) return {};
  const { rows, columns } = kernelMatrix(head.shape, head.axes.output);
  return Object.fromEntries(
    BLOCK_SHAPES.map((shape) => {
      const [height, width] = shape.split('x').map(Number) as [number, number];
      const whole = zeroBlocks[`b${shape}`];
      const blocks = Math.floor(rows / height) * Math.floor(columns / width);
      return [
        shape,
        { blocks, zeroBlocks: whole, zerosInBlocks: zeros === 0 ? null : (whole * height * width) / zeros },
      ];
    }),
  );
}

/** How many channels are dead, and the first of them. */
export function deadOf(alive: Uint8Array | null, limit: number): { count: number | null; first: number[] } {
  if (alive === null) return { count: null, first: [] };
  let count = 0;
  const first: number[] = [];
  alive.forEach((mark, channel) => {
    if (mark !== 0) return;
    count++;
    if (first.length < limit) first.push(channel);
  });
  return { count, first };
}

const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);
