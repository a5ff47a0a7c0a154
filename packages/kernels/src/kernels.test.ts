import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BYTE_COUNTERS, counterLength, foldCounts, leadingPlaces } from './countPatterns.js';
import { noDifference } from './differFloat32.js';
import { foldHistogram, HISTOGRAM_COUNTERS } from './histogramFloat32.js';
import { type Kernels, plainKernels, simdKernels } from './load.js';

const plain = plainKernels();
const simd = simdKernels();
if (simd === null) throw new Error('the tests need WebAssembly SIMD');

/** Sizes around every vector, block and byte border. */
const SIZES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 255, 256, 257, 511, 1023, 1024, 1025, 2049, 5000];

const EDGE_BITS = [
  0x0000_0000, 0x8000_0000, 0x0000_0001, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x3f80_0000, 0xbf80_0000, 0x7f7f_ffff,
  0xff7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0001, 0x7f80_0001, 0xffff_ffff, 0x5f80_0000, 0x1f80_0000,
];

/** Words as f32 weights come: mostly ordinary numbers, some zeros, perhaps edge cases. */
const arbWords = fc
  .record({
    size: fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 0, max: 3000 })),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    zeros: fc.constantFrom(0, 0.1, 0.8, 1),
    edges: fc.constantFrom(0, 0, 0.002, 0.3),
    scale: fc.constantFrom(1, 0.02, 1e-20, 1e18, 1e-44),
    offset: fc.constantFrom(0, 0, 3, -100),
  })
  .map(({ size, seed, zeros, edges, scale, offset }) => {
    const rng = seeded(seed);
    const values = new Float32Array(size);
    const words = new Uint32Array(values.buffer);
    for (let i = 0; i < size; i++) {
      const chance = rng.next();
      if (chance < edges) words[i] = EDGE_BITS[rng.below(EDGE_BITS.length)]!;
      else if (rng.next() < zeros) words[i] = rng.next() < 0.5 ? 0 : 0x8000_0000;
      else values[i] = (rng.normal() + offset) * scale;
    }
    return values;
  });

const arbBits = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  density: fc.constantFrom(0, 0.3, 0.5, 0.9, 0.99, 1),
});

/** Random bits, as many as asked for, the rest of the last byte clear. */
function randomBits(count: number, seed: number, density: number): Uint8Array {
  const rng = seeded(seed);
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) if (rng.next() < density) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

/** The array, once in ordinary memory and once where the kernels read it in place. */
function placed<View extends Float32Array | Uint32Array | Uint16Array | Uint8Array>(
  k: Kernels,
  view: View,
): { view: View; release(): void } {
  const region = k.take(view.byteLength + 4);
  const Type = view.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => View;
  const copy = new Type(region.buffer, region.byteOffset, view.length);
  copy.set(view);
  return { view: copy, release: region.release };
}

