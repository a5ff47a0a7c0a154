import { seeded, sizeOf } from '@espalier/base';
import { readValues } from '@espalier/checkpoint';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyMask } from './applyMask.js';
import { kernelMatrix } from './kernelMatrix.js';
import type { PrunableLayer } from './layer.js';
import { isKept } from './mask.js';
import { maskedEntry } from './maskedEntry.js';
import { roundHalfEven } from './roundHalfEven.js';
import { answerOf, bitsOf, layerOf, runMethod, work } from './testing/layers.js';

/** Every method that zeroes weights, with options under which it takes the layers of `arbLayers`. */
const METHODS = [
  ['magnitude', { sparsity: 0.6 }],
  ['magnitude', { sparsity: 0.6, scope: 'layer' }],
  ['random', { sparsity: 0.6, ratio: 'uniform' }],
  ['random', { sparsity: 0.4, ratio: 'erk', counts: 'bernoulli', seed: 3 }],
  ['n-m', { n: 2, m: 4 }],
  ['n-m', { n: 1, m: 8, along: 'output' }],
  ['block', { sparsity: 0.5, shape: '4x1' }],
  ['block', { sparsity: 0.5, shape: '1x4' }],
  ['block', { sparsity: 0.3, shape: '16x16' }],
  ['channel', { sparsity: 0.5 }],
  ['channel', { sparsity: 0.5, norm: 'l2' }],
  ['mask', { file: 'mask' }],
] as const;

