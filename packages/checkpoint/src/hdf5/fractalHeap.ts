import { Block } from './block.js';
import { encodedBytes, openTree2 } from './btree2.js';
import type { Hdf5Bytes } from './file.js';

/** Objects of a fractal heap (links and attributes of large groups), by their heap ID. */
export interface FractalHeap {
  readonly idBytes: number;
  object(id: Block): Promise<Block>;
}

/** Opens a fractal heap. Source: HDF5 File Format Specification 3.0, section III.G; widths from H5HFhdr.c. */
export async function openFractalHeap(bytes: Hdf5Bytes, address: number): Promise<FractalHeap> {
  const { offsetBytes: o, lengthBytes: l } = bytes.widths;
  const head = await bytes.block(address, 22 + 12 * l + 3 * o, 'A fractal heap');
  head.signature('FRHP');
  head.skip(1);
  const idBytes = head.u16();
  const filterBytes = head.u16();
  const flags = head.u8();
  const maxManaged = head.u32();
  head.length();
  const hugeTree = head.address();
  head.length();
  head.address();
  head.skip(8 * l);
  const width = head.u16();
  const startBytes = head.length();
  const maxDirect = head.length();
  const heapBits = head.u16();
  head.skip(2);
  const root = head.address();
  const rows = head.u16();
  if (filterBytes > 0) head.unsupported('A compressed heap of links or attributes');
  if (width === 0 || width > 1024 || startBytes === 0 || maxDirect < startBytes || heapBits === 0 || heapBits > 64) {
    head.malformed('A fractal heap has an impossible layout');
  }
  const blockHeader = 5 + o + Math.ceil(heapBits / 8) + (flags & 2 ? 4 : 0);
  const offsetWidth = Math.ceil(heapBits / 8);
  const lengthWidth = Math.min(Math.ceil(Math.log2(maxDirect) / 8), encodedBytes(maxManaged));
  const rowBytes = (row: number): number => (row === 0 ? startBytes : startBytes * 2 ** (row - 1));
  const directRows = Math.round(Math.log2(maxDirect / startBytes)) + 2;

  /** `length` bytes at an offset of the heap's own address space. */
  async function managed(offset: number, length: number): Promise<Block> {
    let at = root;
    let blockRows = rows;
    let begin = 0;
    for (let depth = 0; depth < 64; depth++) {
      if (at === null) return head.malformed('An object lies in a missing block of the heap');
      if (blockRows === 0) {
        if (offset - begin < blockHeader) head.malformed('An object lies in the header of a block of the heap');
        return bytes.block(at + offset - begin, length, 'An object of a heap');
      }
      let rowBegin = begin;
      let row = 0;
      while (row < blockRows && offset >= rowBegin + width * rowBytes(row)) rowBegin += width * rowBytes(row++);
      if (row >= blockRows) return head.malformed('An object lies behind the end of the heap');
      const column = Math.floor((offset - rowBegin) / rowBytes(row));
      // Entries of direct rows come first, then those of indirect rows; without filters each is an address.
      const entry: Block = await bytes.block(
        at + 5 + o + offsetWidth + (row * width + column) * o,
        o,
        'A block of a heap',
      );
      at = entry.address();
      begin = rowBegin + column * rowBytes(row);
      // An indirect block below spans as much as one entry of this row.
      blockRows = row < directRows ? 0 : Math.round(Math.log2(rowBytes(row) / (width * startBytes))) + 1;
      if (blockRows < 0) return head.malformed('A fractal heap has an impossible layout');
    }
    return head.malformed('A fractal heap does not end');
  }

  async function huge(id: Block): Promise<Block> {
    if (hugeTree === null) return id.malformed('A heap has no large objects');
    const wanted = id.uint(Math.min(8, id.left));
    const tree = await openTree2(bytes, hugeTree);
    if (tree.type !== 1) return id.unsupported('A compressed large object of a heap');
    for await (const record of tree.records()) {
      const address = record.address();
      const length = record.length();
      if (record.length() === wanted && address !== null)
        return bytes.block(address, length, 'A large object of a heap');
    }
    return id.malformed('A large object is missing in its heap');
  }

  return {
    idBytes,
    async object(id) {
      const first = id.u8();
      switch ((first >> 4) & 3) {
        case 0:
          return managed(id.uint(offsetWidth), id.uint(lengthWidth));
        case 1:
          return huge(id);
        case 2: {
          // Tiny objects stand in the ID itself.
          const length = idBytes - 1 <= 16 ? (first & 15) + 1 : (((first & 15) << 8) | id.u8()) + 1;
          return new Block(id.file, id.take(length), id.begin + id.at - length, bytes.widths);
        }
        default:
          return id.malformed('A heap ID has an unknown type');
      }
    },
  };
}
