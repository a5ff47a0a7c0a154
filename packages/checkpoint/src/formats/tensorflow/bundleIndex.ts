import { raise, type Shape, sizeOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { isLength } from '../../json.js';
import { readTable } from '../../leveldb/table.js';
import { type Span, spanOfBytes, WireReader } from '../../protobuf/index.js';
import { type DataType, dataType } from './dataType.js';
import { readShapeProto } from './tensorShape.js';

/** BundleHeaderProto: what holds for all entries. */
export interface BundleHeader {
  readonly shards: number;
  readonly bigEndian: boolean;
}

/** BundleEntryProto: a tensor, or one slice of a partitioned tensor. */
export interface BundleEntry {
  readonly key: string;
  readonly type: DataType;
  readonly shape: Shape;
  readonly elements: number;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** Extents of the slices that hold the values; empty for an ordinary tensor. */
  readonly slices: readonly (readonly Extent[])[];
}

/** Part of an axis. `length` −1: the whole axis. */
export interface Extent {
  readonly start: number;
  readonly length: number;
}

export interface BundleIndex {
  readonly header: BundleHeader;
  /** By key, as the bytes of the key in Latin-1; keys of slices begin with NUL. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
}

const MAX_ENTRIES = 1_000_000;
const MAX_SHARDS = 100_000;

/**
 * Reads `….index` of a checkpoint: a table whose first entry is the header. Source: tensorflow/core/protobuf/tensor_bundle.proto.
 */
export async function readBundleIndex(source: ByteSource, signal?: AbortSignal): Promise<BundleIndex> {
  const reader = new WireReader({ signal });
  const entries = new Map<string, BundleEntry>();
  let header: BundleHeader | undefined;
  for await (const { key, value } of readTable(source, signal)) {
    const span = spanOfBytes(source.name, value);
    if (key.length === 0) header = await readHeader(reader, span);
    else {
      const bytes = latin1(key);
      entries.set(bytes, await readEntry(reader, span, bytes.startsWith('\0') ? bytes : utf8.decode(key)));
    }
    if (entries.size > MAX_ENTRIES) malformed(source, `has more than ${MAX_ENTRIES} entries`);
  }
  if (header === undefined) return malformed(source, 'has no header');
  if (header.shards > MAX_SHARDS) malformed(source, `says that there are ${header.shards} shards`);
  return { header, entries };
}

const utf8 = new TextDecoder('utf-8');

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function malformed(source: ByteSource, what: string): never {
  raise({
    code: 'checkpoint/header-malformed',
    file: source.name,
    offset: 0,
    message: `The index of the checkpoint ${what}.`,
  });
}

async function readHeader(reader: WireReader, span: Span): Promise<BundleHeader> {
  let shards = 1;
  let bigEndian = false;
  await reader.message(span, {
    1: (field) => {
      shards = field.int();
    },
    2: (field) => {
      bigEndian = field.int() === 1;
    },
  });
  return { shards: Math.max(1, shards), bigEndian };
}

async function readEntry(reader: WireReader, span: Span, key: string): Promise<BundleEntry> {
  let type = dataType(0);
  let shape: Shape = [];
  let shard = 0;
  let offset = 0;
  let size = 0;
  const slices: Extent[][] = [];
  await reader.message(span, {
    1: (field) => {
      type = dataType(field.int());
    },
    2: async (field) => {
      const stated = await readShapeProto(reader, field.span());
      if (stated === null || !stated.every(isLength)) return field.malformed(`The shape of ${key} is not known`);
      shape = stated as number[];
    },
    3: (field) => {
      shard = field.int();
    },
    4: (field) => {
      offset = field.int();
    },
    5: (field) => {
      size = field.int();
    },
    7: async (field) => {
      reader.keep(1, span);
      slices.push(await readSlice(reader, field.span()));
    },
  });
  const elements = sizeOf(shape);
  if (![elements * 16, shard, offset, size, offset + size].every(isLength)) {
    raise({
      code: 'checkpoint/header-malformed',
      file: span.source.name,
      offset: 0,
      message: `The index says impossible numbers of ${printable(key)}: ${size} bytes at ${offset} of shard ${shard}.`,
    });
  }
  return { key, type, shape, elements, shard, offset, size, slices };
}

/** TensorSliceProto: extent = 1 { start = 1, length = 2 }; without a length it is the whole axis. */
async function readSlice(reader: WireReader, span: Span): Promise<Extent[]> {
  const extents: Extent[] = [];
  await reader.message(span, {
    1: async (field) => {
      let start = 0;
      let length = -1;
      await reader.message(field.span(), {
        1: (inner) => {
          start = inner.int();
        },
        2: (inner) => {
          length = inner.int();
        },
      });
      if (!isLength(start) || !(length === -1 || isLength(length)) || extents.length > 254)
        field.malformed('A slice has an impossible extent');
      extents.push({ start, length });
    },
  });
  return extents;
}

const printable = (key: string): string => JSON.stringify(key.slice(0, 200));