/** Layers in the layouts of PyTorch and of TensorFlow, some values NaN. */
const arbLayers = fc
  .array(
    fc.record({
      outputs: fc.constantFrom(8, 16),
      inputs: fc.constantFrom(8, 24),
      kernel: fc.constantFrom(0, 1, 3),
      channelsLast: fc.boolean(),
      seed: fc.nat(),
      nan: fc.constantFrom(0, 0, 0.02, 0.3),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((specs) =>
    specs.map(({ outputs, inputs, kernel, channelsLast, seed, nan }, i) => {
      const window = kernel === 0 ? [] : [kernel, kernel];
      const shape = channelsLast ? [...window, inputs, outputs] : [outputs, inputs, ...window];
      const rank = shape.length;
      const rng = seeded(seed);
      const values = Array.from({ length: sizeOf(shape) }, () =>
        rng.next() < nan ? Number.NaN : Math.round(rng.normal() * 16) / 16,
      );
      const axes = channelsLast
        ? { output: [rank - 1], input: [rank - 2], kernel: window.map((_, axis) => axis) }
        : undefined;
      return layerOf({ name: `l${i}.weight`, shape, values, ...(axes === undefined ? {} : { axes }) });
    }),
  );

/** Ones and zeros by chance, for the method that takes another file's. */
const maskFileOf = (layers: readonly PrunableLayer[]): PrunableLayer[] =>
  layers.map(({ head }) => {
    const rng = seeded(head.elements);
    const values = Array.from({ length: head.elements }, () => (rng.next() < 0.5 ? 0 : 1));
    return layerOf({ name: head.name, shape: head.shape, values });
  });

const contextOf = (layers: readonly PrunableLayer[]) => ({
  open: async () => ({ ok: true as const, value: maskFileOf(layers) }),
});

const runs = { numRuns: 25 };

describe.each(METHODS)('%s %j', (name, options) => {
  test('gives the same masks again, and counts them right', () =>
    fc.assert(
      fc.asyncProperty(arbLayers, async (layers) => {
        const masks = await bitsOf(name, layers, options, contextOf(layers)).catch(tooManyNan);
        const again = await bitsOf(name, layers, options, contextOf(layers)).catch(tooManyNan);
        expect(again).toEqual(masks);
        for (const [i, mask] of masks.entries()) {
          const elements = layers[i]!.head.elements;
          expect(mask!.elements).toBe(elements);
          const kept = Array.from({ length: elements }, (_, at) => isKept(mask!, at)).filter(Boolean).length;
          expect(mask!.kept).toBe(kept);
        }
      }),
      runs,
    ));

  test('keeps every NaN, and says so where it had to', () =>
    fc.assert(
      fc.asyncProperty(arbLayers, async (layers) => {
        const masks = await bitsOf(name, layers, options, contextOf(layers)).catch(tooManyNan);
        for (const [i, mask] of masks.entries()) {
          const values = await readValues(layers[i]!.entry);
          for (const [at, value] of values.entries()) if (Number.isNaN(value)) expect(isKept(mask!, at)).toBe(true);
        }
      }),
      runs,
    ));

  test('writes zeros where it drops and the same bytes elsewhere; readers see the same', () =>
    fc.assert(
      fc.asyncProperty(arbLayers, async (layers) => {
        const masks = await bitsOf(name, layers, options, contextOf(layers)).catch(tooManyNan);
        for (const [i, mask] of masks.entries()) {
          const layer = layers[i]!;
          const { data } = layer.entry;
          const before = data.kind === 'raw' ? await data.source.read(data.begin, layer.entry.bytes) : new Uint8Array();
          const after: number[] = [];
          for await (const window of applyMask(layer, mask!, work)) after.push(...window);
          const seen = await readValues(maskedEntry(layer, mask!));
          for (let at = 0; at < layer.head.elements; at++) {
            const own = isKept(mask!, at) ? [...before.subarray(4 * at, 4 * at + 4)] : [0, 0, 0, 0];
            if (after.slice(4 * at, 4 * at + 4).join() !== own.join()) throw new Error(`${layer.head.name} ${at}`);
            if (!isKept(mask!, at)) expect(seen[at]).toBe(0);
          }
        }
      }),
      runs,
    ));

  test('leaves dropped what an earlier step dropped', () =>
    fc.assert(
      fc.asyncProperty(arbLayers, fc.boolean(), async (layers, threshold) => {
        const first = await answerOf(
          threshold ? 'magnitude' : 'random',
          layers,
          threshold ? { sparsity: 0.3 } : { sparsity: 0.3, ratio: 'uniform' },
        ).catch(() => ({ masks: new Map() }));
        const masked = layers.map((layer) => ({ ...layer, mask: first.masks.get(layer.head.name) }));
        if (masked.some(({ mask }) => mask === undefined)) return;
        const before = await bitsOf(
          threshold ? 'magnitude' : 'random',
          layers,
          threshold ? { sparsity: 0.3 } : { sparsity: 0.3, ratio: 'uniform' },
        );
        const after = await bitsOf(name, masked, options, contextOf(layers)).catch(tooManyNan);
        for (const [i, mask] of after.entries())
          for (const [at, byte] of mask!.bits.entries()) expect(byte & ~before[i]!.bits[at]!).toBe(0);
      }),
      runs,
    ));
});

/** Where more is to go than is not a NaN, magnitude refuses with the numbers. */
function tooManyNan(error: Error): [] {
  expect(error.message).toMatch(/^\d+ of \d+ weights are NaN and never pruned: \d+ others are left, \d+ were to go\.$/);
  return [];
}

describe('exact counts', () => {
  const layers = (): PrunableLayer[] => {
    const rng = seeded(5);
    return [
      [16, 24],
      [24, 16, 3, 3],
    ].map((shape, i) =>
      layerOf({ name: `l${i}.weight`, shape, values: Array.from({ length: sizeOf(shape) }, () => rng.normal()) }),
    );
  };
  const gone = async (name: string, options: object): Promise<number[]> =>
    (await bitsOf(name, layers(), options)).map((mask) => mask!.elements - mask!.kept);

  test.each([0.1, 0.37, 0.5, 0.93])('at %d: weights, groups, blocks and channels', async (sparsity) => {
    const [a, b] = [16 * 24, 24 * 16 * 9];
    expect((await gone('magnitude', { sparsity })).reduce((sum, count) => sum + count)).toBe(
      roundHalfEven(sparsity * (a + b)),
    );
    expect(await gone('magnitude', { sparsity, scope: 'layer' })).toEqual(
      [a, b].map((count) => roundHalfEven(sparsity * count)),
    );
    expect(await gone('n-m', {})).toEqual([a / 2, b / 2]);
    expect(await gone('n-m', { n: 3, m: 8 })).toEqual([(a * 5) / 8, (b * 5) / 8]);
    expect(await gone('block', { sparsity, shape: '4x1' })).toEqual(
      [a, b].map((count) => 4 * roundHalfEven((sparsity * count) / 4)),
    );
    expect(await gone('channel', { sparsity })).toEqual([
      24 * roundHalfEven(sparsity * 16),
      144 * roundHalfEven(sparsity * 24),
    ]);
  });
});

test('blocks at the edges are smaller and ranked by their mean', async () => {
  // 6 rows of 3: blocks of 4×1 and of 2×1. The two lower blocks of the last column are the weakest.
  const values = Array.from({ length: 18 }, (_, i) => (i % 3 === 2 ? (i < 12 ? 2 : 1) : 9));
  const [mask] = await bitsOf('block', [layerOf({ shape: [6, 3], values })], { sparsity: 1 / 6, shape: '4x1' });
  expect(values.map((_, i) => isKept(mask!, i))).toEqual(values.map((value) => value !== 1));
});

test('blocks of four rows are those of the definition, whatever the number of rows', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 11 }),
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.nat(),
      async (rows, eights, sparsity, seed) => {
        const columns = 8 * eights;
        const rng = seeded(seed);
        // Few different magnitudes, so that means are equal here and there, and a NaN.
        const values = Array.from({ length: rows * columns }, (_, i) => (i === 5 ? Number.NaN : rng.below(5) - 2));
        const [mask] = await bitsOf('block', [layerOf({ shape: [rows, columns], values })], { sparsity, shape: '4x1' });
        const blocks = Array.from({ length: Math.ceil(rows / 4) * columns }, (_, block) => {
          const [top, column] = [4 * Math.floor(block / columns), block % columns];
          const members = Array.from({ length: Math.min(4, rows - top) }, (_, i) => (top + i) * columns + column);
          const mean = members.reduce((sum, at) => sum + Math.abs(values[at]!), 0) / members.length;
          return { block, members, mean };
        });
        const ranked = blocks
          .filter(({ mean }) => !Number.isNaN(mean))
          .sort((a, b) => a.mean - b.mean || a.block - b.block);
        const wanted = sparsity * blocks.length;
        const half =
          Math.floor(wanted) + (wanted % 1 > 0.5 || (wanted % 1 === 0.5 && Math.floor(wanted) % 2 === 1) ? 1 : 0);
        const gone = new Set(ranked.slice(0, half).flatMap(({ members }) => members));
        expect(values.map((_, i) => isKept(mask!, i))).toEqual(values.map((_, i) => !gone.has(i)));
      },
    ),
  ));

