import { breathe, invariant, type Work } from '@espalier/base';
import { type OutputTensor, type RawData, type TensorEntry, valuesOutput } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import { BITS, byteLength } from '@espalier/tensor';
import { dropperOf } from './dropper.js';
import type { PrunableLayer } from './layer.js';
import type { Mask } from './mask.js';
import { maskedEntry } from './maskedEntry.js';
import { zeroingOf } from './zeroing.js';

/** Bytes of a window: few enough that what was read is still in the cache when it is written. */
const WINDOW_BYTES = 1024 * 1024;

/** Between turns of the event loop at most so many windows are made, so that a cancel arrives in time. */
const WINDOWS_PER_BREATH = 4;

/** Why zeros cannot be written into this tensor; null where they can. */
export function whyNotMaskable({ data, dtype }: Pick<TensorEntry, 'data' | 'dtype'>): string | null {
  if (data.kind === 'none') return 'its values cannot be read';
  const zeroing = data.kind === 'raw' ? zeroingOf(data) : null;
  if (zeroing?.kind === 'none') return zeroing.why;
  const quantized = data.kind === 'raw' && data.affine !== undefined;
  if (!quantized && /^[IU]\d/.test(dtype)) return `${dtype} numbers without a scale: which one means zero is not known`;
  return null;
}

/**
 * The stored bytes of a tensor of raw data under a mask, window by window; a window is valid until the next but one is asked for. Kept weights
 * are byte for byte what they were; dropped ones are +0, or the zero point where the tensor is quantized.
 */
export async function* applyMask({ entry }: PrunableLayer, mask: Mask, work: Work): AsyncGenerator<Uint8Array> {
  const { data } = entry;
  invariant(data.kind === 'raw', `${entry.name} has no bytes of its own`);
  const width = BITS[data.dtype] / 8;
  const perWindow = WINDOW_BYTES / width;
  const drop = dropperOf(entry, data, mask);
  // Two windows in the memory of the kernels, in turn: one is written while the next is read.
  const bytesAtOnce = Math.min(WINDOW_BYTES, entry.elements * width);
  const regions = (entry.elements > perWindow ? [0, 1] : [0]).map(() => kernels().take(bytesAtOnce));
  try {
    for (let begin = 0, turn = 1; begin < entry.elements; begin += perWindow, turn++) {
      work.signal.throwIfAborted();
      const count = Math.min(perWindow, entry.elements - begin);
      const { buffer, byteOffset } = regions[turn % regions.length]!;
      const bytes = new Uint8Array(buffer, byteOffset, count * width);
      await data.source.readInto(bytes, data.begin + begin * width, work.signal);
      await drop({ bytes, begin, count }, work.signal);
      // Nobody says when the last one is written: it leaves the shared memory.
      yield begin + count === entry.elements ? bytes.slice() : bytes;
      if (turn % WINDOWS_PER_BREATH === 0) await breathe();
    }
  } finally {
    for (const region of regions) region.release();
  }
}

/**
 * A masked tensor for a writer. Where the values lie in the file as they are, its bytes are those of `applyMask`. Everything else comes out by its
 * values, as it does without a mask; of quantized numbers `stored` has the bytes for containers that keep their scales.
 */
export function maskedOutput(layer: PrunableLayer, mask: Mask): OutputTensor {
  const { name, shape, data } = layer.entry;
  if (data.kind === 'raw' && data.affine === undefined)
    return { name, shape, origin: layer.entry, ...storedOutput(layer, data, mask) };
  const masked = maskedEntry(layer, mask);
  const stored =
    data.kind === 'raw'
      ? storedOutput(layer, data, mask)
      : data.kind === 'decoded'
        ? data.rezeroed?.(masked)
        : undefined;
  return {
    name,
    shape,
    ...valuesOutput(masked),
    origin: layer.entry,
    ...(stored === undefined ? {} : { stored }),
  };
}

const storedOutput = (
  layer: PrunableLayer,
  { dtype }: RawData,
  mask: Mask,
): Pick<OutputTensor, 'dtype' | 'byteLength' | 'windows'> => ({
  dtype,
  byteLength: byteLength(dtype, layer.entry.elements),
  windows: (work) => applyMask(layer, mask, work),
});
