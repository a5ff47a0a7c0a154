import type { LayerTimes, PatternAlongAxis } from '@espalier/analysis';
import { describe, expect, test } from 'vitest';
import { runtimeLine } from './runtimeLine.js';
import { runtimeRows } from './runtimeRows.js';
import { RUNTIMES } from './table.js';

const layer = (zeros: number, more: Partial<Parameters<typeof runtimeRows>[0][number]> = {}) => ({
  name: 'w',
  role: 'linear',
  shape: { before: [64, 128], after: [64, 128] },
  zeros: { before: 0, after: zeros },
  elements: { before: 100, after: 100 },
  patterns: [] as string[],
  storage: { before: 'F32', after: 'F32' },
  ...more,
});

const TIMES: LayerTimes = {
  rows: 64,
  inner: 128,
  columns: 49,
  columnsFrom: 'graph',
  timed: { rows: 64, columns: 49 },
  sparsity: 0.8,
  ways: [
    { name: 'dense', medianMs: 10, lowMs: 9, highMs: 11, runs: 5 },
    { name: 'csr', medianMs: 4, lowMs: 3.5, highMs: 4.5, runs: 5 },
    { name: 'int8', medianMs: 5, lowMs: 5, highMs: 5, runs: 5 },
  ],
  engine: 'WASM SIMD, 1 thread',
};

describe('the table', () => {
  test('says of every runtime where and when it was read', () => {
    for (const { source, date, why, condition } of RUNTIMES) {
      expect(source.length).toBeGreaterThan(10);
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(why).not.toBe('');
      expect(condition).not.toBe('');
    }
  });
});

describe('rows', () => {
  const rowsOf = (...args: Parameters<typeof runtimeRows>) =>
    new Map(runtimeRows(...args).map((row) => [row.runtime, row]));

  test('begin with what was measured here, and keep those that gain nothing', () => {
    const rows = runtimeRows([layer(80)], new Map([['w', TIMES]]));
    expect(rows[0]).toMatchObject({
      runtime: 'Espalier kernels, here',
      gain: { value: 2.5, how: { kind: 'measured', runs: 5, spread: expect.closeTo(0.125) } },
      why: '1 of 1 layers skip their zeros',
    });
    expect(rows.find(({ runtime }) => runtime === 'onnxruntime')).toMatchObject({ gain: { value: 1 } });
    expect(rows).toHaveLength(1 + RUNTIMES.length);
  });

  test('say where a pattern is broken, and how many layers hold it', () => {
    const broken = rowsOf([layer(50), layer(80)], new Map());
    expect(broken.get('TensorRT, sparse tensor cores')).toMatchObject({
      gain: null,
      why: 'n/a: the pattern is broken in 2 layers',
    });
    const some = rowsOf([layer(50, { patterns: ['2:4'] }), layer(80)], new Map());
    expect(some.get('TensorRT, sparse tensor cores')).toMatchObject({
      gain: { value: 2, how: { kind: 'published' } },
      why: expect.stringMatching(/^1 of 2 layers: peak/),
    });
    const all = rowsOf([layer(50, { patterns: ['2:4'] })], new Map());
    expect(all.get('TensorRT, sparse tensor cores')?.why).toMatch(/^peak/);
  });

  test('know which kernels look at which layers', () => {
    const rows = rowsOf(
      [
        layer(90, { role: 'conv', shape: { before: [8, 8, 1, 1], after: [8, 8, 1, 1] } }),
        layer(90, { storage: { before: 'F32', after: 'int8-sym' } }),
      ],
      new Map(),
    );
    expect(rows.get('TensorFlow Lite with XNNPACK')?.why).toMatch(/^1 of 2 layers/);
    expect(rows.get('OpenVINO on CPU')?.why).toMatch(/^1 of 2 layers/);
    const none = rowsOf([layer(90)], new Map());
    expect(none.get('TensorFlow Lite with XNNPACK')?.why).toBe('n/a: none of 1 layer is a convolution of 1x1');
    expect(none.get('OpenVINO on CPU')?.why).toBe('n/a: none of 1 layer is a linear layer of bytes');
  });

  test('are not there where hardly anything is zero', () => expect(runtimeRows([layer(5)], new Map())).toEqual([]));
});

describe('the line of a hover', () => {
  const along = (compliantGroups: number): PatternAlongAxis => ({
    axis: 1,
    groups: 1000,
    compliantGroups,
    strict: compliantGroups === 1000,
  });
  const stats = (zeros: number, compliant: number) => ({ zeros, patterns: { '2:4': [along(compliant)] } });

  test('always has the negative answer', () => {
    expect(runtimeLine(stats(80, 983), 100, TIMES, 'en')).toBe(
      'unstructured 80.0 %: onnxruntime 1.0x (runs dense), here CSR 2.5x as fast as dense (10 ms), measured, 2:4 on A100 n/a (98.3 % of groups)',
    );
    expect(runtimeLine(stats(50, 1000), 100, undefined, 'en')).toBe(
      '2:4 50.0 %: onnxruntime 1.0x (runs dense), 2:4 on A100 up to 2x (published peak)',
    );
  });

  test('is silent about dense layers that nobody timed', () => {
    expect(runtimeLine(stats(2, 0), 100, undefined, 'en')).toBeNull();
    expect(runtimeLine(undefined, 100, undefined, 'en')).toBeNull();
    expect(runtimeLine(stats(2, 0), 100, TIMES, 'en')).toBe('here CSR 2.5x as fast as dense (10 ms), measured');
  });
});
