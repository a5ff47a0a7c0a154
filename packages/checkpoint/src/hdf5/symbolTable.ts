import type { Block } from './block.js';
import { treeLeaves } from './btree1.js';
import type { Hdf5Bytes } from './file.js';
import type { Link } from './link.js';

/** More links than this in one group are not read: a model has some thousand layers. */
export const MAX_LINKS = 1_000_000;

/** Entries of an old-style group: a version 1 B-tree of symbol nodes, names in a local heap. Source: specification, sections III.A to III.D. */
export async function readSymbolTable(bytes: Hdf5Bytes, message: Block): Promise<Link[]> {
  const tree = message.address();
  const heapAddress = message.address();
  if (tree === null || heapAddress === null) return [];
  const heap = await readLocalHeap(bytes, heapAddress);
  const links: Link[] = [];
  for await (const address of treeLeaves(bytes, tree, 0, bytes.widths.lengthBytes)) {
    await readSymbolNode(bytes, address.child, heap, links);
    if (links.length > MAX_LINKS) message.malformed(`A group has more than ${MAX_LINKS} links`);
  }
  return links;
}

async function readLocalHeap(bytes: Hdf5Bytes, address: number): Promise<Block> {
  const head = await bytes.block(address, 8 + 2 * bytes.widths.lengthBytes + bytes.widths.offsetBytes, 'A local heap');
  head.signature('HEAP');
  head.skip(4);
  const length = head.length();
  head.length();
  const data = head.address();
  if (data === null) return head.malformed('A local heap has no data');
  return bytes.block(data, length, 'A local heap');
}

async function readSymbolNode(bytes: Hdf5Bytes, address: number, heap: Block, links: Link[]): Promise<void> {
  const head = await bytes.block(address, 8, 'A symbol table node');
  head.signature('SNOD');
  head.skip(2);
  const count = head.u16();
  const width = 2 * bytes.widths.offsetBytes + 24;
  const node = await bytes.block(address + 8, count * width, 'A symbol table node');
  for (let index = 0; index < count; index++) {
    const entry = node.part(width);
    const name = heapText(heap, entry.address());
    const object = entry.address();
    const cached = entry.u32();
    entry.skip(4);
    if (cached === 2) links.push({ kind: 'soft', name, target: heapText(heap, entry.u32()) });
    else if (object !== null) links.push({ kind: 'hard', name, address: object });
  }
}

function heapText(heap: Block, offset: number | null): string {
  if (offset === null || offset >= heap.bytes.length) return heap.malformed('A name lies outside of the heap');
  heap.at = offset;
  const end = heap.bytes.indexOf(0, offset);
  return heap.text((end < 0 ? heap.bytes.length : end) - offset);
}