/** As `toEqual`, but quick for large arrays. */
function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const closeTo = (a: number, b: number, scale: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= 1e-6 * scale || a === b;

describe('SIMD equals its plain twin', () => {
  test('scanFloat32', () =>
    fc.assert(
      fc.property(arbWords, fc.boolean(), fc.boolean(), (values, inPlace, precise) => {
        const [bitsA, bitsB] = [
          new Uint8Array(Math.ceil(values.length / 8)).fill(255),
          new Uint8Array(Math.ceil(values.length / 8)).fill(255),
        ];
        const there = placed(simd, values);
        const a = plain.scanFloat32(values, bitsA, precise);
        const b = simd.scanFloat32(inPlace ? there.view : values, bitsB, precise);
        there.release();
        const { sum, sumSquares, ...exact } = a;
        expect(b).toMatchObject(exact);
        expect(Object.is(a.min, b.min) && Object.is(a.max, b.max)).toBe(true);
        expect(bitsB).toEqual(bitsA);
        const absolute = values.reduce((total, value) => (Number.isFinite(value) ? total + Math.abs(value) : total), 0);
        const tolerance = precise ? 1e-7 : 1;
        expect(closeTo(b.sum, sum, absolute * tolerance)).toBe(true);
        expect(closeTo(b.sumSquares, sumSquares, sumSquares * tolerance)).toBe(true);
      }),
      { numRuns: 400 },
    ));

  test('countLeading and countTrailing, after folding', () =>
    fc.assert(
      fc.property(
        arbWords,
        fc.constantFrom(16, 15, 12),
        fc.boolean(),
        fc.boolean(),
        (values, shift, signed, sparse) => {
          const words = new Uint32Array(values.buffer);
          const mask = signed ? 0xffff_ffff : 0x7fff_ffff;
          const places = leadingPlaces(shift, mask);
          const folded = [plain, simd].map((k) => {
            const counts = new Uint32Array(counterLength(places));
            const totals = new Float64Array(places);
            k.countLeading(words, shift, mask, counts, sparse);
            foldCounts(counts, totals);
            return totals;
          });
          expect(same(folded[0]!, folded[1]!)).toBe(true);
          const slots = new Int16Array(places).fill(-1);
          for (let slot = 0; slot < Math.min(3, words.length); slot++)
            slots[(words[words.length - 1 - slot]! & mask) >>> shift] = slot;
          for (const digitBits of [shift, shift - 6]) {
            const second = new Int16Array(3 * 2 ** digitBits).map((_, place) => (place % 3 === 0 ? place % 4 : -1));
            const thresholds = Uint32Array.of(2 ** (shift - 1), 7, 0);
            for (const plan of [
              { shift, mask, slots, digitBits, second: null, borders: 3, thresholds },
              { shift, mask, slots, digitBits, second: null, borders: 3, thresholds: new Uint32Array(0) },
              { shift, mask, slots, digitBits, second, borders: 3, thresholds: new Uint32Array(0) },
              { shift, mask, slots, digitBits, second, borders: 3, thresholds },
              { shift, mask, slots, digitBits, second: null, borders: 1, thresholds },
              { shift, mask, slots, digitBits, second: null, borders: 0, thresholds },
            ]) {
              const tables = [plain, simd].map((k) => {
                const counts = new Uint32Array(3 * 2 ** shift + 3);
                k.countTrailing(words, plan, counts.subarray(3), counts.subarray(0, 3));
                return counts;
              });
              expect(same(tables[0]!, tables[1]!)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 60 },
    ));

  test('countPatterns16, countPatterns8, matchBits16, matchBits8', () =>
    fc.assert(
      fc.property(
        arbWords,
        fc.boolean(),
        fc.nat(0xffff),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        (values, sparse, value, exact, drop) => {
          const halves = new Uint16Array(values.buffer).subarray(0, Math.max(0, 2 * values.length - drop));
          const bytes = new Uint8Array(values.buffer).subarray(0, Math.max(0, 4 * values.length - drop));
          const results = [plain, simd].map((k) => {
            const [counts, totals] = [new Uint32Array(counterLength(65_536)), new Float64Array(65_536)];
            k.countPatterns16(halves, counts, sparse);
            foldCounts(counts, totals);
            const [byteCounts, byteTotals] = [new Uint32Array(BYTE_COUNTERS), new Float64Array(256)];
            k.countPatterns8(bytes, byteCounts);
            foldCounts(byteCounts, byteTotals);
            const bits16 = new Uint8Array(Math.ceil(halves.length / 8)).fill(255);
            const bits8 = new Uint8Array(Math.ceil(bytes.length / 8)).fill(255);
            const mask16 = exact ? 0xffff : 0x7fff;
            const found16 = k.matchBits16(
              halves,
              mask16,
              exact ? (halves[value % Math.max(1, halves.length)] ?? 0) : 0,
              bits16,
            );
            const found8 = k.matchBits8(
              bytes,
              0xff,
              exact ? (bytes[value % Math.max(1, bytes.length)] ?? 0) : 0x80,
              bits8,
            );
            return { arrays: [totals, byteTotals, bits16, bits8], found: [found16, found8] };
          });
          expect(results[1]!.found).toEqual(results[0]!.found);
          for (const [i, array] of results[0]!.arrays.entries()) expect(same(array, results[1]!.arrays[i]!)).toBe(true);
        },
      ),
      { numRuns: 100 },
    ));

  test('histogramFloat32', () =>
    fc.assert(
      fc.property(arbWords, (values) => {
        const finite = values.filter(Number.isFinite);
        const low = finite.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
        const high = finite.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
        fc.pre(low < high);
        const folded = [plain, simd].map((k) => {
          const [counts, totals] = [new Uint32Array(HISTOGRAM_COUNTERS), new Float64Array(256)];
          k.histogramFloat32(values, low, high, counts);
          foldHistogram(counts, totals);
          return totals;
        });
        expect(same(folded[0]!, folded[1]!)).toBe(true);
      }),
      { numRuns: 300 },
    ));

  test('deviations', () =>
    fc.assert(
      fc.property(arbWords, fc.double({ min: -10, max: 10, noNaN: true }), (values, from) => {
        const expected = plain.deviations(values, from);
        expect(closeTo(simd.deviations(values, from), expected, expected * 1e-6)).toBe(true);
      }),
    ));

  test('meanMagnitudes', () =>
    fc.assert(
      fc.property(
        arbWords,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        (values, columns, height) => {
          const rows = Math.floor(values.length / columns);
          const x = values.subarray(0, rows * columns);
          const [a, b] = [0, 1].map(() => new Float64Array(Math.ceil(rows / height) * columns)) as [
            Float64Array,
            Float64Array,
          ];
          plain.meanMagnitudes(x, { rows, columns, height }, a);
          simd.meanMagnitudes(x, { rows, columns, height }, b);
          expect(b).toEqual(a);
        },
      ),
    ));

  test('packBits', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100, max: 2 }), (bytes) => {
        const [a, b] = [0, 1].map(() => new Uint8Array(Math.ceil(bytes.length / 8)).fill(255)) as [
          Uint8Array,
          Uint8Array,
        ];
        plain.packBits(bytes, a);
        simd.packBits(bytes, b);
        expect(b).toEqual(a);
        expect(Array.from(bytes, (_, i) => (a[i >> 3]! >> (i & 7)) & 1)).toEqual(
          Array.from(bytes, (byte) => (byte === 0 ? 0 : 1)),
        );
      }),
    ));

  test('countNearZero', () =>
    fc.assert(
      fc.property(arbWords, fc.float({ min: 0, noNaN: true }), (values, limit) => {
        expect(simd.countNearZero(values, limit)).toBe(plain.countNearZero(values, limit));
      }),
    ));

  test('digestBlocks', () =>
    fc.assert(
      fc.property(
        arbWords,
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.boolean(),
        fc.boolean(),
        (values, block, canonical, inPlace) => {
          const words = new Uint32Array(values.buffer);
          const there = placed(simd, words);
          const [a, b] = [
            Uint32Array.of(1, 0xffff_ffff, 3, 0xffff_fff0),
            Uint32Array.of(1, 0xffff_ffff, 3, 0xffff_fff0),
          ];
          plain.digestBlocks(words, block, canonical, a);
          simd.digestBlocks(inPlace ? there.view : words, block, canonical, b);
          there.release();
          expect(b).toEqual(a);
        },
      ),
      { numRuns: 150 },
    ));

  test('decodeFloat16 and decodeBfloat16, for every pattern and every odd size', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern);
    const identical = (a: Float32Array, b: Float32Array): boolean => a.every((value, i) => Object.is(value, b[i]));
    for (const size of [...SIZES, 65_536]) {
      const x = all.subarray(65_536 - size);
      for (const name of ['decodeFloat16', 'decodeBfloat16'] as const) {
        const [a, b] = [new Float32Array(size), new Float32Array(size)];
        plain[name](x, a);
        simd[name](x, b);
        expect(identical(a, b), `${name} ${size}`).toBe(true);
      }
    }
  });

  test('mapPatterns', () => {
    const table = Float32Array.from({ length: 65_536 }, (_, i) => i / 7);
    for (const size of SIZES) {
      for (const x of [
        Uint16Array.from({ length: size }, (_, i) => i * 31),
        Uint8Array.from({ length: size }, (_, i) => i * 31),
      ]) {
        const [a, b] = [new Float32Array(size), new Float32Array(size)];
        plain.mapPatterns(x, table, a);
        simd.mapPatterns(x, table, b);
        expect(b).toEqual(a);
      }
    }
  });

  test('differFloat32', () =>
    fc.assert(
      fc.property(arbWords, fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0, 0.01, 1), (before, seed, share) => {
        const rng = seeded(seed);
        const after = before.slice();
        const words = new Uint32Array(after.buffer);
        for (let i = 0; i < after.length; i++) {
          if (rng.next() >= share) continue;
          if (rng.below(10) === 0) words[i] = EDGE_BITS[rng.below(EDGE_BITS.length)]!;
          else after[i] = before[i]! * 1.5 + 0.001;
        }
        const [a, b] = [noDifference(), noDifference()];
        plain.differFloat32(before, after, a);
        simd.differFloat32(before, after, b);
        const { squaredDelta, squaredBefore, squaredAfter, ...exact } = a;
        expect(b).toMatchObject(exact);
        expect(closeTo(b.squaredDelta, squaredDelta, squaredDelta * 1e-6)).toBe(true);
        expect(closeTo(b.squaredBefore, squaredBefore, squaredBefore * 1e-6)).toBe(true);
        expect(closeTo(b.squaredAfter, squaredAfter, squaredAfter * 1e-6)).toBe(true);
      }),
      { numRuns: 300 },
    ));

  test('dropSmall32 and dropSmall16, with as many ties as asked for', () =>
    fc.assert(
      fc.property(arbWords, fc.nat(), fc.nat(6), fc.boolean(), (values, pick, ties, inPlace) => {
        const words = new Uint32Array(values.buffer.slice(0));
        const halves = Uint16Array.from(words, (word) => word >>> 16);
        const threshold = words.length === 0 ? 0 : words[pick % words.length]! & 0x7fff_ffff;
        const bits = [...words].map((word) => word & 0x7fff_ffff);
        const equal = bits.filter((size) => size === threshold).length;
        const [a, b] = [words.slice(), words.slice()];
        const there = placed(simd, words);
        const used = plain.dropSmall32(a, threshold, ties);
        expect(used).toBe(Math.min(ties, equal));
        expect(simd.dropSmall32(inPlace ? there.view : b, threshold, ties)).toBe(used);
        expect(same(inPlace ? there.view : b, a)).toBe(true);
        there.release();
        expect(bits.every((size, i) => (size < threshold ? a[i] === 0 : size === threshold || a[i] === words[i]))).toBe(
          true,
        );
        const [c, d] = [halves.slice(), halves.slice()];
        expect(simd.dropSmall16(d, threshold >>> 16, ties)).toBe(plain.dropSmall16(c, threshold >>> 16, ties));
        expect(same(d, c)).toBe(true);
      }),
      { numRuns: 300 },
    ));

  test('countWithin32', () =>
    fc.assert(
      fc.property(arbWords, fc.nat(), fc.nat(), fc.boolean(), (values, one, other, inPlace) => {
        const words = new Uint32Array(values.buffer);
        const pick = (at: number): number => (words.length === 0 ? 0 : words[at % words.length]! & 0x7fff_ffff);
        const [low, high] = [Math.min(pick(one), pick(other)), Math.max(pick(one), pick(other))];
        const [a, b] = [new Uint32Array(words.length), new Uint32Array(words.length)];
        const there = placed(simd, words);
        const counts = plain.countWithin32(words, low, high, a);
        expect(simd.countWithin32(inPlace ? there.view : words, low, high, b)).toEqual(counts);
        there.release();
        expect(same(b.subarray(0, counts.within), a.subarray(0, counts.within))).toBe(true);
        expect(counts.nan).toBe(values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0));
        expect(counts.zeros).toBe(values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0));
      }),
      { numRuns: 300 },
    ));

  test('dropUnset, for elements of every width', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...SIZES),
        fc.constantFrom(1, 2, 4, 8),
        arbBits,
        fc.nat(0xffff_ffff),
        fc.boolean(),
        (size, width, { seed, density }, pattern, inPlace) => {
          const rng = seeded(seed);
          const bytes = Uint8Array.from({ length: size * width }, () => rng.below(256));
          const bits = randomBits(size, seed + 1, density);
          const own = width === 8 ? 0 : pattern % 2 ** (8 * width);
          const [a, b] = [bytes.slice(), bytes.slice()];
          const there = placed(simd, bytes);
          plain.dropUnset(a, width as 1, bits, own);
          simd.dropUnset(inPlace ? there.view : b, width as 1, bits, own);
          expect(same(inPlace ? there.view : b, a)).toBe(true);
          there.release();
          const element = (of: Uint8Array, i: number): string => of.slice(i * width, (i + 1) * width).join();
          const written = Uint8Array.from({ length: width }, (_, byte) => (byte < 4 ? own >>> (8 * byte) : 0)).join();
          for (let i = 0; i < size; i++)
            expect(element(a, i)).toBe((bits[i >> 3]! >> (i & 7)) & 1 ? element(bytes, i) : written);
        },
      ),
      { numRuns: 200 },
    ));

  test('reduceTiles', () =>
    fc.assert(
      fc.property(arbWords, fc.integer({ min: 1, max: 40 }), fc.boolean(), fc.nat(5), (values, step, signed, first) => {
        const tiles = (): Parameters<Kernels['reduceTiles']>[3] => {
          const of = () => new Float64Array(first + Math.ceil(values.length / step) + 1).fill(1);
          return { sum: of(), zeros: of(), kept: of(), nonFinite: of() };
        };
        const [a, b] = [tiles(), tiles()];
        plain.reduceTiles(values, step, signed, a, first);
        simd.reduceTiles(values, step, signed, b, first);
        expect([b.zeros, b.kept, b.nonFinite]).toEqual([a.zeros, a.kept, a.nonFinite]);
        const scale =
          values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1) * step;
        a.sum.forEach((value, i) => void expect(closeTo(b.sum[i]!, value, scale)).toBe(true));
      }),
      { numRuns: 300 },
    ));

  const arbShape = fc.tuple(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
  );

  test('nmGroups', () => {
    fc.assert(
      fc.property(arbShape, arbBits, fc.boolean(), ([outer, length, inner], { seed, density }, inPlace) => {
        const bits = randomBits(outer * length * inner, seed, density);
        const there = placed(simd, bits);
        const result = simd.nmGroups(inPlace ? there.view : bits, outer, length, inner);
        there.release();
        expect(result).toEqual(plain.nmGroups(bits, outer, length, inner));
      }),
      { numRuns: 300 },
    );
    // Slabs beyond the flat form: long axes with short and long runs.
    for (const [outer, length, inner] of [
      [2, 40_003, 1],
      [1, 9001, 9],
      [3, 2047, 31],
      [2, 1029, 33],
      [1, 15, 5000],
      [1, 100_000, 1],
      [5, 70_001, 2],
      [3, 72, 1],
      [1, 100_008, 1],
      [7, 128, 1],
    ] as const) {
      const bits = randomBits(outer * length * inner, 5, 0.6);
      expect(simd.nmGroups(bits, outer, length, inner)).toEqual(plain.nmGroups(bits, outer, length, inner));
    }
  });

  test('countRuns', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 300 }),
        arbBits,
        (runs, length, { seed, density }) => {
          const bits = randomBits(runs * length, seed, density);
          const [a, b] = [new Uint32Array(runs).fill(3), new Uint32Array(runs).fill(3)];
          plain.countRuns(bits, length, a);
          simd.countRuns(bits, length, b);
          expect(b).toEqual(a);
        },
      ),
    ));

  test('zeroBlocks', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 1, max: 140 }),
        arbBits,
        (rows, columns, { seed, density }) => {
          const bits = randomBits(rows * columns, seed, density);
          expect(simd.zeroBlocks(bits, rows, columns)).toEqual(plain.zeroBlocks(bits, rows, columns));
        },
      ),
      { numRuns: 300 },
    ));

  test('aliveChannels', () =>
    fc.assert(
      fc.property(arbShape, arbBits, fc.integer({ min: 0, max: 3 }), (shape, { seed, density }, kind) => {
        const dims = [...shape, 2];
        const isChannel = [kind === 0, kind === 1 || kind === 3, kind === 2, kind === 3];
        const channels = dims.reduce((product, length, axis) => (isChannel[axis] ? product * length : product), 1);
        const bits = randomBits(
          dims.reduce((product, length) => product * length, 1),
          seed,
          density,
        );
        const [a, b] = [new Uint8Array(channels), new Uint8Array(channels)];
        if (channels > 1) a[1] = b[1] = 1;
        plain.aliveChannels(bits, dims, isChannel, a);
        simd.aliveChannels(bits, dims, isChannel, b);
        expect(b).toEqual(a);
      }),
      { numRuns: 300 },
    ));
});

