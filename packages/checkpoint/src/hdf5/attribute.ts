import { sizeOf } from '@espalier/base';
import { decodeValues } from '@espalier/tensor';
import { type Block, textOf } from './block.js';
import { openTree2 } from './btree2.js';
import { type Extent, readDataspace } from './dataspace.js';
import { type Hdf5Type, readDatatype } from './datatype.js';
import type { Hdf5Bytes } from './file.js';
import { openFractalHeap } from './fractalHeap.js';
import type { GlobalHeaps } from './globalHeap.js';
import { MESSAGE, type Message, readShared } from './objectHeader.js';

/** Texts and numbers of an attribute, flat in C order. Other kinds have no values here. */
export interface Attribute {
  readonly name: string;
  readonly shape: Extent;
  readonly texts?: readonly string[];
  readonly numbers?: readonly number[];
}

/** Elements of one attribute that are read: the names of all layers and weights fit many times. */
const MAX_ELEMENTS = 1_000_000;
const MAX_ATTRIBUTES = 100_000;

/** An attribute whose value was not looked at yet. */
export interface AttributeHandle {
  readonly name: string;
  read(): Promise<Attribute>;
}

/** Attributes of an object, in its header or in a heap, in file order. Source: HDF5 File Format Specification 3.0, IV.A.2.m and v. */
export async function readAttributes(
  bytes: Hdf5Bytes,
  heaps: GlobalHeaps,
  messages: readonly Message[],
): Promise<AttributeHandle[]> {
  const handles: AttributeHandle[] = [];
  for (const message of messages) {
    if (message.type === MESSAGE.attribute && (message.flags & 2) === 0)
      handles.push(await open(bytes, heaps, message.block));
  }
  const info = messages.find(({ type }) => type === MESSAGE.attributeInfo);
  if (info === undefined) return handles;
  const block = info.block;
  block.skip(1);
  if (block.u8() & 1) block.skip(2);
  const heapAddress = block.address();
  const byName = block.address();
  if (heapAddress === null || byName === null) return handles;
  const heap = await openFractalHeap(bytes, heapAddress);
  const tree = await openTree2(bytes, byName);
  if (tree.type !== 8) block.malformed(`The attributes of an object are in a B-tree of type ${tree.type}`);
  for await (const record of tree.records()) {
    const id = record.part(8);
    // Bit 1: shared with other objects, in a heap of its own.
    if ((record.u8() & 2) === 0) handles.push(await open(bytes, heaps, await heap.object(id)));
    if (handles.length > MAX_ATTRIBUTES) block.malformed(`An object has more than ${MAX_ATTRIBUTES} attributes`);
  }
  return handles;
}

async function open(bytes: Hdf5Bytes, heaps: GlobalHeaps, block: Block): Promise<AttributeHandle> {
  const version = block.u8();
  if (version < 1 || version > 3) block.unsupported(`An attribute of version ${version}`);
  const flags = block.u8();
  const nameBytes = block.u16();
  const typeBytes = block.u16();
  const spaceBytes = block.u16();
  if (version === 3) block.skip(1);
  const padded = (length: number): number => (version === 1 ? Math.ceil(length / 8) * 8 : length);
  const from = block.at;
  const name = block.text(nameBytes);
  block.at = Math.min(from + padded(nameBytes), block.bytes.length);
  const typeBlock = block.part(padded(typeBytes));
  const spaceBlock = block.part(padded(spaceBytes));
  const data = block.part(block.left);
  return {
    name,
    async read() {
      typeBlock.at = 0;
      spaceBlock.at = 0;
      data.at = 0;
      const type = readDatatype(flags & 1 ? await readShared(bytes, typeBlock, MESSAGE.datatype) : typeBlock);
      const { shape } = readDataspace(flags & 2 ? await readShared(bytes, spaceBlock, MESSAGE.dataspace) : spaceBlock);
      return { name, shape, ...(await valuesOf(heaps, type, shape, data)) };
    },
  };
}

async function valuesOf(
  heaps: GlobalHeaps,
  type: Hdf5Type,
  shape: Extent,
  data: Block,
): Promise<Pick<Attribute, 'texts' | 'numbers'>> {
  const elements = shape === null ? 0 : sizeOf(shape);
  if (elements > MAX_ELEMENTS) data.malformed(`An attribute has ${elements} elements`);
  if (type.kind === 'number') {
    return { numbers: [...decodeValues(type.dtype, inOrder(data.take(elements * type.bytes), type), elements)] };
  }
  const texts: string[] = [];
  if (type.kind === 'text') {
    for (let index = 0; index < elements; index++) texts.push(fixedText(data.take(type.bytes), type.padding));
    return { texts };
  }
  if (type.kind === 'variable' && type.text) {
    for (let index = 0; index < elements; index++) {
      const found = await heaps.object(data.part(type.bytes));
      texts.push(found === null ? '' : textOf(found));
    }
    return { texts };
  }
  return {};
}

function fixedText(bytes: Uint8Array, padding: 'nul' | 'space'): string {
  const text = textOf(bytes);
  return padding === 'space' ? text.replace(/ +$/, '') : text;
}

/** A little-endian copy of numbers of either order; the halves of complex numbers each by themselves. */
export function inOrder(bytes: Uint8Array, type: Extract<Hdf5Type, { kind: 'number' }>): Uint8Array {
  if (!type.bigEndian) return bytes;
  const width = type.dtype === 'C64' || type.dtype === 'C128' ? type.bytes / 2 : type.bytes;
  const copy = bytes.slice();
  for (let at = 0; width > 1 && at + width <= copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
}
