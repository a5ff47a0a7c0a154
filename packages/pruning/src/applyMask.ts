import { breathe, invariant, type Work } from '@espalier/base';
import { type OutputTensor, type RawData, readValues, type TensorEntry } from '@espalier/checkpoint';
import { byteLength, isDtype, type Values } from '@espalier/tensor';
import type { PrunableLayer } from './layer.js';
import { isKept, type Mask } from './mask.js';
import { type Zeroing, zeroingOf } from './zeroing.js';

/** Bytes of a window. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Why zeros cannot be written into this tensor; null where they can. */
export function whyNotMaskable({ data }: Pick<TensorEntry, 'data'>): string | null {
  if (data.kind === 'none') return 'its values cannot be read';
  if (data.kind === 'decoded') return null;
  const zeroing = zeroingOf(data);
  return zeroing.kind === 'none' ? zeroing.why : null;
}

/** The tensor as later steps read it: values that the mask drops are 0, the others as they were. */
export function maskedEntry({ entry }: PrunableLayer, mask: Mask): TensorEntry {
  const count = mask.kind === 'threshold' ? countTies(entry, mask) : null;
  return {
    ...entry,
    data: {
      kind: 'decoded',
      blockElements: 1 << 20,
      async read(begin, length, signal) {
        const values = await readValues(entry, begin, length, signal);
        const ties = count === null ? 0 : await count(begin, signal);
        dropValues(values, mask, begin, ties);
        return values;
      },
    },
  };
}

/**
 * The bytes of a masked tensor. Kept weights are byte for byte what they were; dropped ones are +0, or the zero point where the tensor is quantized.
 * Storages that are not plain numbers in the file come out decoded, as F32 (or the logical type).
 */
export function maskedOutput({ entry }: PrunableLayer, mask: Mask): OutputTensor {
  const { name, shape, data } = entry;
  if (data.kind === 'raw') {
    const length = byteLength(data.dtype, entry.elements);
    return {
      name,
      dtype: data.dtype,
      shape,
      byteLength: length,
      origin: entry,
      windows: (work) => rawWindows(entry, data, mask, work),
    };
  }
  const dtype = entry.dtype === 'F64' ? 'F64' : 'F32';
  invariant(isDtype(entry.dtype), `${name} has no numbers`);
  return {
    name,
    dtype,
    shape,
    byteLength: byteLength(dtype, entry.elements),
    windows: (work) => decodedWindows(maskedEntry({ entry } as PrunableLayer, mask), dtype, work),
  };
}

