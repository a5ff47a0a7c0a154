import { breathe, type Work } from '@espalier/base';
import { type Affine, dequantize, readValues, type TensorEntry } from '@espalier/checkpoint';
import { kernels, type Region } from '@espalier/kernels';
import type { Values } from '@espalier/tensor';
import { ZERO_POINT_TOLERANCE } from './meaning.js';
import type { ScanMode } from './mode.js';
import type { ElementRange } from './question.js';

/** Bytes of a window: the file is read this much at a time. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

/** Elements that go through all kernels before the next ones: they stay in the cache. */
export const BLOCK_ELEMENTS = 64 * 1024;

/** Between turns of the event loop at most this many bytes are looked at, so that a cancel arrives in time. */
const BYTES_PER_BREATH = 16 * 1024 * 1024;

/** A run of consecutive elements. */
export interface Window<Data> {
  /** C-order index of the first element. */
  readonly begin: number;
  readonly data: Data;
}

/** f32 values, and one bit for each that means zero by the quantization without being exactly 0 (null: none does). */
export interface FloatWindow {
  readonly values: Float32Array;
  readonly alsoZero: Uint8Array | null;
}

/**
 * Reads a tensor window by window into memory from which kernels read in place. The last window stays: asked for again, it is not read
 * again. What is returned is valid until the next read or release.
 */
export class TensorReader {
  /** A multiple of 1024 elements, of 8, and where possible of the blocks of the encoding. */
  readonly windowElements: number;
  private readonly region: Region;
  private extra: Region | null = null;
  private held: { begin: number; count: number; data: unknown } | null = null;

  constructor(
    private readonly entry: TensorEntry,
    private readonly mode: ScanMode,
    windowBytes = WINDOW_BYTES,
  ) {
    const width = mode.kind === 'patterns' ? (mode.width === 16 ? 2 : 1) : mode.kind === 'float32' ? 4 : 8;
    const block = entry.data.kind === 'decoded' ? entry.data.blockElements : 1;
    this.windowElements = windowElements(Math.floor(windowBytes / width), block);
    this.region = kernels().take(Math.min(this.windowElements, Math.max(1, entry.elements)) * width);
  }

  release(): void {
    this.region.release();
    this.extra?.release();
    this.held = null;
  }

  /** Windows over some ranges, in order. */
  async *windows<Data extends FloatWindow | Float64Array | Uint16Array | Uint8Array>(
    ranges: readonly ElementRange[],
    work: Work,
    read: (begin: number, count: number, signal: AbortSignal) => Promise<Data>,
  ): AsyncGenerator<Window<Data>> {
    const bytesPerElement = this.region.byteLength / Math.max(1, Math.min(this.windowElements, this.entry.elements));
    let sinceBreath = 0;
    for (const range of ranges) {
      for (let begin = range.begin; begin < range.end; begin += this.windowElements) {
        work.signal.throwIfAborted();
        const count = Math.min(this.windowElements, range.end - begin);
        yield { begin, data: await this.once(begin, count, () => read.call(this, begin, count, work.signal)) };
        sinceBreath += count * bytesPerElement;
        if (sinceBreath < BYTES_PER_BREATH) continue;
        sinceBreath = 0;
        await breathe();
      }
    }
  }

  async float32(begin: number, count: number, signal: AbortSignal): Promise<FloatWindow> {
    const { data } = this.entry;
    const values = new Float32Array(this.region.buffer, this.region.byteOffset, count);
    if (data.kind === 'raw' && data.affine === undefined && data.dtype === 'F32') {
      await data.source.readInto(bytesOf(values), data.begin + 4 * begin, signal);
      return { values, alsoZero: null };
    }
    const perChannel = data.kind === 'raw' ? channelsOf(data.affine) : null;
    if (data.kind === 'raw' && perChannel !== null) {
      const { affine: _, ...plain } = data;
      const stored = await readValues({ ...this.entry, data: plain }, begin, count, signal);
      values.set(dequantize(stored, perChannel, this.entry.shape, begin));
      return { values, alsoZero: zeroPoints(values, stored, perChannel, this.entry.shape, begin) };
    }
    values.set(await readValues(this.entry, begin, count, signal));
    return { values, alsoZero: null };
  }

  async float64(begin: number, count: number, signal: AbortSignal): Promise<Float64Array> {
    const read = await readValues(this.entry, begin, count, signal);
    return read instanceof Float64Array ? read : Float64Array.from(read);
  }

  /** Stored patterns, one element each: 16-bit words, bytes, or nibbles spread over bytes. */
  async patterns(begin: number, count: number, signal: AbortSignal): Promise<Uint16Array | Uint8Array> {
    const { data } = this.entry;
    const { mode } = this;
    if (data.kind !== 'raw' || mode.kind !== 'patterns') throw new Error('invariant: patterns are of raw data');
    const { buffer, byteOffset } = this.region;
    if (mode.width === 16) {
      const words = new Uint16Array(buffer, byteOffset, count);
      await data.source.readInto(bytesOf(words), data.begin + 2 * begin, signal);
      return words;
    }
    const bytes = new Uint8Array(buffer, byteOffset, count);
    if (mode.width === 8) {
      await data.source.readInto(bytes, data.begin + begin, signal);
      return bytes;
    }
    const from = begin & ~1;
    this.extra ??= kernels().take(this.windowElements / 2 + 1);
    const packed = new Uint8Array(this.extra.buffer, this.extra.byteOffset, Math.ceil((begin + count - from) / 2));
    await data.source.readInto(packed, data.begin + from / 2, signal);
    for (let i = 0; i < count; i++) {
      const at = begin - from + i;
      bytes[i] = (packed[at >> 1]! >> (4 * (at & 1))) & 15;
    }
    return bytes;
  }

  private async once<Data>(begin: number, count: number, read: () => Promise<Data>): Promise<Data> {
    if (this.held?.begin === begin && this.held.count === count) return this.held.data as Data;
    this.held = null;
    const data = await read();
    this.held = { begin, count, data };
    return data;
  }
}

/** As many elements as wanted, rounded so that windows begin where blocks do, if such a window is not far larger. */
function windowElements(wanted: number, block: number): number {
  const unit = block * (1024 / gcd(block, 1024));
  return unit <= wanted ? Math.floor(wanted / unit) * unit : wanted;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

const bytesOf = (view: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

type PerChannel = Extract<Affine, { form: 'zero-point' }>;

const channelsOf = (affine: Affine | undefined): PerChannel | null =>
  affine?.form === 'zero-point' && affine.axis !== null ? affine : null;

/** Marks what is a zero point without decoding to exactly 0: zero points may be fractions close to an integer. */
function zeroPoints(
  values: Float32Array,
  stored: Values,
  { zeroPoints: points, axis }: PerChannel,
  shape: readonly number[],
  begin: number,
): Uint8Array | null {
  const nearest = Float64Array.from(points, Math.round);
  const counts = points.map((point, channel) => (Math.abs(point - nearest[channel]!) < ZERO_POINT_TOLERANCE ? 1 : 0));
  if (points.every((point, channel) => point === nearest[channel] || counts[channel] === 0)) return null;
  const stride = shape.slice(axis! + 1).reduce((product, length) => product * length, 1);
  const also = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) {
    const channel = Math.floor((begin + i) / stride) % shape[axis!]!;
    if (counts[channel] === 0 || stored[i] !== nearest[channel] || values[i] === 0) continue;
    also[i >> 3]! |= 1 << (i & 7);
  }
  return also;
}
