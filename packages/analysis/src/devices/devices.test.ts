import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EstimatedProduct, estimateProduct } from './estimate.js';
import type { DeviceProfile } from './profile.js';
import { DEVICES, deviceNamed } from './profiles.js';

/** Rates that make every figure easy: 1 operation and 1 byte a nanosecond. */
const PLAIN: DeviceProfile = {
  name: 'plain',
  label: 'plain',
  peak: { f32: 1e9, f16: 2e9, int8: 4e9 },
  runs: 'f32',
  memoryBytesPerSecond: 1e9,
  overheadSeconds: 1e-6,
  channelMultiple: 8,
  sparse: [{ pattern: '2:4', types: ['f16', 'int8'], gain: 2, minimumRows: 32, minimumInner: 64 }],
  sources: ['none'],
};

const product = (
  rows: number,
  inner: number,
  columns: number,
  more: Partial<EstimatedProduct> = {},
): EstimatedProduct => ({
  rows,
  inner,
  columns,
  type: 'f32',
  patterns: [],
  ...more,
});

describe('the roofline', () => {
  test('is the longer of computing and moving, and the overhead', () => {
    // 2 · 64 · 128 · 100 operations beside 4 · (64 · 128 + 192 · 100) bytes.
    const computed = estimateProduct(product(64, 128, 100), PLAIN);
    expect(computed).toEqual({ ms: expect.closeTo(1638.4e-3 + 1e-3, 9), boundBy: 'compute', sparse: false });
    const moved = estimateProduct(product(64, 128, 1), PLAIN);
    expect(moved).toEqual({
      ms: expect.closeTo((4 * (64 * 128 + 192)) / 1e6 + 1e-3, 9),
      boundBy: 'memory',
      sparse: false,
    });
    expect(estimateProduct(product(8, 8, 1), PLAIN).boundBy).toBe('overhead');
  });

  test('rounds channels up, and says where that binds', () => {
    const odd = estimateProduct(product(9, 128, 1000), PLAIN);
    expect(odd).toMatchObject({ ms: expect.closeTo((2 * 16 * 128 * 1000) / 1e6 + 1e-3, 6), boundBy: 'channels' });
    expect(estimateProduct(product(16, 128, 1000), PLAIN).ms).toBeCloseTo(odd.ms, 9);
  });

  test('skips zeros only in a pattern, a type and a size that the device has', () => {
    const ms = (more: Partial<EstimatedProduct>, rows = 64): number =>
      estimateProduct(product(rows, 128, 1000, { type: 'f16', ...more }), PLAIN).ms;
    const dense = ms({});
    expect(ms({ patterns: ['2:4'] }) - 1e-3).toBeCloseTo((dense - 1e-3) / 2, 9);
    expect(ms({ patterns: ['4:8'] })).toBe(dense);
    expect(estimateProduct(product(64, 128, 1000, { patterns: ['2:4'] }), PLAIN).sparse).toBe(false);
    expect(ms({ patterns: ['2:4'] }, 24)).toBe(ms({}, 24));
  });

  test('a type without a rate runs as f32', () => {
    const only: DeviceProfile = { ...PLAIN, peak: { f32: 1e9 } };
    expect(estimateProduct(product(64, 128, 100, { type: 'int8' }), only)).toEqual(
      estimateProduct(product(64, 128, 100), only),
    );
  });

  test('faster devices are never slower, and less work never takes longer', () =>
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 1, max: 4096 }),
          inner: fc.integer({ min: 1, max: 4096 }),
          columns: fc.integer({ min: 1, max: 4096 }),
        }),
        fc.constantFrom(...DEVICES),
        ({ rows, inner, columns }, device) => {
          const whole = product(rows, inner, columns, { type: device.runs });
          const { ms } = estimateProduct(whole, device);
          const quicker = { ...device, memoryBytesPerSecond: 2 * device.memoryBytesPerSecond };
          expect(estimateProduct(whole, quicker).ms).toBeLessThanOrEqual(ms);
          expect(estimateProduct({ ...whole, patterns: ['2:4'] }, device).ms).toBeLessThanOrEqual(ms);
          expect(estimateProduct({ ...whole, rows: Math.ceil(rows / 2) }, device).ms).toBeLessThanOrEqual(ms);
          expect(ms).toBeGreaterThan(0);
        },
      ),
    ));
});

test('a dozen devices, each with its documents, rates that it runs in, and a name of its own', () => {
  expect(DEVICES.length).toBeGreaterThanOrEqual(12);
  expect(new Set(DEVICES.map(({ name }) => name)).size).toBe(DEVICES.length);
  for (const { name, sources, peak, runs, memoryBytesPerSecond } of DEVICES) {
    expect(sources.length, name).toBeGreaterThan(0);
    expect(peak[runs], name).toBeGreaterThan(1e10);
    expect(memoryBytesPerSecond, name).toBeGreaterThan(1e9);
    expect(deviceNamed(name)?.name).toBe(name);
  }
  expect(deviceNamed('a100')!.peak.f16! / deviceNamed('a100')!.memoryBytesPerSecond).toBeCloseTo(200.6, 1);
});
