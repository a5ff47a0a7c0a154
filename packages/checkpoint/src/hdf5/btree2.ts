import type { Block } from './block.js';
import type { Hdf5Bytes } from './file.js';

export interface Tree2 {
  readonly type: number;
  readonly recordBytes: number;
  /** Records in order. */
  records(): AsyncGenerator<Block>;
}

/** Signature, version, type and checksum of a node. */
const NODE_OVERHEAD = 10;
const MAX_RECORDS = 50_000_000;

/** Opens a version 2 B-tree. Source: HDF5 File Format Specification 3.0, section III.A.2. */
export async function openTree2(bytes: Hdf5Bytes, address: number): Promise<Tree2> {
  const { offsetBytes, lengthBytes } = bytes.widths;
  const head = await bytes.block(address, 22 + offsetBytes + lengthBytes, 'A B-tree header');
  head.signature('BTHD');
  head.skip(1);
  const type = head.u8();
  const nodeBytes = head.u32();
  const recordBytes = head.u16();
  const depth = head.u16();
  head.skip(2);
  const root = head.address();
  const rootRecords = head.u16();
  const total = head.length();
  if (recordBytes === 0 || nodeBytes < NODE_OVERHEAD + recordBytes || depth > 32 || total > MAX_RECORDS) {
    head.malformed(
      `A B-tree of ${total} records of ${recordBytes} bytes in nodes of ${nodeBytes} bytes is not possible`,
    );
  }
  const levels = levelsOf(nodeBytes, recordBytes, depth, offsetBytes);
  const seen = new Set<number>();

  async function* walk(at: number, count: number, level: number): AsyncGenerator<Block> {
    if (seen.has(at)) head.malformed('A B-tree node is used twice');
    seen.add(at);
    const node = await bytes.block(at, nodeBytes, 'A B-tree node');
    node.signature(level === 0 ? 'BTLF' : 'BTIN');
    node.skip(2);
    const records = node.part(count * recordBytes);
    if (level === 0) {
      for (let index = 0; index < count; index++) yield records.part(recordBytes);
      return;
    }
    const { countBytes, totalBytes } = levels[level]!;
    for (let index = 0; index <= count; index++) {
      const child = node.address();
      const childRecords = node.uint(countBytes);
      node.skip(totalBytes);
      if (child === null) return node.malformed('A B-tree node has an undefined child');
      yield* walk(child, childRecords, level - 1);
      if (index < count) yield records.part(recordBytes);
    }
  }

  return {
    type,
    recordBytes,
    async *records() {
      seen.clear();
      if (root !== null && total > 0) yield* walk(root, rootRecords, depth);
    },
  };
}

/** Widths of the pointers of internal nodes, which follow from how many records fit below. Source: H5B2hdr.c. */
function levelsOf(
  nodeBytes: number,
  recordBytes: number,
  depth: number,
  offsetBytes: number,
): { countBytes: number; totalBytes: number }[] {
  const leafRecords = Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes);
  const countBytes = encodedBytes(leafRecords);
  const levels = [{ countBytes, totalBytes: 0 }];
  let below = leafRecords;
  let totalBytes = 0;
  for (let level = 1; level <= depth; level++) {
    levels.push({ countBytes, totalBytes });
    const pointer = offsetBytes + countBytes + totalBytes;
    const records = Math.floor((nodeBytes - NODE_OVERHEAD - pointer) / (recordBytes + pointer));
    below = (records + 1) * below + records;
    totalBytes = encodedBytes(below);
  }
  return levels;
}

/** Bytes that the library gives to numbers up to `limit`: ⌊log₂(limit)⌋ ÷ 8 + 1. */
export const encodedBytes = (limit: number): number => Math.min(8, Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1);
