import type { Block } from './block.js';
import { treeLeaves } from './btree1.js';
import { openTree2 } from './btree2.js';
import type { Hdf5Bytes } from './file.js';
import type { Layout } from './layout.js';

/** Where the stored bytes of a chunk are. */
export interface Chunk {
  readonly address: number;
  readonly bytes: number;
  /** Filters left out, by bit. */
  readonly mask: number;
}

/** Chunks by their number in C order of the grid; those never written are missing. */
export type Chunks = ReadonlyMap<number, Chunk>;

/** A dataset with more chunks than this is not read. */
const MAX_CHUNKS = 1_000_000;

export interface ChunkGrid {
  /** Chunks along each axis. */
  readonly counts: readonly number[];
  /** The same where the dataset has grown as far as it may: indices without keys have a place for each of these. */
  readonly limits: readonly number[];
  readonly chunkBytes: number;
  readonly filtered: boolean;
}

/** Reads the whole index of a chunked dataset. Source: HDF5 File Format Specification 3.0, section III.A and VII. */
export async function readChunks(
  bytes: Hdf5Bytes,
  layout: Extract<Layout, { kind: 'chunked' }>,
  grid: ChunkGrid,
): Promise<Chunks> {
  const chunks = new Map<number, Chunk>();
  const { address, index } = layout;
  if (address === null) return chunks;
  const plain = (at: number): Chunk => ({ address: at, bytes: grid.chunkBytes, mask: 0 });
  switch (index.kind) {
    case 'single':
      chunks.set(0, { address, bytes: index.bytes ?? grid.chunkBytes, mask: index.mask });
      return chunks;
    case 'implicit':
      if (total(grid.counts) > MAX_CHUNKS)
        (await bytes.upTo(address, 1, 8, 'A chunk index')).malformed(`A dataset has more than ${MAX_CHUNKS} chunks`);
      for (let number = 0; number < total(grid.counts); number++)
        chunks.set(number, plain(address + storedNumberOf(number, grid) * grid.chunkBytes));
      return chunks;
    case 'tree1':
      return readTree1(bytes, address, layout.chunk, grid, chunks);
    case 'tree2':
      return readTree2(bytes, address, grid, chunks);
    case 'fixed':
      return readFixedArray(bytes, address, grid, chunks);
    case 'extensible': {
      const head = await bytes.upTo(address, 4, 8, 'A chunk index');
      return head.unsupported('A dataset that can grow along one axis (extensible array)');
    }
  }
}

const total = (counts: readonly number[]): number => counts.reduce((product, count) => product * count, 1);

/** The number of a chunk of the grid where all chunks are numbered that there may ever be, in C order too. */
function storedNumberOf(number: number, { counts, limits }: ChunkGrid): number {
  let [rest, stored, step] = [number, 0, 1];
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    stored += (rest % counts[axis]!) * step;
    rest = Math.floor(rest / counts[axis]!);
    step *= limits[axis]!;
  }
  return stored;
}

/** The other way round; −1 for a chunk that the dataset has not grown to. */
function numberOfStored(stored: number, { counts, limits }: ChunkGrid): number {
  let [rest, number, step] = [stored, 0, 1];
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    const at = rest % limits[axis]!;
    if (at >= counts[axis]!) return -1;
    number += at * step;
    rest = Math.floor(rest / limits[axis]!);
    step *= counts[axis]!;
  }
  return rest === 0 ? number : -1;
}

/** Number of the chunk at a place of the grid, or −1 outside of it (left over from before the dataset shrank). */
function numberOf(place: readonly number[], { counts }: ChunkGrid): number {
  let number = 0;
  for (const [axis, count] of counts.entries()) {
    const at = place[axis]!;
    if (!Number.isInteger(at) || at >= count) return -1;
    number = number * count + at;
  }
  return number;
}

function add(chunks: Map<number, Chunk>, number: number, chunk: Chunk, block: Block): void {
  if (number >= 0) chunks.set(number, chunk);
  if (chunks.size > MAX_CHUNKS) block.malformed(`A dataset has more than ${MAX_CHUNKS} chunks`);
}

