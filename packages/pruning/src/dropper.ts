import { invariant } from '@espalier/base';
import { type RawData, readValues, type TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import { type BitMask, type Mask, type ThresholdMask, wordOf } from './mask.js';
import { leastPattern, patternValues } from './patterns.js';
import { type Zeroing, zeroingOf } from './zeroing.js';

/** Stored elements from `begin` on. Windows come in order, and begin at multiples of 8 elements. */
export interface StoredWindow {
  readonly bytes: Uint8Array;
  readonly begin: number;
  readonly count: number;
}

/** Writes zeros over what a mask drops, in place. */
export type Dropper = (window: StoredWindow, signal: AbortSignal) => void | Promise<void>;

/**
 * The quickest way to apply a mask to the stored bytes of a tensor. Thresholds of floating types are compared bit by bit; of other types of at
 * most 16 bits each stored pattern is decided once; the rest is decoded beside its bytes.
 */
export function dropperOf(entry: TensorEntry, data: RawData, mask: Mask): Dropper {
  const zeroing = zeroingOf(data);
  invariant(zeroing.kind !== 'none', `${entry.name} cannot be masked`);
  if (mask.kind === 'bits') return bitsDropper(entry, mask, zeroing);
  if (data.affine === undefined && data.dtype === 'F32') return singlesDropper(mask);
  const values = patternValues(data);
  if (values === null || zeroing.kind === 'per-axis') return decodingDropper(entry, mask, zeroing);
  const halves = data.affine === undefined && (data.dtype === 'F16' || data.dtype === 'BF16');
  return halves ? halvesDropper(values, mask) : patternsDropper(values, mask, zeroing);
}

/** Aligned views: windows lie at multiples of the width. */
const words = ({ bytes, count }: StoredWindow): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, count);
const halfWords = ({ bytes, count }: StoredWindow): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, count);

function bitsDropper(entry: TensorEntry, { bits }: BitMask, zeroing: Exclude<Zeroing, { kind: 'none' }>): Dropper {
  return ({ bytes, begin, count }) => {
    const own = bits.subarray(begin / 8, Math.ceil((begin + count) / 8));
    if (zeroing.kind === 'bytes') kernels().dropUnset(bytes, zeroing.width, own, zeroing.pattern);
    else dropByAxis(bytes, entry.shape, begin, count, own, zeroing);
  };
}

function singlesDropper({ magnitude, ties }: ThresholdMask): Dropper {
  const threshold = wordOf(magnitude);
  let left = ties;
  return (window) => {
    left -= kernels().dropSmall32(words(window), threshold, left);
  };
}

function halvesDropper(values: Float32Array, { magnitude, ties }: ThresholdMask): Dropper {
  const { pattern, equal } = leastPattern(values, magnitude);
  let left = equal ? ties : 0;
  return (window) => {
    left -= kernels().dropSmall16(halfWords(window), pattern, left);
  };
}

const [STAYS, GOES, TIES] = [0, 1, 2];

/** Decides every pattern once: a byte of the file is then a look into a table. */
function patternsDropper(
  values: Float32Array,
  { magnitude, ties }: ThresholdMask,
  { pattern }: Extract<Zeroing, { kind: 'bytes' }>,
): Dropper {
  const verdicts = Uint8Array.from(values, (value) => {
    const size = Math.abs(value);
    return size < magnitude ? GOES! : size === magnitude ? TIES! : STAYS!;
  });
  let left = ties;
  return (window) => {
    const x = values.length === 256 ? window.bytes : halfWords(window);
    for (let i = 0; i < x.length; i++) {
      const verdict = verdicts[x[i]!];
      if (verdict === STAYS || (verdict === TIES && left === 0)) continue;
      if (verdict === TIES) left--;
      x[i] = pattern;
    }
  };
}

function decodingDropper(
  entry: TensorEntry,
  { magnitude, ties }: ThresholdMask,
  zeroing: Exclude<Zeroing, { kind: 'none' }>,
): Dropper {
  let left = ties;
  return async ({ bytes, begin, count }, signal) => {
    const values = await readValues(entry, begin, count, signal);
    const kept = new Uint8Array(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) {
      const size = Math.abs(Math.fround(values[i]!));
      if (size < magnitude) continue;
      if (size === magnitude && left > 0) left--;
      else kept[i >> 3]! |= 1 << (i & 7);
    }
    if (zeroing.kind === 'bytes') kernels().dropUnset(bytes, zeroing.width, kept, zeroing.pattern);
    else dropByAxis(bytes, entry.shape, begin, count, kept, zeroing);
  };
}

/** Each channel has a zero point of its own. */
function dropByAxis(
  bytes: Uint8Array,
  shape: readonly number[],
  begin: number,
  count: number,
  bits: Uint8Array,
  { width, patterns, axis }: Extract<Zeroing, { kind: 'per-axis' }>,
): void {
  const stride = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const channels = shape[axis]!;
  for (let i = 0; i < count; ) {
    const channel = Math.floor((begin + i) / stride);
    const pattern = patterns[channel % channels]!;
    const end = Math.min(count, (channel + 1) * stride - begin);
    for (; i < end; i++) {
      if ((bits[i >> 3]! >> (i & 7)) & 1) continue;
      for (let byte = 0; byte < width; byte++) bytes[i * width + byte] = pattern >>> (8 * byte);
    }
  }
}