test('the digest tells order, place and value apart, but not the sign of zero nor the payload of NaN', () => {
  const digest = (values: number[], block = 0): string => {
    const sum = new Uint32Array(4);
    simd.digestBlocks(new Uint32Array(Float32Array.from(values).buffer), block, true, sum);
    return sum.join();
  };
  const seen = new Set<string>();
  const cases = [
    [],
    [1],
    [2],
    [1, 2],
    [2, 1],
    [0, 1, 0, 0, 1],
    [0, 0, 1, 1, 0],
    [1, 0, 0, 0, 1],
    [-1],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
  ];
  for (const values of cases) seen.add(digest(values));
  seen.add(digest([1], 1));
  expect(seen.size).toBe(cases.length + 1);
  expect(digest([-0, 1])).toBe(digest([0, 1]));
  const odd = new Uint32Array([0xffff_ffff, 0x3f80_0000]);
  const sum = new Uint32Array(4);
  simd.digestBlocks(odd, 0, true, sum);
  expect(sum.join()).toBe(digest([Number.NaN, 1]));
});

test('no two of many masks with few ones have the same digest', () => {
  const seen = new Set<string>();
  const values = new Float32Array(64);
  for (let i = 0; i < 64; i++) {
    for (let j = i + 1; j < 64; j++) {
      for (let k = j + 1; k < 64; k += 7) {
        values.fill(0);
        values[i] = values[j] = values[k] = 1;
        const sum = new Uint32Array(4);
        simd.digestBlocks(new Uint32Array(values.buffer), 0, true, sum);
        seen.add(sum.join());
      }
    }
  }
  let expected = 0;
  for (let i = 0; i < 64; i++) for (let j = i + 1; j < 64; j++) for (let k = j + 1; k < 64; k += 7) expected++;
  expect(seen.size).toBe(expected);
});
