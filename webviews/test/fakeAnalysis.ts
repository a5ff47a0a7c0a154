import { unravel } from '@espalier/base';
import type {
  BlockShape,
  BlockSparsity,
  MatrixLayout,
  MatrixSize,
  NmPattern,
  PatternAlongAxis,
  TensorHead,
  TensorStats,
  TileQuery,
  ValueDiff,
  ValuesAnswer,
  WireTile,
} from '@espalier/protocol';

/** What the engines answer, written for clearness and small tensors: a page under test gets figures that agree with each other. */

const KERNELS_PER_ROW = 32;

interface Layout extends MatrixSize {
  /** Offset of a value in the tensor, or −1 where the layout has none. */
  at(row: number, column: number): number;
}

export function layoutOf(head: TensorHead, layout: MatrixLayout, channel = 0): Layout {
  const { shape } = head;
  if (shape.length < 2) {
    const columns = Math.min(64, head.elements);
    const rows = columns === 0 ? 0 : Math.ceil(head.elements / columns);
    const at = (row: number, column: number): number =>
      row * columns + column < head.elements ? row * columns + column : -1;
    return { rows, columns, kernelRows: 1, kernelColumns: 1, at };
  }
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  const kernel = height * width;
  const row = inputs * kernel;
  switch (layout) {
    case 'kernel':
      return {
        rows: outputs * height,
        columns: inputs * width,
        kernelRows: height,
        kernelColumns: width,
        at: (r, c) =>
          Math.floor(r / height) * row + Math.floor(c / width) * kernel + (r % height) * width + (c % width),
      };
    case 'channel': {
      const per = Math.min(KERNELS_PER_ROW, inputs);
      return {
        rows: Math.ceil(inputs / per) * height,
        columns: per * width,
        kernelRows: height,
        kernelColumns: width,
        at: (r, c) => {
          const input = Math.floor(r / height) * per + Math.floor(c / width);
          return input < inputs ? channel * row + input * kernel + (r % height) * width + (c % width) : -1;
        },
      };
    }
    case 'raw':
      return { rows: outputs, columns: row, kernelRows: 1, kernelColumns: 1, at: (r, c) => r * row + c };
  }
}

export const sizeOfLayout = ({ rows, columns, kernelRows, kernelColumns }: Layout): MatrixSize => ({
  rows,
  columns,
  kernelRows,
  kernelColumns,
});

export function statsOf(head: TensorHead, values: Float32Array): TensorStats {
  const keptAbs: number[] = [];
  let zeros = 0;
  let nan = 0;
  let inf = 0;
  let sum = 0;
  let squares = 0;
  const finite: number[] = [];
  let firstNonFinite: number | null = null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      if (Number.isNaN(value)) nan++;
      else inf++;
      firstNonFinite ??= i;
      continue;
    }
    finite.push(value);
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
    else keptAbs.push(Math.abs(value));
  }
  const sorted = Float64Array.from(finite).sort();
  const kept = Float64Array.from(keptAbs).sort();
  const count = finite.length;
  const mean = count === 0 ? null : sum / count;
  const min = sorted[0] ?? null;
  const max = sorted[count - 1] ?? null;
  const keptMean = kept.length === 0 ? 0 : sum / kept.length;
  const quantile = (list: Float64Array, share: number): number | null =>
    list.length === 0 ? null : list[Math.max(0, Math.ceil(share * list.length) - 1)]!;
  const outputs = channelsWithoutValue(head, values, 0);
  const inputs = channelsWithoutValue(head, values, 1);
  return {
    zeros,
    exactZeros: zeros,
    nearZeros: zeros,
    nan,
    inf,
    firstNonFinite,
    min,
    max,
    mean,
    std: mean === null ? null : Math.sqrt(Math.max(0, squares / count - mean * mean)),
    absmax: quantile(kept, 1),
    kept: {
      count: kept.length + nan + inf,
      absmin: kept[0] ?? null,
      std: kept.length === 0 ? null : Math.sqrt(Math.max(0, squares / kept.length - keptMean ** 2)),
      absMedian: quantile(kept, 0.5),
      abs99: quantile(kept, 0.99),
    },
    quantiles: count === 0 ? null : [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map((share) => quantile(sorted, share)!),
    histogram: min === null || max === null ? null : { low: min, high: max, counts: bins(finite, min, max, 256) },
    deadOutputChannels: outputs?.length ?? null,
    deadInputChannels: inputs?.length ?? null,
    deadOutputs: outputs?.slice(0, 64) ?? [],
    deadInputs: inputs?.slice(0, 64) ?? [],
    patterns: head.prunable ? patternsOf(head, values) : {},
    blocks: head.prunable ? blocksOf(head, values, zeros) : {},
    digest: null,
    sizes: sizesOf(head, values, zeros),
    obtained: { kind: 'exact' },
  };
}

