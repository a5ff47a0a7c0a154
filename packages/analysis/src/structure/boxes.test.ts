import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../heatmap/box.js';
import { float32Entry, headOf } from '../testing/entries.js';
import { structureReference } from '../testing/reference.js';
import { boxesOf, placeBits } from './boxes.js';
import { deadOf } from './channels.js';
import { mergeStructure, patternsOf, structureOf } from './structure.js';

test('boxes cover the tensor, begin at multiples of 16 and stay within the limit', () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5000 }),
      (shape, limit) => {
        const boxes = boxesOf(shape, limit);
        let covered = 0;
        for (const box of boxes) {
          covered += box.reduce((product, { begin, end }) => product * (end - begin), 1);
          for (const { begin } of box) expect(begin % 16).toBe(0);
        }
        expect(covered).toBe(shape.reduce((product, length) => product * length, 1));
      },
    ),
  ));

test('the structure of boxes adds up to the structure of the tensor', () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.constantFrom(0.6, 0.97),
      (shape, seed, density) => {
        const rng = seeded(seed);
        const elements = shape.reduce((product, length) => product * length, 1);
        const zero = Uint8Array.from({ length: elements }, () => (rng.next() < density ? 1 : 0));
        const entry = float32Entry(
          shape,
          zero.map((flag) => 1 - flag),
        );
        const head = headOf(entry, { output: [seed % shape.length], input: [(seed + 1) % shape.length] });
        const parts = boxesOf(shape, 300).map((box) => {
          const lengths = box.map(({ begin, end }) => end - begin);
          const total = lengths.reduce((product, length) => product * length, 1);
          const bits = new Uint8Array(Math.ceil(total / 8));
          let at = 0;
          for (const run of runsOf(box, shape)) {
            const part = new Uint8Array(Math.ceil(run.count / 8));
            for (let i = 0; i < run.count; i++) part[i >> 3]! |= zero[run.begin + i]! << (i & 7);
            placeBits(bits, at, part, run.count);
            at += run.count;
          }
          return structureOf(
            head,
            bits,
            lengths,
            box.map(({ begin }) => begin),
          );
        });
        const merged = mergeStructure(parts)!;
        const expected = structureReference(head, (i) => zero[i] === 1);
        expect(patternsOf(merged)).toEqual(expected.patterns);
        const { b4x1, b1x4, b4x4, b16x16 } = merged.zeroBlocks ?? {};
        if (shape.length === 2) expect(merged.zeroBlocks).not.toBeNull();
        if (merged.zeroBlocks !== null) {
          expect({ '4x1': b4x1, '1x4': b1x4, '4x4': b4x4, '16x16': b16x16 }).toEqual(
            Object.fromEntries(Object.entries(expected.blocks).map(([name, { zeroBlocks }]) => [name, zeroBlocks])),
          );
        }
        expect(deadOf(merged.livingOutputs, Infinity).first).toEqual(expected.deadOutputs);
        expect(deadOf(merged.livingInputs, Infinity).first).toEqual(expected.deadInputs);
      },
    ),
    { numRuns: 60 },
  ));

test('more channels than are told apart are not counted, instead of taking memory without bound', () => {
  const entry = float32Entry([16, 1], new Float32Array(16));
  const head = headOf({ ...entry, shape: [5_000_000_000, 1] }, { output: [0], input: [1] });
  const counts = structureOf(head, new Uint8Array([255, 255]), [16, 1], [0, 0]);
  expect(deadOf(counts.livingOutputs, 8)).toEqual({ count: null, first: [] });
  expect(deadOf(counts.livingInputs, 8)).toEqual({ count: 1, first: [0] });
});
