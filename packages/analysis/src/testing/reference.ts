import { stridesOf } from '@espalier/base';
import type { TensorHead } from '@espalier/model';
import { QUANTILES } from '../facts.js';

/** What a tensor's values tell, found out the slow and obvious way in double precision. */
export interface Reference {
  readonly zeros: number;
  readonly exactZeros: number;
  readonly nearZeros: number;
  readonly nan: number;
  readonly inf: number;
  readonly firstNonFinite: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly absmax: number | null;
  readonly quantiles: number[] | null;
  readonly histogram: number[] | null;
  readonly absmin: number | null;
  readonly absMedian: number | null;
  readonly abs99: number | null;
  readonly keptStd: number | null;
}

/** `isZero` where zeros are a matter of the quantization. */
export function referenceOf(
  values: ArrayLike<number>,
  isZero: (i: number) => boolean = (i) => values[i] === 0,
  ratio = 1e-8,
): Reference {
  const all = Array.from(values, (value) => value + 0);
  const finite = all.filter(Number.isFinite).sort((a, b) => a - b);
  const zeros = all.filter((_, i) => isZero(i)).length;
  const kept = all.filter((value, i) => Number.isFinite(value) && !isZero(i));
  const size = finite.map(Math.abs).sort((a, b) => a - b);
  const keptSize = kept.map(Math.abs).sort((a, b) => a - b);
  const first = all.findIndex((value) => !Number.isFinite(value));
  const [low, high] = [finite[0], finite[finite.length - 1]];
  const absmax = size[size.length - 1] ?? null;
  const at = (sorted: readonly number[], share: number): number | null =>
    sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  let histogram: number[] | null = null;
  if (low !== undefined && high !== undefined) {
    histogram = new Array<number>(256).fill(0);
    for (const value of finite) {
      const bin = high === low ? 0 : Math.min(255, Math.floor(((value - low) / (high - low)) * 256));
      histogram[bin]!++;
    }
  }
  return {
    zeros,
    exactZeros: all.filter((value) => value === 0).length,
    nearZeros: absmax === null ? 0 : size.filter((value) => value <= ratio * absmax).length,
    nan: all.filter(Number.isNaN).length,
    inf: all.filter((value) => Math.abs(value) === Number.POSITIVE_INFINITY).length,
    firstNonFinite: first < 0 ? null : first,
    min: low ?? null,
    max: high ?? null,
    mean: finite.length === 0 ? null : meanOf(finite),
    std: finite.length === 0 ? null : stdOf(finite),
    absmax,
    quantiles: finite.length === 0 ? null : QUANTILES.map((share) => at(finite, share)!),
    histogram,
    absmin: keptSize[0] ?? null,
    absMedian: at(keptSize, 0.5),
    abs99: at(keptSize, 0.99),
    keptStd: kept.length === 0 ? null : stdOf(kept),
  };
}

const meanOf = (values: readonly number[]): number => {
  // Scaled, so that sums of huge numbers do not overflow.
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return (values.reduce((sum, value) => sum + value / scale, 0) / values.length) * scale;
};

const stdOf = (values: readonly number[]): number => {
  const mean = meanOf(values);
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0) || 1;
  return Math.sqrt(values.reduce((sum, value) => sum + ((value - mean) / scale) ** 2, 0) / values.length) * scale;
};

/** Patterns, blocks and dead channels, element by element. */
export function structureReference(head: TensorHead, isZero: (i: number) => boolean) {
  const { shape, elements, axes } = head;
  const strides = stridesOf(shape);
  const indexOf = (offset: number): number[] =>
    strides.map((stride, axis) => Math.floor(offset / stride) % shape[axis]!);
  const dead = (channelAxes: readonly number[]): number[] | null => {
    if (channelAxes.length === 0) return null;
    const total = channelAxes.reduce((product, axis) => product * shape[axis]!, 1);
    const alive = new Set<number>();
    for (let i = 0; i < elements; i++) {
      const index = indexOf(i);
      if (!isZero(i)) alive.add(channelAxes.reduce((number, axis) => number * shape[axis]! + index[axis]!, 0));
    }
    return Array.from({ length: total }, (_, channel) => channel).filter((channel) => !alive.has(channel));
  };
  const groups = (n: number, m: number) =>
    shape.map((length, axis) => {
      let total = 0;
      let compliant = 0;
      for (let i = 0; i < elements; i++) {
        const k = indexOf(i)[axis]!;
        if (k % m !== 0 || k + m > length) continue;
        total++;
        let zeros = 0;
        for (let j = 0; j < m; j++) if (isZero(i + j * strides[axis]!)) zeros++;
        if (zeros >= m - n) compliant++;
      }
      return { axis, groups: total, compliantGroups: compliant, strict: total > 0 && total === compliant };
    });
  const output = [...axes.output].sort((a, b) => a - b);
  const rest = shape.map((_, axis) => axis).filter((axis) => !output.includes(axis));
  const rows = output.reduce((product, axis) => product * shape[axis]!, 1);
  const columns = rest.reduce((product, axis) => product * shape[axis]!, 1);
  const matrix = new Uint8Array(rows * columns);
  for (let i = 0; i < elements; i++) {
    const index = indexOf(i);
    const row = output.reduce((number, axis) => number * shape[axis]! + index[axis]!, 0);
    const column = rest.reduce((number, axis) => number * shape[axis]! + index[axis]!, 0);
    matrix[row * columns + column] = isZero(i) ? 1 : 0;
  }
  const blocks = (height: number, width: number) => {
    let zeroBlocks = 0;
    for (let r = 0; r + height <= rows; r += height) {
      for (let c = 0; c + width <= columns; c += width) {
        let whole = true;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) if (matrix[(r + y) * columns + c + x] === 0) whole = false;
        if (whole) zeroBlocks++;
      }
    }
    return { blocks: Math.floor(rows / height) * Math.floor(columns / width), zeroBlocks };
  };
  return {
    deadOutputs: dead(output),
    deadInputs: dead([...axes.input].sort((a, b) => a - b)),
    patterns: { '1:2': groups(1, 2), '2:4': groups(2, 4), '1:4': groups(1, 4), '4:8': groups(4, 8) },
    blocks: { '4x1': blocks(4, 1), '1x4': blocks(1, 4), '4x4': blocks(4, 4), '16x16': blocks(16, 16) },
  };
}