test('a matrix is walked in C order, whatever the layout', () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 }),
      fc.nat(31),
      fc.nat(200),
      fc.nat(200),
      (shape, chosen, from, count) => {
        const output = shape.map((_, axis) => axis).filter((axis) => (chosen >> axis) & 1);
        if (output.length === 0) output.push(0);
        const matrix = kernelMatrix({ shape, axes: { output, input: [], kernel: [], groups: 1 } });
        const total = sizeOf(shape);
        const begin = from % total;
        const length = Math.min(count, total - begin);
        const seen: number[] = [];
        matrix.walk(begin, length, (offset, run, row, column, rowStep, columnStep) => {
          expect(offset).toBe(seen.length);
          for (let i = 0; i < run; i++) seen.push(matrix.index(row + i * rowStep, column + i * columnStep));
        });
        expect(seen).toEqual(Array.from({ length }, (_, i) => begin + i));
      },
    ),
  ));

describe('what makes no sense', () => {
  test.each(METHODS)('%s %j takes no layers, and empty ones', async (name, options) => {
    const none = await runMethod(name, [], options);
    // Nothing to share a ratio among is said, everything else has no mask to give.
    if (!none.ok) expect(none.fault.code).toBe('prune/ratio-impossible');
    const empty = [
      layerOf({ name: 'a.weight', shape: [0, 8] }),
      layerOf({ name: 'b.weight', shape: [8, 8], values: Array.from({ length: 64 }, (_, i) => i) }),
    ];
    const [a, b] = await bitsOf(name, empty, options, contextOf(empty));
    expect(a?.elements ?? 0).toBe(0);
    expect(b!.elements).toBe(64);
  });

  test('every weight NaN, every weight equal, every weight zero', async () => {
    const of = (value: number): PrunableLayer[] => [layerOf({ shape: [8, 8], values: new Array(64).fill(value) })];
    for (const value of [0, 2.5]) {
      const [mask] = await bitsOf('magnitude', of(value), { sparsity: 0.25 });
      // Ties by C order.
      expect(Array.from({ length: 64 }, (_, i) => isKept(mask!, i))).toEqual(
        Array.from({ length: 64 }, (_, i) => i >= 16),
      );
    }
    expect(await runMethod('magnitude', of(Number.NaN), { sparsity: 0.25 })).toMatchObject({
      fault: { code: 'prune/too-many-nan', expected: 16, found: 0 },
    });
    for (const name of ['block', 'channel', 'n-m', 'random']) {
      const { masks, notes } = await answerOf(name, of(Number.NaN), name === 'n-m' ? {} : { sparsity: 0.5 });
      expect(masks.get('layer.weight')!.kept).toBe(64);
      expect(notes.map(({ code }) => code)).toEqual(['prune/nan-kept']);
    }
  });
});
