import { raise } from '@espalier/base';
import { type Inflate, Unzlib } from 'fflate';
import type { Block } from './block.js';

/** One step of a filter pipeline, in the order in which it was applied when writing. */
export interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

const NAMES: Readonly<Record<number, string>> = {
  1: 'deflate',
  2: 'shuffle',
  3: 'fletcher32',
  4: 'szip',
  5: 'nbit',
  6: 'scaleoffset',
  32000: 'lzf',
  32001: 'blosc',
  32004: 'lz4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32015: 'zstd',
  32026: 'blosc2',
};
const KNOWN = new Set([1, 2, 3, 32000]);

export const filterName = (id: number): string => NAMES[id] ?? `filter ${id}`;

/** The first filter of a pipeline that cannot be undone here. */
export const unknownFilter = (filters: readonly Filter[]): Filter | undefined =>
  filters.find(({ id }) => !KNOWN.has(id));

/** Reads a filter pipeline message. Source: HDF5 File Format Specification 3.0, section IV.A.2.l. */
export function readFilters(block: Block): Filter[] {
  const version = block.u8();
  const count = block.u8();
  if (version !== 1 && version !== 2) block.unsupported(`A filter pipeline of version ${version}`);
  if (version === 1) block.skip(6);
  const filters: Filter[] = [];
  for (let index = 0; index < count; index++) {
    const id = block.u16();
    const named = version === 1 || id >= 256;
    const nameBytes = named ? block.u16() : 0;
    block.skip(2);
    const values = new Array<number>(block.u16());
    block.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    for (let value = 0; value < values.length; value++) values[value] = block.u32();
    if (version === 1 && values.length % 2 === 1) block.skip(4);
    filters.push({ id, values });
  }
  return filters;
}

/** Where a chunk is, for messages. */
export interface ChunkPlace {
  readonly file: string;
  readonly offset: number;
}

/**
 * Undoes the pipeline of one chunk, whose elements take `chunkBytes`. Bit i of `mask` says that filter i was left out.
 * Faults: `hdf5/chunk`.
 */
export function unfilter(
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  chunkBytes: number,
  place: ChunkPlace,
): Uint8Array {
  let bytes = stored;
  for (let index = filters.length - 1; index >= 0; index--) {
    if (mask & (1 << index)) continue;
    const { id, values } = filters[index]!;
    // A checksum written before this step is still part of its output.
    const checksums = filters.slice(0, index).filter((before, i) => before.id === 3 && (mask & (1 << i)) === 0).length;
    const limit = chunkBytes + 4 * checksums;
    if (id === 1) bytes = inflate(bytes, limit, place);
    else if (id === 2) bytes = unshuffle(bytes, values[0] ?? 1);
    else if (id === 3) bytes = withoutChecksum(bytes, place);
    else if (id === 32000) bytes = unpackLzf(bytes, limit, place);
    else broken(place, `it uses ${filterName(id)}`);
  }
  if (bytes.length !== chunkBytes) broken(place, 'it has the wrong size', chunkBytes, bytes.length);
  return bytes;
}

function broken(place: ChunkPlace, what: string, expected?: number, found?: number): never {
  raise({
    code: 'hdf5/chunk',
    ...place,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    message: `A chunk cannot be unpacked: ${what}.`,
  });
}

/** Fed in pieces, so that a stream that never ends is stopped soon after the limit. */
const PIECE_BYTES = 32 * 1024;

function inflate(bytes: Uint8Array, limit: number, place: ChunkPlace): Uint8Array {
  const out = new Uint8Array(limit);
  let produced = 0;
  const take = (piece: Uint8Array): void => {
    if (produced + piece.length > limit)
      broken(place, 'it inflates to more than its size', limit, produced + piece.length);
    out.set(piece, produced);
    produced += piece.length;
  };
  const stream: Unzlib | Inflate = new Unzlib(take);
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      stream.push(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.length);
    }
  } catch (error) {
    // The library throws plain errors with a numeric code for malformed input; our own faults pass.
    if (error instanceof Error && 'code' in error && typeof error.code === 'number')
      broken(place, `its compressed bytes are broken (${error.message})`);
    throw error;
  }
  return produced === limit ? out : out.subarray(0, produced);
}

/** Byte 0 of every element, then byte 1 of every element … Bytes that make no whole element stay at the end. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const count = width > 0 ? Math.floor(bytes.length / width) : 0;
  if (width <= 1 || count <= 1) return bytes;
  const out = new Uint8Array(bytes.length);
  for (let byte = 0; byte < width; byte++) {
    const from = byte * count;
    for (let i = 0, to = byte; i < count; i++, to += width) out[to] = bytes[from + i]!;
  }
  out.set(bytes.subarray(count * width), count * width);
  return out;
}

function withoutChecksum(bytes: Uint8Array, place: ChunkPlace): Uint8Array {
  if (bytes.length < 4) broken(place, 'it has no checksum');
  const data = bytes.subarray(0, bytes.length - 4);
  const at = bytes.length - 4;
  const stated = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  const found = fletcher32(data);
  if (stated !== found) broken(place, 'its checksum is wrong', stated, found);
  return data;
}

/** Fletcher's checksum over big-endian 16-bit words, as HDF5 computes it (H5checksum.c). */
export function fletcher32(bytes: Uint8Array): number {
  let low = 0;
  let high = 0;
  let at = 0;
  let words = Math.floor(bytes.length / 2);
  while (words > 0) {
    const batch = Math.min(words, 360);
    words -= batch;
    for (let i = 0; i < batch; i++, at += 2) {
      low += (bytes[at]! << 8) | bytes[at + 1]!;
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  if (bytes.length % 2 === 1) {
    low += bytes[at]! << 8;
    high += low;
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  low = (low & 0xffff) + (low >>> 16);
  high = (high & 0xffff) + (high >>> 16);
  return ((high << 16) | low) >>> 0;
}

/** LZF: runs of literal bytes and references back, as h5py's `compression="lzf"` writes. Source: LibLZF 3.6, lzf_d.c. */
export function unpackLzf(bytes: Uint8Array, limit: number, place: ChunkPlace): Uint8Array {
  const out = new Uint8Array(limit);
  let to = 0;
  let at = 0;
  const next = (): number => (at < bytes.length ? bytes[at++]! : broken(place, 'its compressed bytes end too early'));
  while (at < bytes.length) {
    const control = next();
    if (control < 32) {
      const run = control + 1;
      if (at + run > bytes.length || to + run > limit) broken(place, 'its compressed bytes are broken');
      out.set(bytes.subarray(at, at + run), to);
      at += run;
      to += run;
      continue;
    }
    let run = control >> 5;
    if (run === 7) run += next();
    run += 2;
    let from = to - ((control & 31) << 8) - next() - 1;
    if (from < 0 || to + run > limit) broken(place, 'its compressed bytes are broken');
    // Byte by byte: the reference may overlap what it writes.
    while (run-- > 0) out[to++] = out[from++]!;
  }
  return to === limit ? out : out.subarray(0, to);
}
