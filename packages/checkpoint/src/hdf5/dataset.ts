import { type Fault, FaultError, raise, sizeOf, stridesOf } from '@espalier/base';
import { decodeValues } from '@espalier/tensor';
import type { TensorData } from '../checkpoint.js';
import { brief } from '../names.js';
import { stridedData } from '../values/strided.js';
import { inOrder } from './attribute.js';
import { chunkedData } from './chunked.js';
import type { ChunkGrid } from './chunkIndex.js';
import { type Extent, readDataspace } from './dataspace.js';
import { type Hdf5Type, readDatatype } from './datatype.js';
import type { Hdf5Bytes } from './file.js';
import { type Filter, filterName, readFilters, unknownFilter } from './filters.js';
import { type Layout, readLayout } from './layout.js';
import { contentOf, MESSAGE, type Message } from './objectHeader.js';

/** What a dataset's header says. */
export interface Dataset {
  readonly type: Hdf5Type;
  readonly shape: Extent;
  /** How far each axis may grow. */
  readonly limits: readonly number[];
  readonly layout: Layout;
  readonly filters: readonly Filter[];
  /** The values lie in other files, named in the header. They are not opened. */
  readonly external: boolean;
  /** The element of places that were never written, as bytes. null: zero. */
  readonly fill: Uint8Array | null;
}

/** null: the object is not a dataset. */
export async function readDataset(bytes: Hdf5Bytes, messages: readonly Message[]): Promise<Dataset | null> {
  const content = async (type: number) => {
    const message = messages.find((candidate) => candidate.type === type);
    return message === undefined ? null : contentOf(bytes, message);
  };
  const layoutBlock = await content(MESSAGE.layout);
  const typeBlock = await content(MESSAGE.datatype);
  const spaceBlock = await content(MESSAGE.dataspace);
  if (layoutBlock === null || typeBlock === null || spaceBlock === null) return null;
  const { shape, limits } = readDataspace(spaceBlock);
  const filterBlock = await content(MESSAGE.filters);
  const fillBlock = await content(MESSAGE.fill);
  return {
    type: readDatatype(typeBlock),
    shape,
    limits,
    layout: readLayout(layoutBlock, shape?.length ?? 0),
    filters: filterBlock === null ? [] : readFilters(filterBlock),
    external: messages.some(({ type }) => type === MESSAGE.externalFiles),
    fill: fillBlock === null ? null : readFill(fillBlock),
  };
}

/** Source: HDF5 File Format Specification 3.0, section IV.A.2.f. */
function readFill(block: import('./block.js').Block): Uint8Array | null {
  const version = block.u8();
  if (version === 3) return block.u8() & 0x20 ? block.take(block.u32()) : null;
  if (version !== 1 && version !== 2) return null;
  block.skip(2);
  const defined = block.u8() !== 0;
  if (!defined && version === 2) return null;
  return block.take(block.u32());
}

/** Bytes that the elements take without filters; what is stored on disk may be less. */
export function datasetBytes(dataset: Dataset): number {
  return dataset.shape === null ? 0 : sizeOf(dataset.shape) * dataset.type.bytes;
}

/** Elements of one chunk are unpacked in memory. */
const MAX_CHUNK_BYTES = 512 * 1024 * 1024;

