import type { Block } from './block.js';
import type { Hdf5Bytes } from './file.js';

export interface Leaf {
  /** The key before the child. */
  readonly key: Block;
  readonly child: number;
}

/** A node has 2K children; K is 16 bits, libraries use 16 and 32. */
const MAX_CHILDREN = 65_536;
const MAX_LEVEL = 32;

/** Children of the leaves of a version 1 B-tree, in order. `type` 0: groups, 1: chunks. Source: specification, section III.A.1. */
export async function* treeLeaves(
  bytes: Hdf5Bytes,
  root: number,
  type: number,
  keyBytes: number,
): AsyncGenerator<Leaf> {
  const seen = new Set<number>();
  yield* walk(root, null);

  async function* walk(address: number, level: number | null): AsyncGenerator<Leaf> {
    const { offsetBytes } = bytes.widths;
    const head = await bytes.block(address, 8 + 2 * offsetBytes, 'A B-tree node');
    head.signature('TREE');
    const found = head.u8();
    const depth = head.u8();
    const count = head.u16();
    if (found !== type) head.malformed(`A B-tree node has type ${found} in place of ${type}`);
    // Levels have to fall, and a node may stand in one place only: no cycle, no endless sharing.
    if (depth > MAX_LEVEL || (level !== null && depth !== level - 1))
      head.malformed(`A B-tree node has level ${depth}`);
    if (seen.has(address)) head.malformed('A B-tree node is used twice');
    seen.add(address);
    if (count > MAX_CHILDREN) head.malformed(`A B-tree node has ${count} children`);
    const body = await bytes.block(address + 8 + 2 * offsetBytes, count * (keyBytes + offsetBytes), 'A B-tree node');
    for (let index = 0; index < count; index++) {
      const key = body.part(keyBytes);
      const child = body.address();
      if (child === null) return body.malformed('A B-tree node has an undefined child');
      if (depth === 0) yield { key, child };
      else yield* walk(child, depth);
    }
  }
}
