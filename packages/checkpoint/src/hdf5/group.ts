import { openTree2 } from './btree2.js';
import type { Hdf5Bytes } from './file.js';
import { openFractalHeap } from './fractalHeap.js';
import { type Link, readLink } from './link.js';
import { MESSAGE, type Message } from './objectHeader.js';
import { MAX_LINKS, readSymbolTable } from './symbolTable.js';

/**
 * Links of a group, whichever of the three ways it keeps them, in the order of creation where that is recorded, else by name.
 * null: the object is not a group.
 */
export async function readLinks(bytes: Hdf5Bytes, messages: readonly Message[]): Promise<Link[] | null> {
  const table = messages.find(({ type }) => type === MESSAGE.symbolTable);
  if (table !== undefined) return readSymbolTable(bytes, table.block);
  const info = messages.find(({ type }) => type === MESSAGE.linkInfo);
  if (info === undefined) return null;
  const links: (Link & { readonly order?: number })[] = [];
  for (const message of messages) if (message.type === MESSAGE.link) links.push(readLink(message.block));

  const block = info.block;
  block.skip(1);
  const flags = block.u8();
  if (flags & 1) block.skip(8);
  const heapAddress = block.address();
  const byName = block.address();
  if (heapAddress !== null && byName !== null) {
    const heap = await openFractalHeap(bytes, heapAddress);
    const tree = await openTree2(bytes, byName);
    if (tree.type !== 5) block.malformed(`The links of a group are in a B-tree of type ${tree.type}`);
    for await (const record of tree.records()) {
      record.skip(4);
      links.push(readLink(await heap.object(record)));
      if (links.length > MAX_LINKS) block.malformed(`A group has more than ${MAX_LINKS} links`);
    }
  }
  const ordered = links.every(({ order }) => order !== undefined);
  return links.sort((a, b) => (ordered ? a.order! - b.order! : a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
