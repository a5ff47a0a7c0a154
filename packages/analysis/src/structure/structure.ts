import { type BlockCounts, type GroupCounts, kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { BLOCK_SHAPES, type BlockShape, type BlockSparsity, type NmPattern, type PatternAlongAxis } from '../facts.js';
import { type LivingChannels, livingAlong, unite } from './channels.js';
import { kernelMatrix, permuteBits } from './matrix.js';

/** Patterns, blocks and living channels of a part of a tensor. Parts that begin at multiples of 16 along the first axis add up. */
export interface StructureCounts {
  /** By axis. Empty where the tensor is not prunable. */
  readonly groups: readonly GroupCounts[];
  /** Null where parts do not lie so in the kernel matrix that their blocks add up. */
  readonly zeroBlocks: BlockCounts | null;
  readonly livingOutputs: LivingChannels | null;
  readonly livingInputs: LivingChannels | null;
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
    zeroBlocks: head.prunable && blocksAddUp(head.shape, shape) ? blocksOf(bits, shape, head.axes.output) : null,
    livingOutputs: livingAlong(bits, head, head.axes.output, shape, begin),
    livingInputs: livingAlong(bits, head, head.axes.input, shape, begin),
  };
}

/**
 * True of slabs: boxes that are cut along the first axis alone are runs of rows or of columns of the kernel matrix. A matrix may be cut both
 * ways.
 */
const blocksAddUp = (whole: readonly number[], shape: readonly number[]): boolean =>
  shape.length === 2 || shape.every((length, axis) => axis === 0 || length === whole[axis]);

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

/** Adds up the structure of parts. */
export function mergeStructure(parts: readonly (StructureCounts | null)[]): StructureCounts | null {
  const known = parts.filter((part) => part !== null);
  const first = known[0];
  if (first === undefined || known.length < parts.length) return null;
  return {
    groups: first.groups.map((_, axis) => addUp(known.map((part) => part.groups[axis]!))),
    zeroBlocks: known.some((part) => part.zeroBlocks === null) ? null : addUp(known.map((part) => part.zeroBlocks!)),
    livingOutputs: known.map((part) => part.livingOutputs).reduce(unite),
    livingInputs: known.map((part) => part.livingInputs).reduce(unite),
  };
}

/** The structure of what was seen so far and of one part more. */
export const addStructure = (sofar: StructureCounts | null, part: StructureCounts): StructureCounts =>
  sofar === null ? part : mergeStructure([sofar, part])!;

function addUp<Counts extends GroupCounts | BlockCounts>(parts: readonly Counts[]): Counts {
  const keys = Object.keys(parts[0]!) as (keyof Counts)[];
  return Object.fromEntries(
    keys.map((key) => [key, parts.reduce((total, part) => total + (part[key] as number), 0)]),
  ) as unknown as Counts;
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

const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);
