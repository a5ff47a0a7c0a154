import { readFileSync } from 'node:fs';
import { calibrate } from '@espalier/analysis';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRuntimeProfile } from './runtimeProfile.js';

const text = readFileSync(new URL('../../../../fixtures/golden/runtime-profile.json', import.meta.url), 'utf8');

test('a profile that onnxruntime wrote is read: sizes by shapes, medians of runs, what is no product by name', () => {
  const read = readRuntimeProfile(text, 'p.json');
  if (!read.ok) throw new Error(read.fault.message);
  const { products, others } = read.value;
  expect(products.map(({ rows, inner, columns }) => [rows, inner, columns])).toEqual([
    [32, 16 * 9, 784],
    [64, 32, 784],
    [64, 64 * 9, 784],
    [128, 64, 784],
    [128, 128 * 9, 784],
    [1024, 128, 1],
    [512, 1024, 1],
    [2048, 512, 1],
    [256, 2048, 1],
    [10, 256, 1],
  ]);
  // The convolution in groups, and what has no weights.
  expect(others.get('Conv')).toBe(1);
  expect(others.has('GlobalAveragePool')).toBe(true);
  const events = JSON.parse(text) as { name: string; dur: number; args: { op_name?: string } }[];
  const own = events.filter(({ name }) => name.startsWith('fc2')).map(({ dur }) => dur / 1e6);
  expect(own).toHaveLength(3);
  expect(products[7]!.seconds).toBe(own.sort((a, b) => a - b)[1]);
});

test('real times give a profile whose error is told', () => {
  const read = readRuntimeProfile(text, 'p.json');
  if (!read.ok) throw new Error(read.fault.message);
  const { device, medianError } = calibrate(read.value.products, { name: 'here', label: 'here', sources: [] });
  expect(device.peak.f32).toBeGreaterThan(1e9);
  expect(medianError).toBeGreaterThan(0);
  expect(medianError).toBeLessThan(1);
});

describe('what is no profile', () => {
  test.each([
    ['', 'It is no JSON: '],
    ['{}', 'It is no list of events, as onnxruntime writes with enable_profiling.'],
    ['[]', 'It has 0 convolutions and matrix products in floats; at least 5 are needed.'],
    ['[{"cat":"Node","name":"a_kernel_time","dur":1,"args":null}, 3, null]', 'It has 0 convolutions'],
  ])('%j', (given, message) => {
    const read = readRuntimeProfile(given, 'p.json');
    expect(read).toMatchObject({ ok: false, fault: { code: 'device/profile', file: 'p.json' } });
    expect(!read.ok && read.fault.message).toContain(message);
  });

  test('whatever the shapes are', () =>
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(), { maxLength: 5 }), { maxLength: 3 }), fc.nat(), (shapes, dur) => {
        const args = {
          op_name: 'Conv',
          input_type_shape: shapes.map((shape) => ({ float: shape })),
          output_type_shape: shapes.slice(0, 1).map((shape) => ({ float: shape })),
        };
        const events = Array.from({ length: 6 }, (_, i) => ({ cat: 'Node', name: `c${i}_kernel_time`, dur, args }));
        const read = readRuntimeProfile(JSON.stringify(events), 'p.json');
        if (read.ok) for (const product of read.value.products) expect(product.rows * product.inner).toBeGreaterThan(0);
        else expect(read.fault.code).toBe('device/profile');
      }),
    ));
});
