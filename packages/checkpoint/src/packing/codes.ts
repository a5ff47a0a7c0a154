import type { ByteSource } from '@espalier/tensor';
import type { TensorEntry } from '../checkpoint.js';
import { gatherBytes } from '../values/strided.js';
import { malformed } from './packing.js';

/** Code `index` of a little-endian bit stream in 32-bit words that begins at word `base`. Codes may cross the border of two words. */
export function codeAt(words: Uint32Array, base: number, index: number, bits: number): number {
  const bit = index * bits;
  const at = base + Math.floor(bit / 32);
  const shift = bit % 32;
  let code = words[at]! >>> shift;
  if (shift + bits > 32) code |= words[at + 1]! << (32 - shift);
  return bits === 32 ? code >>> 0 : code & (2 ** bits - 1);
}

/** Where 32-bit words lie as they are. */
export interface Words {
  readonly source: ByteSource;
  readonly begin: number;
  readonly rows: number;
  readonly columns: number;
}

/** A matrix of packed words; raises when its bytes are not there as they are. */
export function wordsOf(part: TensorEntry): Words {
  const { data, shape } = part;
  if (shape.length !== 2) malformed(part.name, 'is no matrix', 2, shape.length);
  if (data.kind !== 'raw' || (data.dtype !== 'I32' && data.dtype !== 'U32'))
    malformed(part.name, 'is not stored as 32-bit words');
  const { source, begin } = data as { source: ByteSource; begin: number };
  return { source, begin, rows: shape[0]!, columns: shape[1]! };
}

/** Rows `from` to `to` of the matrix. */
export async function readWordRows(words: Words, from: number, to: number, signal?: AbortSignal): Promise<Uint32Array> {
  const count = (to - from) * words.columns;
  const bytes = await words.source.read(words.begin + 4 * from * words.columns, 4 * count, signal);
  return toWords(bytes);
}

/** Words gathered at once. */
const BATCH_WORDS = 512 * 1024;

/** Columns `from` to `to`, one after the other: the transposed matrix by rows. */
export async function readWordColumns(
  words: Words,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<Uint32Array> {
  const transposed = {
    source: words.source,
    dtype: 'U32',
    shape: [words.columns, words.rows],
    strides: [1, words.columns],
    begin: words.begin,
  } as const;
  const out = new Uint32Array((to - from) * words.rows);
  const columnsAtOnce = Math.max(1, Math.floor(BATCH_WORDS / words.rows));
  for (let column = from; column < to; column += columnsAtOnce) {
    const end = Math.min(column + columnsAtOnce, to);
    const bytes = await gatherBytes(transposed, column * words.rows, (end - column) * words.rows, signal);
    out.set(toWords(bytes), (column - from) * words.rows);
  }
  return out;
}

/** All codes of a bit stream in `words` from `base`, in order. */
export function unpackCodes(words: Uint32Array, base: number, bits: number, codes: Uint8Array): void {
  if (32 % bits !== 0) {
    for (let i = 0; i < codes.length; i++) codes[i] = codeAt(words, base, i, bits);
    return;
  }
  const mask = 2 ** bits - 1;
  for (let i = 0, at = base; i < codes.length; at++) {
    let word = words[at]!;
    for (let shift = 0; shift < 32 && i < codes.length; shift += bits, i++) {
      codes[i] = word & mask;
      word >>>= bits;
    }
  }
}

function toWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
