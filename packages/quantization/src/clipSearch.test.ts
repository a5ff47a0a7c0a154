import { idleWork, type Shape, seeded } from '@espalier/base';
import { openCheckpoint, type TensorEntry } from '@espalier/checkpoint';
import { type ByteSource, memorySource } from '@espalier/tensor';
import { safetensorsBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellsOf } from './cells.js';
import { CLIPS, type ClipMethod, clipValue, largestMagnitude } from './clip.js';
import { clipStream } from './clipStream.js';
import { KL_BINS } from './klClip.js';
import { quantizeLayer } from './quantizeLayer.js';
import { clamp, roundHalfEven } from './roundHalfEven.js';
import { largestCode, SCHEMES, type UniformScheme } from './scheme.js';

/** The definitions, word for word: slow, and with nothing to go wrong. */
const exact: Record<ClipMethod, (values: Float32Array, bits: number, percentile: number) => number> = {
  max: (values) => largestMagnitude(values),
  percentile(values, _, percentile) {
    const rising = Float64Array.from(values, Math.abs).sort();
    const at = ((rising.length - 1) * percentile) / 100;
    const low = Math.floor(at);
    const high = Math.min(low + 1, rising.length - 1);
    return rising[low]! + (at - low) * (rising[high]! - rising[low]!);
  },
  mse(values, bits) {
    const [max, top] = [largestMagnitude(values), largestCode(bits)];
    let best = { clip: max, error: Number.POSITIVE_INFINITY };
    for (let i = 1; i <= 100; i++) {
      const clip = (max * i) / 100;
      const scale = Math.fround(clip / top) || 1;
      let error = 0;
      for (const x of values) error += (x - scale * clamp(roundHalfEven(x / scale), -top, top)) ** 2;
      // Sums in another order differ in their last digits: what is equal but for these is equal.
      if (error < best.error * (1 - 1e-12)) best = { clip, error };
    }
    return best.clip;
  },
  kl(values, bits) {
    const max = largestMagnitude(values);
    const histogram = new Float64Array(KL_BINS);
    for (const x of values) histogram[Math.min(KL_BINS - 1, Math.floor((Math.abs(x) / max) * KL_BINS))]!++;
    const [spans, all] = [2 ** (bits - 1), values.length];
    let best = { bins: KL_BINS, divergence: Number.POSITIVE_INFINITY };
    for (let length = spans; length <= KL_BINS; length++) {
      const inside = histogram.slice(0, length).reduce((sum, n) => sum + n, 0);
      if (inside === 0) continue;
      let divergence = 0;
      for (let span = 0; span < spans; span++) {
        const [begin, end] = [Math.floor((span * length) / spans), Math.floor(((span + 1) * length) / spans)];
        const own = histogram.slice(begin, end);
        const each = own.reduce((sum, n) => sum + n, 0) / Math.max(1, own.filter((n) => n > 0).length) / inside;
        for (let bin = begin; bin < end; bin++) {
          const p = (histogram[bin]! + (bin === length - 1 ? all - inside : 0)) / all;
          if (p > 0) divergence += p * Math.log(p / Math.max(histogram[bin]! > 0 ? each : 0, 1e-10));
        }
      }
      if (divergence < best.divergence - 1e-12) best = { bins: length, divergence };
    }
    return (best.bins / KL_BINS) * max;
  },
};

function bell(count: number, seed: number): Float32Array {
  const rng = seeded(seed);
  return Float32Array.from({ length: count }, (_, i) => rng.normal() * (i % 97 === 0 ? 5 : 1) * (i % 3 === 0 ? 0 : 1));
}

/** All windows through all passes. */
function streamed(
  values: Float32Array,
  shape: Shape,
  axis: number | null,
  clip: ClipMethod,
  bits: number,
): Float64Array {
  const cells = cellsOf(shape, axis === null ? { kind: 'tensor' } : { kind: 'channel', axis });
  const maxima = new Float64Array(cells.count);
  cells.walk(0, values.length, (offset, length, cell) => {
    maxima[cell] = Math.max(maxima[cell]!, largestMagnitude(values.subarray(offset, offset + length)));
  });
  const stream = clipStream(cells, maxima, { clip, bits, percentile: 99.3 });
  for (const pass of stream.passes) {
    for (let begin = 0; begin < values.length; begin += 700) pass.add(values.subarray(begin, begin + 700), begin);
    pass.end();
  }
  return stream.clips();
}

