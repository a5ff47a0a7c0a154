import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calibrate, type TimedProduct } from './calibrate.js';
import { estimateProduct } from './estimate.js';
import type { DeviceProfile } from './profile.js';

const NAMED = { name: 'found', label: 'Found', sources: ['a test'] };

const deviceOf = (f32: number, memoryBytesPerSecond: number, overheadSeconds: number): DeviceProfile => ({
  ...NAMED,
  peak: { f32 },
  runs: 'f32',
  memoryBytesPerSecond,
  overheadSeconds,
  channelMultiple: 1,
  sparse: [],
});

/** Products that computing binds, that memory binds and that are over at once. */
const SIZES = [64, 256, 1024].flatMap((rows) =>
  [96, 384, 1536].flatMap((inner) => [1, 16, 512].map((columns) => ({ rows, inner, columns }))),
);

const timedOn = (device: DeviceProfile): TimedProduct[] =>
  SIZES.map((sizes, i) => {
    const seconds = estimateProduct({ ...sizes, type: 'f32', patterns: [] }, device).ms / 1000;
    return { ...sizes, name: `p${i}`, type: 'f32', seconds };
  });

test('a device that is as the roofline says is found again', () =>
  fc.assert(
    fc.property(
      fc.double({ min: 9, max: 13, noNaN: true }),
      fc.double({ min: 9, max: 11, noNaN: true }),
      fc.double({ min: -7, max: -5, noNaN: true }),
      (operations, bytes, seconds) => {
        const device = deviceOf(10 ** operations, 10 ** bytes, 10 ** seconds);
        const { medianError, device: found } = calibrate(timedOn(device), NAMED);
        expect(medianError).toBeLessThan(0.1);
        expect(found).toMatchObject({ ...NAMED, runs: 'f32' });
      },
    ),
    { numRuns: 20 },
  ));

test('figures that bind are found to a few percent', () => {
  const { device, boundBy } = calibrate(timedOn(deviceOf(5e10, 8e9, 4e-6)), NAMED);
  expect(device.peak.f32! / 5e10).toBeCloseTo(1, 1);
  expect(device.memoryBytesPerSecond / 8e9).toBeCloseTo(1, 1);
  expect(device.overheadSeconds / 4e-6).toBeCloseTo(1, 0);
  expect(Object.keys(boundBy).sort()).toEqual(['compute', 'memory', 'overhead']);
});

test('the error is that of products that the profile did not see', () => {
  const products = timedOn(deviceOf(5e10, 8e9, 4e-6));
  // One product takes a hundred times as long as the roofline says: no profile of the others can know.
  const odd = products.map((product, i) => (i === 5 ? { ...product, seconds: 100 * product.seconds } : product));
  const { products: compared, medianError } = calibrate(odd, NAMED);
  expect(compared[5]!.estimatedSeconds / compared[5]!.product.seconds).toBeLessThan(0.02);
  expect(medianError).toBeLessThan(0.1);
});

test('is the same each time', () => {
  const products = timedOn(deviceOf(3e10, 5e9, 2e-6)).map((product, i) => ({
    ...product,
    seconds: product.seconds * (1 + ((i * 7) % 5) / 10),
  }));
  expect(calibrate(products, NAMED)).toEqual(calibrate(products, NAMED));
});
