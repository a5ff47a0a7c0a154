import type { Work } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { exactWindows } from '../exactWindows.js';
import type { OutputTensor, StoredTensor } from '../output.js';

interface Codes {
  readonly blockBytes: number;
  /** Bytes of the scale before the codes. */
  readonly head: number;
  /** Writes the code that means zero at a place of a block. */
  readonly zero: (bytes: Uint8Array, block: number, place: number) => void;
}

const BLOCK = 32;
const BLOCKS_AT_ONCE = 4096;

/**
 * Types whose code for zero is exact, whatever the scale: Q8_0 holds signed bytes; Q4_0 holds code − 8, the first half of a block in the low nibbles. (ggml-quants.c)
 * The other types add a minimum or share scales of scales: there is no code that surely means zero.
 */
const CODES: Readonly<Record<string, Codes>> = {
  Q8_0: {
    blockBytes: 34,
    head: 2,
    zero: (bytes, block, place) => {
      bytes[block + 2 + place] = 0;
    },
  },
  Q4_0: {
    blockBytes: 18,
    head: 2,
    zero: (bytes, block, place) => {
      const at = block + 2 + (place % 16);
      bytes[at] = place < 16 ? (bytes[at]! & 0xf0) | 8 : (bytes[at]! & 0x0f) | 0x80;
    },
  },
};

/** Whether the blocks of a type have a code that surely means zero. */
export const hasZero = (type: string): boolean => Object.hasOwn(CODES, type);

/**
 * Blocks as they are in the file, with the code for zero wherever the output's value is 0: the scales and the codes that stay are byte for byte what they were. null for types that cannot hold
 * that.
 */
export function zeroedBlocks(
  output: OutputTensor,
  type: string,
  source: ByteSource,
  begin: number,
): StoredTensor | null {
  const codes = CODES[type];
  const elements = output.shape.reduce((product, length) => product * length, 1);
  if (codes === undefined || output.dtype !== 'F32' || elements % BLOCK !== 0) return null;
  const { blockBytes, head, zero } = codes;
  async function* windows(work: Work): AsyncGenerator<Uint8Array> {
    let at = begin;
    for await (const window of exactWindows(output.windows(work), 4 * BLOCK * BLOCKS_AT_ONCE)) {
      const view = new DataView(window.buffer, window.byteOffset, window.length);
      const blocks = window.length / (4 * BLOCK);
      const bytes = await source.read(at, blocks * blockBytes, work.signal);
      for (let block = 0; block < blocks; block++) {
        const from = block * blockBytes;
        // With a scale of 0 everything is 0 already.
        if (bytes.subarray(from, from + head).every((byte) => (byte & 0x7f) === 0)) continue;
        for (let i = 0; i < BLOCK; i++) if (view.getFloat32(4 * (block * BLOCK + i), true) === 0) zero(bytes, from, i);
      }
      yield bytes;
      at += bytes.length;
    }
  }
  return { dtype: 'U8', blocks: type, byteLength: (elements / BLOCK) * blockBytes, windows };
}
