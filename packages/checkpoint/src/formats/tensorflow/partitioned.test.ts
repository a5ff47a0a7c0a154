import { attempt, sizeOf, stridesOf, unravel } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkParts, type Part, partitionedData } from './partitioned.js';

/** Cuts along every axis, and the parts between them. */
const arbPartition = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    cuts: fc.tuple(...shape.map((length) => fc.subarray(Array.from({ length: length - 1 }, (_, i) => i + 1)))),
  }),
);

function partsOf(shape: readonly number[], cuts: readonly number[][]): Part[] {
  const pieces = shape.map((length, axis) => {
    const edges = [0, ...cuts[axis]!, length];
    return edges.slice(0, -1).map((start, i) => ({ start, length: edges[i + 1]! - start }));
  });
  const counts = pieces.map(({ length }) => length);
  return Array.from({ length: sizeOf(counts) }, (_, number) => {
    const place = unravel(number, counts);
    const start = place.map((at, axis) => pieces[axis]![at]!.start);
    const partShape = place.map((at, axis) => pieces[axis]![at]!.length);
    const values = Float32Array.from({ length: sizeOf(partShape) }, (_, i) => {
      const index = unravel(i, partShape).map((at, axis) => at + start[axis]!);
      return index.reduce((offset, at, axis) => offset + at * stridesOf(shape)[axis]!, 0);
    });
    // Each part begins somewhere in its file.
    const bytes = new Uint8Array([9, 9, ...new Uint8Array(values.buffer)]);
    return { start, shape: partShape, source: memorySource('part', bytes), begin: 2 };
  });
}

test('any range of a tensor in parts, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(arbPartition, fc.nat(), fc.nat(), async ({ shape, cuts }, from, length) => {
      const elements = sizeOf(shape);
      const begin = from % elements;
      const count = 1 + (length % (elements - begin));
      const parts = partsOf(shape, cuts);
      checkParts('x', 'file', shape, parts);
      const values = await partitionedData(shape, 'F32', parts).read(begin, count);
      expect([...values]).toEqual(Array.from({ length: count }, (_, i) => begin + i));
    }),
    { numRuns: 200, seed: 7 },
  );
});

test('parts that do not make the tensor are a fault', async () => {
  const check = (...parts: { start: number[]; shape: number[] }[]) =>
    attempt(async () => checkParts('x', 'file', [4, 2], parts));
  expect(await check({ start: [0, 0], shape: [4, 2] })).toMatchObject({ ok: true });
  expect(await check({ start: [0, 0], shape: [3, 2] })).toMatchObject({
    fault: { message: expect.stringContaining('hold 6 elements') },
  });
  expect(await check({ start: [1, 0], shape: [4, 2] })).toMatchObject({
    fault: { message: expect.stringContaining('outside') },
  });
  expect(await check({ start: [0], shape: [8] })).toMatchObject({
    fault: { message: expect.stringContaining('outside') },
  });
});