function bins(values: readonly number[], low: number, high: number, count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const value of values)
    counts[high > low ? Math.min(count - 1, Math.floor(((value - low) / (high - low)) * count)) : 0]!++;
  return counts;
}

function channelsWithoutValue(head: TensorHead, values: Float32Array, axis: 0 | 1): number[] | null {
  if (!head.prunable) return null;
  const [outputs = 1, inputs = 1] = head.shape;
  const alive = new Uint8Array(axis === 0 ? outputs : inputs);
  const kernel = values.length / (outputs * inputs);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue;
    const pair = Math.floor(i / kernel);
    alive[axis === 0 ? Math.floor(pair / inputs) : pair % inputs] = 1;
  }
  return [...alive.keys()].filter((channel) => alive[channel] === 0);
}

function patternsOf(head: TensorHead, values: Float32Array): Partial<Record<NmPattern, readonly PatternAlongAxis[]>> {
  const [outputs = 1, inputs = 1] = head.shape;
  const kernel = values.length / (outputs * inputs);
  const along = (keep: number, length: number): PatternAlongAxis => {
    let groups = 0;
    let compliantGroups = 0;
    for (let output = 0; output < outputs; output++) {
      for (let k = 0; k < kernel; k++) {
        for (let input = 0; input + length <= inputs; input += length) {
          let kept = 0;
          for (let i = 0; i < length; i++) if (values[(output * inputs + input + i) * kernel + k] !== 0) kept++;
          groups++;
          if (kept <= keep) compliantGroups++;
        }
      }
    }
    return { axis: 1, groups, compliantGroups, strict: groups > 0 && compliantGroups === groups };
  };
  return { '1:2': [along(1, 2)], '2:4': [along(2, 4)], '1:4': [along(1, 4)], '4:8': [along(4, 8)] };
}

function blocksOf(head: TensorHead, values: Float32Array, zeros: number): Partial<Record<BlockShape, BlockSparsity>> {
  const rows = head.shape[0]!;
  const columns = values.length / rows;
  const count = (height: number, width: number): BlockSparsity => {
    let blocks = 0;
    let zeroBlocks = 0;
    for (let r = 0; r + height <= rows; r += height) {
      for (let c = 0; c + width <= columns; c += width) {
        let empty = true;
        for (let y = 0; y < height && empty; y++)
          for (let x = 0; x < width; x++) if (values[(r + y) * columns + c + x] !== 0) empty = false;
        blocks++;
        if (empty) zeroBlocks++;
      }
    }
    return { blocks, zeroBlocks, zerosInBlocks: zeros === 0 ? null : (zeroBlocks * height * width) / zeros };
  };
  return { '4x1': count(4, 1), '1x4': count(1, 4), '4x4': count(4, 4), '16x16': count(16, 16) };
}

function sizesOf(head: TensorHead, values: Float32Array, zeros: number): TensorStats['sizes'] {
  const kept = values.length - zeros;
  const rows = head.shape.length > 1 ? head.shape[0]! : 1;
  const share = zeros / Math.max(1, values.length);
  const entropyBits = share <= 0 || share >= 1 ? 0 : -(share * Math.log2(share) + (1 - share) * Math.log2(1 - share));
  const inputs = head.shape[1] ?? 1;
  const fit = head.prunable && inputs % 4 === 0 ? patternsOf(head, values)['2:4']![0]! : null;
  return {
    raw: values.length * 4,
    gzip: {
      bytes: Math.round(kept * 3.7 + (values.length * entropyBits * 1.12) / 8),
      obtained: { kind: 'sampled', share: 0.1, error: 0.003, seed: 7 },
    },
    csr: kept * 6 + (rows + 1) * 4,
    bitmask: kept * 4 + Math.ceil(values.length / 8),
    packed24:
      fit === null ? null : { bytes: values.length * 2 + values.length / 8, fits: fit.compliantGroups / fit.groups },
  };
}

export const base64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
};

/** Shares travel as bytes: 255 only for all, 0 only for none. */
export const shareByte = (part: number, whole: number): number =>
  part === 0 ? 0 : part === whole ? 255 : Math.max(1, Math.min(254, Math.round((part / whole) * 255)));