/** Where the values of a dataset are. `type` is its own, or what an attribute says that it means. */
export function dataOf(bytes: Hdf5Bytes, dataset: Dataset, name: string, type = dataset.type): TensorData {
  const { shape, layout, filters } = dataset;
  if (shape === null || sizeOf(shape) === 0) return { kind: 'none', why: 'empty' };
  if (type.kind === 'text' || (type.kind === 'variable' && type.text)) return { kind: 'none', why: 'text' };
  if (type.kind !== 'number')
    return unsupported(bytes, name, `elements of the kind ${type.kind === 'other' ? type.name : type.kind}`);
  if (dataset.external) return unsupported(bytes, name, 'values in another file, which is not opened');
  const needed = sizeOf(shape) * type.bytes;
  try {
    switch (layout.kind) {
      case 'virtual':
        return unsupported(bytes, name, 'a virtual layout, whose values lie in other files');
      case 'compact':
        return compactData(bytes, layout.data, type, sizeOf(shape), name);
      case 'contiguous': {
        if (layout.address === null) return filledData(dataset, type);
        if (layout.bytes !== null && layout.bytes < needed) {
          raise({
            code: 'checkpoint/size-mismatch',
            file: bytes.source.name,
            expected: needed,
            found: layout.bytes,
            message: `The dataset ${brief(name)} needs ${needed} bytes, its layout gives it ${layout.bytes}.`,
          });
        }
        const begin = bytes.place(layout.address, needed, `the dataset ${brief(name)}`);
        if (!type.bigEndian) return { kind: 'raw', dtype: type.dtype, source: bytes.source, begin };
        return stridedData({
          source: bytes.source,
          dtype: type.dtype,
          shape,
          strides: stridesOf(shape),
          begin,
          bigEndian: true,
        });
      }
      case 'chunked': {
        const unknown = unknownFilter(filters);
        if (unknown !== undefined) return unsupported(bytes, name, `the compression ${filterName(unknown.id)}`);
        if (layout.address === null) return filledData(dataset, type);
        if (layout.index.kind === 'extensible')
          return unsupported(bytes, name, 'the index of a dataset that can grow (extensible array)');
        const grid = gridOf(dataset, layout.chunk, type.bytes);
        if (grid === null) return unsupported(bytes, name, `chunks of ${layout.chunk.join('×')} elements`);
        return chunkedData(bytes, { name, shape, type, layout, filters, grid, fill: dataset.fill });
      }
    }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { kind: 'none', why: 'unreadable', fault: error.fault };
  }
}

function gridOf({ shape, limits, filters }: Dataset, chunk: readonly number[], width: number): ChunkGrid | null {
  const chunkBytes = sizeOf(chunk) * width;
  const along = (lengths: readonly number[]): number[] =>
    lengths.map((length, axis) => Math.ceil(length / chunk[axis]!));
  const counts = along(shape!);
  if (chunkBytes > MAX_CHUNK_BYTES || !Number.isSafeInteger(sizeOf(counts))) return null;
  return { counts, limits: along(limits), chunkBytes, filtered: filters.length > 0 };
}

function unsupported(bytes: Hdf5Bytes, name: string, what: string): TensorData {
  const fault: Fault = {
    code: 'hdf5/unsupported',
    file: bytes.source.name,
    message: `The dataset ${brief(name)} uses ${what}, which cannot be read yet.`,
  };
  return { kind: 'none', why: 'unsupported', fault };
}

type NumberType = Extract<Hdf5Type, { kind: 'number' }>;

function compactData(bytes: Hdf5Bytes, data: Uint8Array, type: NumberType, elements: number, name: string): TensorData {
  if (data.length < elements * type.bytes) {
    raise({
      code: 'checkpoint/size-mismatch',
      file: bytes.source.name,
      expected: elements * type.bytes,
      found: data.length,
      message: `The dataset ${brief(name)} needs ${elements * type.bytes} bytes, its header holds ${data.length}.`,
    });
  }
  // A copy, so that the page of metadata around it can go.
  const values = inOrder(data.slice(0, elements * type.bytes), type);
  return {
    kind: 'decoded',
    blockElements: elements,
    read: async (begin, count) =>
      decodeValues(type.dtype, values.slice(begin * type.bytes, (begin + count) * type.bytes), count),
  };
}

/** A dataset that was declared and never written: every element is the fill value. */
function filledData(dataset: Dataset, type: NumberType): TensorData {
  const element = fillElement(dataset.fill, type);
  return {
    kind: 'decoded',
    blockElements: 1,
    async read(_begin, count) {
      const filled = new Uint8Array(count * type.bytes);
      if (element !== null) for (let at = 0; at < filled.length; at += type.bytes) filled.set(element, at);
      return decodeValues(type.dtype, filled, count);
    },
  };
}

/** The fill value in little-endian order; null when it is zero. */
export function fillElement(fill: Uint8Array | null, type: NumberType): Uint8Array | null {
  if (fill === null || fill.length !== type.bytes || fill.every((byte) => byte === 0)) return null;
  return inOrder(fill.slice(), type);
}