describe.each(CLIPS)('%s', (method) => {
  test.each([2, 4, 8])('is that of the definition, in %d bits, for few values and for many', (bits) => {
    for (const count of [1, 5, 128, 6000]) {
      const values = bell(count, count);
      expect(clipValue(values, method, bits, 99.3), `${count}`).toBeCloseTo(exact[method](values, bits, 99.3), 12);
    }
  });

  test.each([4, 8])('is the same where values pass by, in %d bits', (bits) => {
    const values = bell(6000, 9);
    expect(streamed(values, [6000], null, method, bits)[0]).toBe(clipValue(values, method, bits, 99.3));
    // Channels that are interleaved, 3 of 2000.
    const apart = streamed(values, [2000, 3], 1, method, bits);
    for (const cell of [0, 1, 2]) {
      const own = values.filter((_, i) => i % 3 === cell);
      expect(apart[cell]).toBe(clipValue(own, method, bits, 99.3));
    }
  });

  test('holds for any finite numbers', () =>
    fc.assert(
      fc.property(
        fc.float32Array({
          minLength: 1,
          maxLength: 60,
          noNaN: true,
          noDefaultInfinity: true,
          min: Math.fround(-1e30),
          max: Math.fround(1e30),
        }),
        (values) => {
          const clip = streamed(values, [values.length], null, method, 4)[0]!;
          const max = largestMagnitude(values);
          expect(clip).toBeGreaterThanOrEqual(0);
          expect(clip).toBeLessThanOrEqual(max);
          if (method === 'percentile' || method === 'max') expect(clip).toBe(exact[method](values, 4, 99.3));
        },
      ),
    ));
});

/** A tensor in memory; `onRead` hears of the bytes of every read. */
async function entryOf(values: Float32Array, onRead: (bytes: number) => void): Promise<TensorEntry> {
  const bytes = new Uint8Array(values.buffer);
  const file = safetensorsBytes([{ name: 'layer.weight', dtype: 'F32', shape: [values.length], bytes }]);
  const opened = await openCheckpoint(memorySource('x.safetensors', file));
  const entry = opened.ok ? opened.value.tensors[0]! : null;
  if (entry?.data.kind !== 'raw') throw new Error('not raw');
  const { source } = entry.data;
  const watched: ByteSource = Object.assign(Object.create(source) as ByteSource, {
    read(begin: number, length: number, signal?: AbortSignal) {
      onRead(length);
      return source.read(begin, length, signal);
    },
    readInto(into: Uint8Array, begin: number, signal?: AbortSignal) {
      onRead(into.length);
      return source.readInto(into, begin, signal);
    },
  });
  return { ...entry, data: { ...entry.data, source: watched } };
}

test('a large tensor is searched in windows and gives the clip of the whole', async () => {
  const values = bell(3 << 20, 5);
  let held = 0;
  const entry = await entryOf(values, (bytes) => {
    held = Math.max(held, bytes);
  });
  const scheme = SCHEMES.get('int8-sym') as UniformScheme;
  for (const clip of ['percentile', 'mse', 'kl'] as const) {
    const options = { scheme, granularity: { kind: 'tensor' }, clip, percentile: 99.3 } as const;
    const found = await quantizeLayer(entry, options, idleWork());
    if (!found.ok) throw new Error(found.fault.message);
    const { quantizer, ranges, error } = found.value;
    expect(quantizer.scales[0]).toBe(Math.fround(clipValue(values, clip, 8, 99.3) / 127));
    expect([ranges!.values > 50_000 && ranges!.values <= 100_000, ranges!.of]).toEqual([true, values.length]);
    expect(ranges!.best).toBe('mse');
    // A sample tells what all of them lose.
    expect(Math.abs(ranges!.sqnrDb[clip]! - error.sqnrDb!)).toBeLessThan(0.5);
  }
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThanOrEqual(4 << 20);
});
