import { type Shape, sizeOf, stridesOf } from '@espalier/base';
import { decodeValues } from '@espalier/tensor';
import type { DecodedData } from '../checkpoint.js';
import { brief } from '../names.js';
import { inOrder } from './attribute.js';
import { type ChunkGrid, type Chunks, readChunks } from './chunkIndex.js';
import { fillElement } from './dataset.js';
import type { Hdf5Type } from './datatype.js';
import { Hdf5Bytes } from './file.js';
import { type Filter, unfilter } from './filters.js';
import type { Layout } from './layout.js';

export interface ChunkedDataset {
  readonly name: string;
  readonly shape: Shape;
  readonly type: Extract<Hdf5Type, { kind: 'number' }>;
  readonly layout: Extract<Layout, { kind: 'chunked' }>;
  readonly filters: readonly Filter[];
  readonly grid: ChunkGrid;
  readonly fill: Uint8Array | null;
}

/** Unpacked chunks that are kept for the next read. */
const CACHE_BYTES = 32 * 1024 * 1024;

/** Values of a chunked dataset in C order. The index is read with the first values; a few unpacked chunks are kept. */
export function chunkedData(bytes: Hdf5Bytes, dataset: ChunkedDataset): DecodedData {
  const { shape, type, grid, layout } = dataset;
  const fill = fillElement(dataset.fill, type);
  const cache = new ChunkCache(bytes, dataset);
  const slab = layout.chunk.length === 0 ? 1 : layout.chunk[0]! * sizeOf(shape.slice(1));
  return {
    kind: 'decoded',
    blockElements: Math.max(1, Math.min(slab, sizeOf(shape))),
    async read(begin, count, signal) {
      const out = new Uint8Array(count * type.bytes);
      if (fill !== null) for (let at = 0; at < out.length; at += type.bytes) out.set(fill, at);
      for (const number of chunksBetween(shape, layout.chunk, grid.counts, begin, begin + count)) {
        const chunk = await cache.get(number, signal);
        if (chunk !== null) copyOverlap(chunk, number, dataset, begin, count, out);
      }
      return decodeValues(type.dtype, inOrder(out, type), count);
    },
  };
}

/** Least recently used chunks of one dataset. The index is read once. */
class ChunkCache {
  private readonly kept = new Map<number, Uint8Array>();
  private index: Promise<Chunks> | undefined;

  constructor(
    private readonly bytes: Hdf5Bytes,
    private readonly dataset: ChunkedDataset,
  ) {}

  /** The index listens to whoever asks first; when that one gives up, the next one starts again. */
  private async chunks(signal: AbortSignal | undefined): Promise<Chunks> {
    const { source, base, widths } = this.bytes;
    this.index ??= readChunks(new Hdf5Bytes(source, base, widths, signal), this.dataset.layout, this.dataset.grid);
    try {
      return await this.index;
    } catch (error) {
      this.index = undefined;
      throw error;
    }
  }

  /** Unpacked bytes of a chunk; null when it was never written. */
  async get(number: number, signal?: AbortSignal): Promise<Uint8Array | null> {
    const known = this.kept.get(number);
    if (known !== undefined) {
      this.kept.delete(number);
      this.kept.set(number, known);
      return known;
    }
    const chunk = (await this.chunks(signal)).get(number);
    if (chunk === undefined) return null;
    const begin = this.bytes.place(chunk.address, chunk.bytes, `a chunk of ${brief(this.dataset.name)}`);
    const stored = await this.bytes.source.read(begin, chunk.bytes, signal);
    const { filters, grid } = this.dataset;
    const place = { file: this.bytes.source.name, offset: begin };
    const unpacked = unfilter(stored, filters, chunk.mask, grid.chunkBytes, place);
    this.kept.set(number, unpacked);
    while (this.kept.size > 1 && this.kept.size * grid.chunkBytes > CACHE_BYTES)
      this.kept.delete(this.kept.keys().next().value!);
    return unpacked;
  }
}

/** Numbers of the chunks that may hold elements of a C-order range, in order. */
export function* chunksBetween(
  shape: Shape,
  chunk: readonly number[],
  counts: readonly number[],
  begin: number,
  end: number,
): Generator<number> {
  if (end <= begin) return;
  const strides = stridesOf(shape);
  const rank = shape.length;
  const from = new Array<number>(rank).fill(0);
  const to = counts.map((count) => count - 1);
  // While the range stays within one index of an axis, the next axis is limited as well.
  for (let axis = 0, first = begin, last = end - 1; axis < rank; axis++) {
    const low = Math.floor(first / strides[axis]!);
    const high = Math.floor(last / strides[axis]!);
    from[axis] = Math.floor(low / chunk[axis]!);
    to[axis] = Math.floor(high / chunk[axis]!);
    if (low !== high) break;
    first -= low * strides[axis]!;
    last -= high * strides[axis]!;
  }
  const place = [...from];
  for (;;) {
    yield place.reduce((number, at, axis) => number * counts[axis]! + at, 0);
    let axis = rank - 1;
    while (axis >= 0 && place[axis]! >= to[axis]!) {
      place[axis] = from[axis]!;
      axis--;
    }
    if (axis < 0) return;
    place[axis]!++;
  }
}

/** Copies the part of a chunk that lies in [begin, begin + count) of the dataset, run by run along the last axis. */
function copyOverlap(
  bytes: Uint8Array,
  number: number,
  { shape, layout, grid, type }: ChunkedDataset,
  begin: number,
  count: number,
  out: Uint8Array,
): void {
  const width = type.bytes;
  const rank = shape.length;
  if (rank === 0) {
    out.set(bytes.subarray(0, width));
    return;
  }
  const strides = stridesOf(shape);
  const chunkStrides = stridesOf(layout.chunk);
  const origin = new Array<number>(rank);
  for (let axis = rank - 1, rest = number; axis >= 0; axis--) {
    origin[axis] = (rest % grid.counts[axis]!) * layout.chunk[axis]!;
    rest = Math.floor(rest / grid.counts[axis]!);
  }
  const sizes = layout.chunk.map((size, axis) => Math.min(size, shape[axis]! - origin[axis]!));
  const run = sizes[rank - 1]!;
  const place = new Array<number>(rank - 1).fill(0);
  for (;;) {
    let target = origin[rank - 1]!;
    let source = 0;
    for (let axis = 0; axis < rank - 1; axis++) {
      target += (origin[axis]! + place[axis]!) * strides[axis]!;
      source += place[axis]! * chunkStrides[axis]!;
    }
    const first = Math.max(target, begin);
    const last = Math.min(target + run, begin + count);
    if (last > first) {
      const from = (source + first - target) * width;
      out.set(bytes.subarray(from, from + (last - first) * width), (first - begin) * width);
    }
    let axis = rank - 2;
    while (axis >= 0 && ++place[axis]! >= sizes[axis]!) {
      place[axis] = 0;
      axis--;
    }
    if (axis < 0) return;
  }
}