export function tileOf(layout: Layout, values: Float32Array, query: TileQuery, low: number, high: number): WireTile {
  const { rowBegin, columnBegin, step, signed } = query;
  const rows = Math.ceil((query.rowEnd - rowBegin) / step);
  const columns = Math.ceil((query.columnEnd - columnBegin) / step);
  const levels = new Uint8Array(rows * columns);
  const zeroShare = new Uint8Array(rows * columns);
  const nonFinite: number[] = [];
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) {
      let sum = 0;
      let zeros = 0;
      let count = 0;
      let strange = false;
      for (let y = rowBegin + r * step; y < Math.min(query.rowEnd, rowBegin + (r + 1) * step); y++) {
        for (let x = columnBegin + c * step; x < Math.min(query.columnEnd, columnBegin + (c + 1) * step); x++) {
          const at = layout.at(y, x);
          if (at < 0) continue;
          const value = values[at]!;
          count++;
          if (!Number.isFinite(value)) strange = true;
          else if (value === 0) zeros++;
          else sum += signed ? value : Math.abs(value);
        }
      }
      if (strange) nonFinite.push(i);
      zeroShare[i] = count === 0 ? 255 : shareByte(zeros, count);
      const mean = count === 0 || high === 0 ? 0 : sum / count / high;
      if (signed) levels[i] = Math.round(128 + 127 * Math.max(-1, Math.min(1, mean)));
      else levels[i] = zeros === count ? 0 : Math.max(1, Math.min(255, Math.round(mean * 255)));
    }
  }
  return { rows, columns, levels: base64(levels), zeroShare: base64(zeroShare), nonFinite, low, high };
}

/** For each tile, the share of places for which `test` holds. */
export function shareTile(layout: Layout, query: TileQuery, test: (at: number) => boolean): string {
  const { rowBegin, columnBegin, step } = query;
  const rows = Math.ceil((query.rowEnd - rowBegin) / step);
  const columns = Math.ceil((query.columnEnd - columnBegin) / step);
  const bytes = new Uint8Array(rows * columns);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) {
      let hits = 0;
      let count = 0;
      for (let y = rowBegin + r * step; y < Math.min(query.rowEnd, rowBegin + (r + 1) * step); y++) {
        for (let x = columnBegin + c * step; x < Math.min(query.columnEnd, columnBegin + (c + 1) * step); x++) {
          const at = layout.at(y, x);
          if (at < 0) continue;
          count++;
          if (test(at)) hits++;
        }
      }
      bytes[i] = shareByte(hits, count);
    }
  }
  return base64(bytes);
}

export function valuesIn(
  head: TensorHead,
  layout: Layout,
  values: Float32Array,
  window: { rowBegin: number; rowEnd: number; columnBegin: number; columnEnd: number },
): ValuesAnswer {
  const found: (number | string | null)[] = [];
  const indices: (readonly number[] | null)[] = [];
  for (let row = window.rowBegin; row < window.rowEnd; row++) {
    for (let column = window.columnBegin; column < window.columnEnd; column++) {
      const at = layout.at(row, column);
      const value = at < 0 ? null : values[at]!;
      found.push(value === null || Number.isFinite(value) ? value : String(value));
      indices.push(at < 0 ? null : unravel(at, head.shape));
    }
  }
  return { values: found, indices };
}

export function diffOf(head: TensorHead, before: Float32Array, after: Float32Array): ValueDiff {
  let changed = 0;
  let newZeros = 0;
  let newKept = 0;
  let zeroInBoth = 0;
  let keptInBoth = 0;
  let maxAbsDelta = 0;
  let l2Delta = 0;
  let l2Before = 0;
  let l2After = 0;
  const deltas: number[] = [];
  const largest: { at: number; size: number }[] = [];
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i]!, after[i]!];
    const delta = b - a;
    if (delta !== 0) {
      changed++;
      deltas.push(delta);
      largest.push({ at: i, size: Math.abs(delta) });
    }
    if (a === 0) b === 0 ? zeroInBoth++ : newKept++;
    else b === 0 ? newZeros++ : keptInBoth++;
    maxAbsDelta = Math.max(maxAbsDelta, Math.abs(delta));
    l2Delta += delta * delta;
    l2Before += a * a;
    l2After += b * b;
  }
  largest.sort((x, y) => y.size - x.size);
  const [low, high] = deltas.reduce(([l, h], delta) => [Math.min(l, delta), Math.max(h, delta)], [0, 0]);
  return {
    name: head.name,
    elements: before.length,
    changed,
    maskChanged: newZeros + newKept,
    newZeros,
    newKept,
    zeroInBoth,
    keptInBoth,
    maxAbsDelta,
    l2Delta: Math.sqrt(l2Delta),
    l2Before: Math.sqrt(l2Before),
    l2After: Math.sqrt(l2After),
    sparsityBefore: (newKept + zeroInBoth) / before.length,
    sparsityAfter: (newZeros + zeroInBoth) / before.length,
    largest: largest
      .slice(0, 8)
      .map(({ at }) => ({ index: unravel(at, head.shape), before: before[at]!, after: after[at]! })),
    histogram:
      deltas.length === 0 ? null : { low, high, counts: bins(deltas, low, high, 64), same: before.length - changed },
  };
}