async function readTree1(
  bytes: Hdf5Bytes,
  address: number,
  chunk: readonly number[],
  grid: ChunkGrid,
  chunks: Map<number, Chunk>,
): Promise<Chunks> {
  const rank = grid.counts.length;
  for await (const { key, child } of treeLeaves(bytes, address, 1, 8 + 8 * (rank + 1))) {
    const stored = key.u32();
    const mask = key.u32();
    const place = chunk.map((size) => key.uint(8) / size);
    add(chunks, numberOf(place, grid), { address: child, bytes: stored, mask }, key);
  }
  return chunks;
}

async function readTree2(
  bytes: Hdf5Bytes,
  address: number,
  grid: ChunkGrid,
  chunks: Map<number, Chunk>,
): Promise<Chunks> {
  const tree = await openTree2(bytes, address);
  const rank = grid.counts.length;
  const sizeBytes = tree.type === 11 ? tree.recordBytes - bytes.widths.offsetBytes - 4 - 8 * rank : 0;
  for await (const record of tree.records()) {
    if ((tree.type !== 10 && tree.type !== 11) || sizeBytes < 0 || sizeBytes > 8)
      record.malformed(`Chunks are in a B-tree of type ${tree.type}`);
    const at = record.address();
    const stored = tree.type === 11 ? record.uint(sizeBytes) : grid.chunkBytes;
    const mask = tree.type === 11 ? record.u32() : 0;
    const place = grid.counts.map(() => record.uint(8));
    if (at !== null) add(chunks, numberOf(place, grid), { address: at, bytes: stored, mask }, record);
  }
  return chunks;
}

/** One entry for every chunk, in pages when there are many. Source: specification, section VII.C. */
async function readFixedArray(
  bytes: Hdf5Bytes,
  address: number,
  grid: ChunkGrid,
  chunks: Map<number, Chunk>,
): Promise<Chunks> {
  const { offsetBytes, lengthBytes } = bytes.widths;
  const head = await bytes.block(address, 8 + lengthBytes + offsetBytes, 'A chunk index');
  head.signature('FAHD');
  head.skip(1);
  const filtered = head.u8() === 1;
  const entryBytes = head.u8();
  const pageBits = head.u8();
  const count = head.length();
  const dataBlock = head.address();
  if (dataBlock === null) return chunks;
  const sizeBytes = entryBytes - offsetBytes - 4;
  if (count > MAX_CHUNKS || pageBits > 32 || (filtered ? sizeBytes < 1 || sizeBytes > 8 : entryBytes !== offsetBytes)) {
    head.malformed(`A chunk index of ${count} entries of ${entryBytes} bytes is not possible`);
  }
  const pageEntries = 2 ** pageBits;
  const prefixBytes = 6 + offsetBytes;
  const read = (block: Block, from: number, to: number): void => {
    for (let stored = from; stored < to; stored++) {
      const at = block.address();
      const length = filtered ? block.uint(sizeBytes) : grid.chunkBytes;
      const mask = filtered ? block.u32() : 0;
      if (at !== null) add(chunks, numberOfStored(stored, grid), { address: at, bytes: length, mask }, block);
    }
  };
  if (count <= pageEntries) {
    const body = await bytes.block(dataBlock, prefixBytes + count * entryBytes, 'A chunk index');
    body.signature('FADB');
    body.at = prefixBytes;
    read(body, 0, count);
    return chunks;
  }
  const pages = Math.ceil(count / pageEntries);
  const bitmapBytes = Math.ceil(pages / 8);
  const prefix = await bytes.block(dataBlock, prefixBytes + bitmapBytes, 'A chunk index');
  prefix.signature('FADB');
  prefix.at = prefixBytes;
  const bitmap = prefix.take(bitmapBytes);
  let at = dataBlock + prefixBytes + bitmapBytes + 4;
  for (let page = 0; page < pages; page++) {
    const from = page * pageEntries;
    const to = Math.min(count, from + pageEntries);
    // Pages that were never written have no valid content. The bits of a byte run from the highest.
    if ((bitmap[page >> 3]! >> (7 - (page & 7))) & 1)
      read(await bytes.block(at, (to - from) * entryBytes, 'A chunk index'), from, to);
    at += (to - from) * entryBytes + 4;
  }
  return chunks;
}
