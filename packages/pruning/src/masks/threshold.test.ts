import { seeded } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PrunableLayer } from '../layer.js';
import { layerOf, work } from '../testing/layers.js';
import { bracketOf } from './bracket.js';
import { thresholdByCounting } from './countedThreshold.js';
import { selectWord } from './selectWord.js';
import { thresholdInOneRead } from './threshold.js';

/** Layers of different scales, some sparse, some of few values; one by output channel. */
function layersOf(seed: number, sizes: readonly number[], kind: number): PrunableLayer[] {
  const rng = seeded(seed);
  return sizes.map((size, layer) => {
    const scale = 2 ** -layer;
    const values = Float32Array.from({ length: size }, (_, i) => {
      if (kind === 1 && rng.next() < 0.5) return 0;
      const value = rng.normal() * scale * (kind === 3 ? 1 + (i >> 10) / 8 : 1);
      return kind === 2 ? Math.round(value * 8) / 8 : rng.next() < 0.001 ? Number.NaN : value;
    });
    return layerOf({ name: `l${layer}.weight`, shape: [1, size], values });
  });
}

test('one read finds what counting finds, layer by layer', () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.boolean(),
      async (seed, sizes, kind, share, sampled) => {
        const layers = layersOf(seed, sizes, kind);
        const elements = sizes.reduce((sum, size) => sum + size, 0);
        const k = Math.max(1, Math.floor(share * elements));
        if (elements === 0) return;
        const counted = await thresholdByCounting(layers, k, work);
        const quick = await thresholdInOneRead(layers, k, work, sampled ? { small: 0 } : {});
        if (quick !== null) {
          expect(quick).toMatchObject(counted);
          const zeros = await Promise.all(
            layers.map(async ({ entry }) => (await readValues(entry)).filter((value) => value === 0).length),
          );
          expect(quick.layers.map((layer) => layer.zeros)).toEqual(zeros);
        } else expect(sampled).toBe(true);
      },
    ),
    { numRuns: 80 },
  ));

test('a sample of many weights brackets the threshold closely, also where channels differ', async () => {
  for (const kind of [0, 3]) {
    const layers = layersOf(4, [700_000, 300_000], kind);
    const k = 800_000;
    const { word } = await thresholdByCounting(layers, k, work);
    const { low, high } = await bracketOf(
      layers.map(({ entry }) => entry),
      k,
      work,
      0,
    );
    expect(low).toBeLessThanOrEqual(word);
    expect(high).toBeGreaterThanOrEqual(word);
    const quick = await thresholdInOneRead(layers, k, work, { small: 0, collected: 150_000 });
    expect(quick?.word).toBe(word);
  }
});

test('a sample that misleads is noticed, and so is too much to collect', async () => {
  // What the sample sees, in blocks, is not what the whole has: another tensor is read from than was sampled.
  const [layer] = layersOf(9, [400_000], 0);
  let reads = 0;
  const { data } = layer!.entry;
  if (data.kind !== 'raw') throw new Error();
  const lying: TensorEntry = {
    ...layer!.entry,
    data: {
      ...data,
      source: {
        ...data.source,
        async readInto(target, begin, signal) {
          if (target.length <= 1024) {
            reads++;
            target.fill(0x3d);
          } else await data.source.readInto(target, begin, signal);
        },
      },
    },
  };
  expect(await thresholdInOneRead([{ ...layer!, entry: lying }], 390_000, work, { small: 0 })).toBeNull();
  expect(reads).toBeGreaterThan(100);
  expect(await thresholdInOneRead([layer!], 200_000, work, { collected: 1000 })).toBeNull();
});

test('the word of a rank is the one a sort finds', () =>
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(0x7fff_ffff), { maxLength: 40 }), { minLength: 1 }),
      fc.nat(),
      (parts, pick) => {
        const all = parts.flat().sort((a, b) => a - b);
        if (all.length === 0) return;
        const rank = pick % all.length;
        expect(
          selectWord(
            parts.map((part) => Uint32Array.from(part)),
            rank,
          ),
        ).toBe(all[rank]);
      },
    ),
  ));