async function* rawWindows(entry: TensorEntry, data: RawData, mask: Mask, work: Work): AsyncGenerator<Uint8Array> {
  const zeroing = zeroingOf(data);
  invariant(zeroing.kind !== 'none', `${entry.name} cannot be masked`);
  const perWindow = WINDOW_BYTES / zeroing.width;
  const buffers = [0, 1].map(() => new ArrayBuffer(Math.min(WINDOW_BYTES, entry.elements * zeroing.width)));
  let ties = mask.kind === 'threshold' ? mask.ties : 0;
  for (let begin = 0; begin < entry.elements; begin += perWindow) {
    work.signal.throwIfAborted();
    const count = Math.min(perWindow, entry.elements - begin);
    const buffer = buffers[(begin / perWindow) % 2]!;
    const bytes = new Uint8Array(buffer, 0, count * zeroing.width);
    await data.source.readInto(bytes, data.begin + begin * zeroing.width, work.signal);
    if (mask.kind === 'threshold' && data.dtype === 'F32' && data.affine === undefined) {
      ties = dropSmall(new Uint32Array(buffer, 0, count), mask.magnitude, ties);
    } else if (mask.kind === 'bits') {
      dropBytes(bytes, count, zeroing, entry, begin, (i) => !isKept(mask, begin + i));
    } else {
      const values = await readValues(entry, begin, count, work.signal);
      dropBytes(bytes, count, zeroing, entry, begin, (i) => {
        const magnitude = Math.abs(Math.fround(values[i]!));
        if (magnitude < mask.magnitude) return true;
        if (magnitude !== mask.magnitude || ties === 0) return false;
        ties--;
        return true;
      });
    }
    yield bytes;
    await breathe();
  }
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** |w| orders like its bits without the sign; NaN is above everything. Answers how many ties are left. */
function dropSmall(x: Uint32Array, magnitude: number, ties: number): number {
  single[0] = magnitude;
  const threshold = word[0]!;
  let left = ties;
  for (let i = 0; i < x.length; i++) {
    const bits = x[i]! & 0x7fff_ffff;
    if (bits < threshold) x[i] = 0;
    else if (bits === threshold && left > 0) {
      x[i] = 0;
      left--;
    }
  }
  return left;
}

function dropBytes(
  bytes: Uint8Array,
  count: number,
  zeroing: Exclude<Zeroing, { kind: 'none' }>,
  { shape }: TensorEntry,
  begin: number,
  goes: (index: number) => boolean,
): void {
  const { width } = zeroing;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stride =
    zeroing.kind === 'per-axis' ? shape.slice(zeroing.axis + 1).reduce((all, length) => all * length, 1) : 1;
  const pattern = (i: number): number =>
    zeroing.kind === 'bytes'
      ? zeroing.pattern
      : zeroing.patterns[Math.floor((begin + i) / stride) % shape[zeroing.axis]!]!;
  for (let i = 0; i < count; i++) {
    if (!goes(i)) continue;
    if (width === 1) bytes[i] = pattern(i);
    else if (width === 2) view.setUint16(i * 2, pattern(i), true);
    else if (width === 4) view.setUint32(i * 4, pattern(i), true);
    else view.setBigUint64(i * 8, 0n, true);
  }
}

async function* decodedWindows(entry: TensorEntry, dtype: 'F32' | 'F64', work: Work): AsyncGenerator<Uint8Array> {
  const perWindow = WINDOW_BYTES / (dtype === 'F64' ? 8 : 4);
  for (let begin = 0; begin < entry.elements; begin += perWindow) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(perWindow, entry.elements - begin), work.signal);
    const plain = dtype === 'F64' ? Float64Array.from(values) : Float32Array.from(values);
    yield new Uint8Array(plain.buffer);
    await breathe();
  }
}

/**
 * How many of the ties are used up before an element: masks are applied from the first element on, readers ask for any range. What was counted
 * for one question is where the next one begins, as ranges mostly follow each other.
 */
function countTies(
  entry: TensorEntry,
  mask: Extract<Mask, { kind: 'threshold' }>,
): (begin: number, signal?: AbortSignal) => Promise<number> {
  let known = { at: 0, used: 0 };
  return async (begin, signal) => {
    let { at, used } = known.at <= begin ? known : { at: 0, used: 0 };
    while (at < begin && used < mask.ties) {
      const values = await readValues(entry, at, Math.min(1 << 20, begin - at), signal);
      for (let i = 0; i < values.length && used < mask.ties; i++)
        if (Math.abs(Math.fround(values[i]!)) === mask.magnitude) used++;
      at += values.length;
    }
    known = { at: Math.max(at, begin), used };
    return used;
  };
}

function dropValues(values: Values, mask: Mask, begin: number, tiesUsed: number): void {
  let ties = mask.kind === 'threshold' ? mask.ties - tiesUsed : 0;
  for (let i = 0; i < values.length; i++) {
    if (mask.kind === 'bits') {
      if (!isKept(mask, begin + i)) values[i] = 0;
      continue;
    }
    const magnitude = Math.abs(Math.fround(values[i]!));
    if (magnitude < mask.magnitude) values[i] = 0;
    else if (magnitude === mask.magnitude && ties > 0) {
      values[i] = 0;
      ties--;
    }
  }
}
