import { sizeOf } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { memorySource } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareTile, type Side } from './compareTile.js';
import { heatmapTile } from './tile.js';

const work = { signal: new AbortController().signal, progress: () => {} };

function side(shape: readonly number[], values: readonly number[]): Side {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  const entry: TensorEntry = {
    name: 'conv.weight',
    dtype: 'F32',
    storage: 'F32',
    shape,
    elements: sizeOf(shape),
    bytes: bytes.length,
    data: { kind: 'raw', dtype: 'F32', source: memorySource('x', bytes), begin: 0 },
  };
  return { entry, head: toHeads({ format: 'pytorch-zip', tensors: [entry] })[0]! };
}

const whole = { layout: 'kernel' as const, rowBegin: 0, columnBegin: 0, signed: false };

test('each side looks as it does alone, on the shared scale', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(0, 0.25, -0.5, 1), { minLength: 24, maxLength: 24 }),
      fc.array(fc.constantFrom(0, 0.25, -0.5, 1), { minLength: 24, maxLength: 24 }),
      fc.integer({ min: 1, max: 3 }),
      async (x, y, step) => {
        const [a, b] = [side([3, 2, 2, 2], x), side([3, 2, 2, 2], y)];
        const query = { ...whole, rowEnd: 6, columnEnd: 4, step };
        const both = await compareTile(a, b, query, 1, work);
        const alone = await heatmapTile(a.entry, a.head, query, { absmin: 0.25, abs99: 1 }, work);
        expect(both.ok && alone.ok).toBe(true);
        if (!both.ok || !alone.ok) return;
        expect(both.value.before.levels).toEqual(alone.value.levels);
        expect(both.value.before.zeroShare).toEqual(alone.value.zeroShare);
      },
    ),
    { numRuns: 50 },
  ));

test('the difference, and what became zero or came back', async () => {
  const answer = await compareTile(
    side([2, 2], [1, 0, 2, 3]),
    side([2, 2], [0, 4, 2, 1]),
    { ...whole, rowEnd: 2, columnEnd: 2, step: 1 },
    null,
    work,
  );
  if (!answer.ok) throw new Error('unreadable');
  const { delta, newZero, newKept } = answer.value;
  expect(delta.high).toBe(4);
  expect([...delta.levels]).toEqual([128 - 32, 255, 128, 128 - 63]);
  expect([...newZero]).toEqual([255, 0, 0, 0]);
  expect([...newKept]).toEqual([0, 255, 0, 0]);
});

test('reshaped tensors are compared over the cells that both have', async () => {
  const answer = await compareTile(
    side([2, 2], [1, 2, 3, 4]),
    side([3, 1], [1, 5, 6]),
    { ...whole, rowEnd: 3, columnEnd: 2, step: 1 },
    null,
    work,
  );
  if (!answer.ok) throw new Error('unreadable');
  expect([...answer.value.delta.levels]).toEqual([128, 0, 255, 0, 0, 0]);
  expect([...answer.value.before.levels].map((level) => level > 0)).toEqual([true, true, true, true, false, false]);
});

test('equal infinities do not differ', async () => {
  const infinite = side([1, 1], [Number.POSITIVE_INFINITY]);
  const answer = await compareTile(infinite, infinite, { ...whole, rowEnd: 1, columnEnd: 1, step: 1 }, null, work);
  expect(answer.ok && [...answer.value.delta.levels]).toEqual([128]);
});
