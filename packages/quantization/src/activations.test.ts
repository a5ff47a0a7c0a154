import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActivationStream } from './activations.js';
import { CLIPS, clipValue } from './clip.js';
import { histogramOf, klClip } from './klClip.js';
import { quantizeTensor } from './quantizeTensor.js';
import { SCHEMES } from './scheme.js';
import { tensor } from './testing/tensor.js';

const Y = tensor(42, 4096).map((value, i) => (i % 512 === 0 ? value * 8 : value));

function streamOf(values: ArrayLike<number>, window: number, seed = 1): ActivationStream {
  const stream = new ActivationStream(seed);
  for (let at = 0; at < values.length; at += window) stream.add(Array.from(values).slice(at, at + window));
  return stream;
}

test.each(CLIPS.filter((method) => method !== 'kl'))(
  'a stream that fits the reservoir is cut by %s as the whole tensor is',
  (method) => {
    const found = streamOf(Y, 100).quantization(8, method, 99.9);
    expect(found.clip).toBe(clipValue(Y, method, 8, 99.9));
    const whole = quantizeTensor(Y, [4096], {
      scheme: SCHEMES.get('int8-sym') as never,
      granularity: { kind: 'tensor' },
      clip: method,
      percentile: 99.9,
    });
    expect(found.scale).toBe(whole.scales[0]);
    expect(found.sqnrDb[method]).toBeCloseTo(whole.error.sqnrDb!, 9);
    // The table of the specification has the squared error before the others.
    expect(found.best).toBe('mse');
  },
);

test('a histogram whose range doubled counts what one of that range would', () => {
  const values = [0, 0.1, 0.5, 1, 3, 7.9, 2];
  const { clip } = streamOf(values, 1).quantization(8, 'kl', 100);
  // 0.1 first: 0.1 · 2^7 = 12.8 holds the largest.
  expect(clip).toBeCloseTo(Math.min(7.9, klClip(histogramOf(values, 12.8), 12.8, 8).clip), 9);
});

test('windows make no difference, and the clip never exceeds the largest magnitude', () =>
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom(...CLIPS),
      fc.integer({ min: 2, max: 8 }),
      (values, window, method, bits) => {
        const found = streamOf(values, window).quantization(bits, method, 99.99);
        expect(found).toEqual(streamOf(values, 1000).quantization(bits, method, 99.99));
        expect(found.clip).toBeLessThanOrEqual(
          values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) * (1 + 1e-12),
        );
        expect(found.scale).toBeGreaterThan(0);
      },
    ),
  ));

test('of more values than it keeps, a reservoir is an even sample, the same for the same seed', () => {
  const count = 250_000;
  const values = Float32Array.from({ length: count }, (_, i) => i / count);
  const clip = (seed: number): number => streamOf([], 1, seed).quantization(8, 'percentile', 50).clip;
  expect(clip(1)).toBe(0);
  const median = (seed: number): number => {
    const stream = new ActivationStream(seed);
    stream.add(values);
    expect(stream.count).toBe(count);
    return stream.quantization(8, 'percentile', 50).clip;
  };
  // The median of an even sample of 100 000 is within 1 % with all but certainty.
  expect(median(3)).toBeGreaterThan(0.49);
  expect(median(3)).toBeLessThan(0.51);
  expect(median(3)).toBe(median(3));
  expect(median(4)).not.toBe(median(3));
});

test('NaN and infinity are counted and left out', () => {
  const stream = streamOf([1, Number.NaN, -2, Number.POSITIVE_INFINITY], 4);
  expect([stream.odd, stream.count, stream.low, stream.high]).toEqual([2, 2, -2, 1]);
});
