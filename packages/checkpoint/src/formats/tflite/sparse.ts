import { type Fault, fail, ok, type Result, raise, type Shape, sizeOf, stridesOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { DecodedData, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { readValues } from '../../values/readValues.js';
import type { IndexList, Sparsity } from './model.js';

/** Index lists of one tensor that are held in memory while it is read: 64 M numbers. */
const MAX_INDICES = 67_108_864;
/** Stored values read at once. */
const CHUNK = 65_536;

/** One axis of the walk: how far one step goes in the dense tensor, and which steps there are. */
interface Level {
  readonly stride: number;
  readonly size: number;
  readonly csr: { readonly segments: IndexList; readonly indices: IndexList } | null;
}

/** A level with its lists in memory. */
interface LoadedLevel {
  readonly stride: number;
  readonly size: number;
  readonly segments: Uint32Array | null;
  readonly indices: Uint32Array | null;
  /** Largest offset that this level and those below can add. */
  readonly reach: number;
}

export interface SparsePlan {
  readonly levels: readonly Level[];
  /** Number of values that are stored. */
  readonly stored: number;
}

/**
 * Checks a sparse encoding against the shape, as far as it can be without reading index lists: which axes are walked, in what order, the sizes of blocks and the lengths of
 * the lists. Source: schema.fbs, SparsityParameters, and TensorFlow's `FormatConverter`.
 */
export function planSparse(sparsity: Sparsity, shape: Shape, name: string, file: string): Result<SparsePlan, Fault> {
  const wrong = (what: string) =>
    fail({
      code: 'checkpoint/sparse-indices',
      file,
      offset: sparsity.offset,
      message: `Sparse tensor ${brief(name)}: ${what}.`,
    });
  const { traversalOrder: order, blockMap, dimensions } = sparsity;
  const rank = shape.length;
  const axes = rank + blockMap.length;
  if (dimensions.length !== axes)
    return wrong(`it has ${dimensions.length} dimensions, its shape and blocks make ${axes}`);
  if (order.length !== axes || new Set(order).size !== axes || order.some((axis) => axis < 0 || axis >= axes))
    return wrong('its order of axes is none');
  if (blockMap.some((axis) => axis < 0 || axis >= rank) || new Set(blockMap).size !== blockMap.length)
    return wrong('its blocks lie along axes that it does not have');
  const blockSizes = new Map<number, number>();
  for (const [level, axis] of order.entries()) {
    const dimension = dimensions[level]!;
    if (axis < rank) continue;
    if (dimension.kind !== 'dense' || dimension.size < 1) return wrong('a block has no size');
    blockSizes.set(blockMap[axis - rank]!, dimension.size);
  }
  for (const [axis, size] of blockSizes)
    if (shape[axis]! % size !== 0) return wrong(`blocks of ${size} do not fit an axis of ${shape[axis]}`);
  const strides = stridesOf(shape);
  const levels: Level[] = [];
  let nodes = 1;
  for (const [level, axis] of order.entries()) {
    const dimension = dimensions[level]!;
    const original = axis < rank ? axis : blockMap[axis - rank]!;
    const block = blockSizes.get(original) ?? 1;
    const size = axis < rank ? shape[axis]! / block : block;
    const stride = axis < rank ? strides[axis]! * block : strides[original]!;
    if (dimension.kind === 'dense') {
      if (dimension.size !== size) return wrong(`an axis of ${size} is said to have ${dimension.size}`);
      nodes *= size;
      levels.push({ stride, size, csr: null });
    } else {
      const { segments, indices } = dimension;
      if (segments.length !== nodes + 1)
        return wrong(`a list of segments has ${segments.length} numbers, ${nodes + 1} are needed`);
      nodes = indices.length;
      levels.push({ stride, size, csr: { segments, indices } });
    }
    if (nodes > sizeOf(shape)) return wrong('it stores more values than its shape has');
  }
  const held = levels.reduce((sum, { csr }) => sum + (csr === null ? 0 : csr.segments.length + csr.indices.length), 0);
  if (held > MAX_INDICES) return wrong(`its lists of indices have ${held} numbers`);
  return ok({ levels, stored: nodes });
}

/**
 * Dense values of a sparse-encoded tensor. The lists of indices are read once, on first use; a range is decoded by walking only the branches that can
 * reach it. `values` are the stored ones, in the order of the walk; what is not stored is 0.
 * `wide` asks for doubles.
 */
export function sparseData(
  plan: SparsePlan,
  shape: Shape,
  values: TensorData,
  name: string,
  source: ByteSource,
  wide: boolean,
): DecodedData {
  let loading: Promise<readonly LoadedLevel[]> | undefined;
  const stored = { name, data: values, shape: [plan.stored], elements: plan.stored };
  return {
    kind: 'decoded',
    blockElements: shape.length > 1 ? sizeOf(shape.slice(1)) || 1 : 1,
    async read(begin, count, signal) {
      const out = wide ? new Float64Array(count) : new Float32Array(count);
      if (plan.stored === 0 || count === 0) return out;
      if (loading === undefined) {
        const load = loadLevels(plan, name, source, signal);
        loading = load;
        load.catch(() => {
          if (loading === load) loading = undefined;
        });
      }
      const found = walk(await loading, begin, count, () => {
        raise({
          code: 'checkpoint/sparse-indices',
          file: source.name,
          message: `Sparse tensor ${brief(name)} stores an element more than once.`,
        });
      });
      for (let at = 0; at < found.count; ) {
        const first = found.stored[at]!;
        let last = at;
        while (last + 1 < found.count && found.stored[last + 1]! - first < CHUNK) last++;
        const read = await readValues(stored, first, found.stored[last]! - first + 1, signal);
        for (; at <= last; at++) out[found.dense[at]!] = read[found.stored[at]! - first]!;
      }
      return out;
    },
  };
}

/** Pairs of stored and dense positions for the range, in the order of the walk. */
function walk(
  levels: readonly LoadedLevel[],
  begin: number,
  count: number,
  tooMany: () => never,
): { stored: Float64Array; dense: Uint32Array; count: number } {
  const stored = new Float64Array(count);
  const dense = new Uint32Array(count);
  const end = begin + count;
  let found = 0;
  const visit = (depth: number, node: number, offset: number): void => {
    const { stride, size, segments, indices, reach } = levels[depth]!;
    if (offset >= end || offset + reach < begin) return;
    const from = segments === null ? 0 : segments[node]!;
    const to = segments === null ? size : segments[node + 1]!;
    const leaf = depth === levels.length - 1;
    for (let step = from; step < to; step++) {
      const at = offset + (indices === null ? step : indices[step]!) * stride;
      const child = segments === null ? node * size + step : step;
      if (!leaf) visit(depth + 1, child, at);
      else if (at >= begin && at < end) {
        if (found === count) tooMany();
        stored[found] = child;
        dense[found++] = at - begin;
      }
    }
  };
  visit(0, 0, 0);
  return { stored, dense, count: found };
}

async function loadLevels(
  plan: SparsePlan,
  name: string,
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<readonly LoadedLevel[]> {
  const loaded: LoadedLevel[] = [];
  let reach = plan.levels.reduce((sum, { stride, size }) => sum + (size - 1) * stride, 0);
  const wrong = (what: string, offset: number): never =>
    raise({
      code: 'checkpoint/sparse-indices',
      file: source.name,
      offset,
      message: `Sparse tensor ${brief(name)}: ${what}.`,
    });
  for (const { stride, size, csr } of plan.levels) {
    if (csr === null) loaded.push({ stride, size, segments: null, indices: null, reach });
    else {
      const segments = await readList(csr.segments, source, signal);
      const indices = await readList(csr.indices, source, signal);
      if (segments[0] !== 0 || segments[segments.length - 1] !== indices.length)
        wrong('its segments do not cover its indices', csr.segments.begin);
      for (let i = 1; i < segments.length; i++)
        if (segments[i]! < segments[i - 1]!) wrong('its segments go backwards', csr.segments.begin);
      for (const index of indices)
        if (index >= size) wrong(`an index is ${index}, its axis has ${size}`, csr.indices.begin);
      loaded.push({ stride, size, segments, indices, reach });
    }
    reach -= (size - 1) * stride;
  }
  return loaded;
}

async function readList(
  { begin, length, width }: IndexList,
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  const bytes = await source.read(begin, length * width, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Uint32Array(length);
  for (let i = 0; i < length; i++)
    out[i] = width === 4 ? view.getUint32(4 * i, true) : width === 2 ? view.getUint16(2 * i, true) : bytes[i]!;
  return out;
}
