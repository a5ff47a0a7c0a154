import { idleWork, seeded } from '@espalier/base';
import { type Affine, readValues, type TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { BITS, type Dtype, type Values } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TensorStats } from '../facts.js';
import { float32Entry, headOf, rawEntry } from '../testing/entries.js';
import { type Reference, referenceOf, structureReference } from '../testing/reference.js';
import { answerQuestion } from './answer.js';
import { OrderScan } from './orderScan.js';
import type { FirstAnswer, FirstQuestion, RefineAnswer, ScanAnswer } from './question.js';
import { beginScan } from './scan.js';
import { tensorStats } from './tensorStats.js';

async function statsOf(entry: TensorEntry, head = headOf(entry), options = {}): Promise<TensorStats> {
  const result = await tensorStats(entry, head, options, idleWork());
  if (!result.ok) throw new Error(result.fault.message);
  return result.value;
}

/** The same in several parts, as workers would do it. */
async function inParts(entry: TensorEntry, head: TensorHead, parts: number): Promise<TensorStats> {
  const scan = beginScan(entry, head);
  while (scan.question !== null) {
    const answers: ScanAnswer[] = [];
    for (const ranges of scan.ranges(parts).reverse()) {
      const answer = await answerQuestion(entry, head, structuredClone(scan.question), ranges, idleWork());
      answers.push(structuredClone(answer));
    }
    scan.take(answers);
  }
  return scan.finish();
}

function check(stats: TensorStats, expected: Reference, precision: number): void {
  const { mean, std, histogram, absmin, absMedian, abs99, keptStd, ...exact } = expected;
  expect(stats).toMatchObject(exact);
  expect(stats.histogram?.counts ?? null).toEqual(histogram);
  expect({ absmin: stats.kept.absmin, absMedian: stats.kept.absMedian, abs99: stats.kept.abs99 }).toEqual({
    absmin,
    absMedian,
    abs99,
  });
  const close = (a: number | null, b: number | null): void => {
    if (a === null || b === null) return void expect(a).toBe(b);
    expect(Math.abs(a - b)).toBeLessThanOrEqual(precision * (expected.absmax ?? 0) + 1e-300);
  };
  close(stats.mean, mean);
  close(stats.std, std);
  close(stats.kept.std, keptStd);
}

const DTYPES: readonly Dtype[] = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'F8_E4M3',
  'F8_E5M2',
  'F8_E4M3FNUZ',
  'F8_E8M0',
  'F6_E2M3',
  'F4',
  'I64',
  'I32',
  'I16',
  'I8',
  'I4',
  'U64',
  'U32',
  'U16',
  'U8',
  'U4',
  'BOOL',
];

/** Bytes of a tensor: random bits are hard on every float type, small numbers and zeros are what weights look like. */
function randomBytes(dtype: Dtype, elements: number, seed: number, zeros: number): Uint8Array {
  const rng = seeded(seed);
  const bytes = new Uint8Array(Math.ceil((elements * BITS[dtype]) / 8));
  if (dtype === 'F32' && seed % 3 !== 0) {
    const values = new Float32Array(bytes.buffer);
    const [scale, offset] = [10 ** (rng.below(12) - 6), seed % 5 === 0 ? 3 : 0];
    for (let i = 0; i < elements; i++)
      values[i] = rng.next() < zeros ? (rng.below(2) ? 0 : -0) : (rng.normal() + offset) * scale;
    if (seed % 7 === 0)
      for (let i = 0; i < 3; i++)
        values[rng.below(elements)] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][i]!;
    if (seed % 11 === 0) for (let i = 0; i < 5; i++) values[rng.below(elements)] = scale * 1e-9;
    return bytes;
  }
  for (let i = 0; i < bytes.length; i++) bytes[i] = rng.next() < zeros ? 0 : rng.below(256);
  if (dtype === 'F64') {
    // Squares of the largest and smallest doubles overflow, here and elsewhere: exponents stay near 0.
    for (let i = 7; i < bytes.length; i += 8) {
      bytes[i] = (bytes[i]! & 0x80) | (rng.below(2) ? 0x3f : 0x40);
      if (rng.next() < zeros) bytes.fill(0, i - 7, i + 1);
    }
  }
  return bytes;
}

const arbTensor = fc
  .record({
    dtype: fc.oneof(fc.constantFrom(...DTYPES), fc.constant<Dtype>('F32')),
    lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    last: fc.integer({ min: 1, max: 40 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
    zeros: fc.constantFrom(0, 0.5, 0.95, 1),
    before: fc.integer({ min: 0, max: 9 }),
    axes: fc.nat(),
  })
  .map(({ dtype, lengths, last, seed, zeros, before, axes }) => {
    const shape = [...lengths, last];
    const elements = shape.reduce((product, length) => product * length, 1);
    const entry = rawEntry(dtype, shape, randomBytes(dtype, elements, seed, zeros), { before });
    return { entry, head: headOf(entry, axesOf(shape.length, axes)), seed };
  });

/** Output and input axes of some convention, or of none. */
function axesOf(rank: number, choice: number): Partial<TensorHead['axes']> {
  if (rank < 2) return {};
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const output = choice % 4 === 0 && rank > 2 ? [rank - 2, rank - 1] : [all[choice % rank]!];
  const input = all.filter((axis) => !output.includes(axis)).slice(0, choice % 3 === 0 ? 0 : 1);
  return { output, input };
}

const isZeroIn = (values: Values) => (i: number) => values[i] === 0;

describe('statistics agree with the slow and obvious way', () => {
  test(
    'for every type, shape and choice of axes',
    () =>
      fc.assert(
        fc.asyncProperty(arbTensor, async ({ entry, head }) => {
          const values = await readValues(entry);
          const stats = await statsOf(entry, head);
          check(stats, referenceOf(values), 1e-9);
          if (head.axes.output.length === 0) return;
          const expected = structureReference(head, isZeroIn(values));
          expect(stats.patterns).toEqual(expected.patterns);
          for (const [name, counts] of Object.entries(expected.blocks))
            expect(stats.blocks[name as '4x4']).toMatchObject(counts);
          expect(stats.deadOutputChannels).toBe(expected.deadOutputs!.length);
          expect(stats.deadOutputs).toEqual(expected.deadOutputs!.slice(0, 64));
          expect(stats.deadInputs).toEqual((expected.deadInputs ?? []).slice(0, 64));
          expect(stats.deadInputChannels).toBe(expected.deadInputs?.length ?? null);
        }),
        { numRuns: 200 },
      ),
    60_000,
  );

  test(
    'where the tensor needs further reads, in one part and in several',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom<Dtype>('F32', 'F32', 'F64', 'F16', 'I8', 'I32'),
          fc.integer({ min: 33, max: 200 }),
          fc.integer({ min: 130, max: 260 }),
          fc.integer({ min: 0, max: 1e6 }),
          fc.constantFrom(0, 0.8),
          async (dtype, rows, columns, seed, zeros) => {
            const entry = rawEntry(dtype, [rows, columns], randomBytes(dtype, rows * columns, seed, zeros), {
              before: 3,
            });
            const head = headOf(entry, { output: [seed % 2], input: [1 - (seed % 2)] });
            const values = await readValues(entry);
            const whole = await statsOf(entry, head);
            check(whole, referenceOf(values), 1e-9);
            const parts = await inParts(entry, head, 3);
            const { mean, std, kept, ...exact } = whole;
            expect(parts).toMatchObject(exact);
            if (mean !== null) expect(Math.abs(parts.mean! - mean)).toBeLessThanOrEqual(1e-9 * whole.absmax!);
          },
        ),
        { numRuns: 60 },
      ),
    60_000,
  );
});

test('a larger tensor, over several windows', async () => {
  const rng = seeded(1);
  const values = Float32Array.from({ length: 1_200 * 1_040 }, () => (rng.next() < 0.3 ? 0 : rng.normal() * 0.02));
  const entry = float32Entry([1_200, 1_040], values);
  const head = headOf(entry, { output: [0], input: [1] });
  const stats = await statsOf(entry, head);
  check(stats, referenceOf(values), 1e-9);
  expect(stats.patterns['2:4']![0]!.groups).toBe((1_200 / 4) * 1_040);
  const parts = await inParts(entry, head, 2);
  expect(parts.digest).toBe(stats.digest);
  expect(parts.patterns).toEqual(stats.patterns);
  expect(parts.quantiles).toEqual(stats.quantiles);
}, 30_000);

test.each([12, 16, 18, 20])('%i leading bits lead to the same order', async (leadingBits) => {
  const rng = seeded(leadingBits);
  const values = Float32Array.from({ length: 70_000 }, () =>
    rng.next() < 0.2 ? -0 : rng.normal() * 10 ** (rng.below(3) - 1),
  );
  const entry = float32Entry([70_000], values);
  const mode = { kind: 'float32' } as const;
  const question: FirstQuestion = {
    kind: 'first',
    mode,
    structure: false,
    digest: false,
    precise: true,
    order: { leadingBits },
  };
  const ranges = [{ begin: 0, end: 70_000 }];
  const first = (await answerQuestion(entry, headOf(entry), question, ranges, idleWork())) as FirstAnswer;
  const order = new OrderScan(entry, question, first, 1e-8);
  while (order.question !== null) {
    order.take((await answerQuestion(entry, headOf(entry), order.question, ranges, idleWork())) as RefineAnswer);
  }
  const expected = referenceOf(values);
  const { quantiles, absmin, absMedian, abs99, nearZeros, histogram } = order.facts();
  expect({ quantiles, absmin, absMedian, abs99, nearZeros, histogram: histogram!.counts }).toEqual({
    quantiles: expected.quantiles,
    absmin: expected.absmin,
    absMedian: expected.absMedian,
    abs99: expected.abs99,
    nearZeros: expected.nearZeros,
    histogram: expected.histogram,
  });
});

test('values far from zero that lie close together keep their standard deviation', async () => {
  const rng = seeded(3);
  const values = Float32Array.from({ length: 1_100_000 }, () => 1000 + rng.normal() * 0.01);
  const stats = await statsOf(float32Entry([values.length], values));
  const expected = referenceOf(values);
  expect(Math.abs(stats.std! / expected.std! - 1)).toBeLessThan(1e-9);
}, 30_000);

describe('quantized tensors', () => {
  const q = Uint8Array.from({ length: 600 }, (_, i) => (i * 37) % 11);
  const cases: { what: string; affine: Affine; zeros: number; exact: number }[] = [
    {
      what: 'an integer zero point',
      affine: { form: 'zero-point', scales: Float32Array.of(0.1), zeroPoints: Float64Array.of(4), axis: null },
      zeros: 55,
      exact: 55,
    },
    {
      what: 'a zero point near an integer',
      affine: { form: 'zero-point', scales: Float32Array.of(0.1), zeroPoints: Float64Array.of(4.0004), axis: null },
      zeros: 55,
      exact: 0,
    },
    {
      what: 'a zero point between integers',
      affine: { form: 'zero-point', scales: Float32Array.of(0.1), zeroPoints: Float64Array.of(4.3), axis: null },
      zeros: 0,
      exact: 0,
    },
    { what: 'a minimum', affine: { form: 'minimum', scale: 0.25, minimum: -1 }, zeros: 55, exact: 55 },
    {
      what: 'a minimum that is slightly off',
      affine: { form: 'minimum', scale: 0.1, minimum: -0.40003 },
      zeros: 55,
      exact: 0,
    },
    {
      what: 'one zero point a channel',
      affine: {
        form: 'zero-point',
        scales: Float32Array.of(0.1, 0.2),
        zeroPoints: Float64Array.of(4, 4.0002),
        axis: 0,
      },
      zeros: 55,
      exact: 28,
    },
    { what: 'a scale of 0', affine: { form: 'minimum', scale: 0, minimum: 0 }, zeros: 600, exact: 600 },
  ];
  test.each(cases)('$what', async ({ affine, zeros, exact }) => {
    const entry = rawEntry('U8', [2, 300], q, { affine });
    const head = headOf(entry, { output: [0], input: [1] });
    const stats = await statsOf(entry, head);
    const values = await readValues(entry);
    expect(Math.abs(stats.zeros - zeros)).toBeLessThanOrEqual(1);
    expect(Math.abs(stats.exactZeros - exact)).toBeLessThanOrEqual(1);
    const isZero = (i: number): boolean => zeros > 0 && (zeros === 600 || q[i] === 4);
    // Zeros that are not exactly 0 are left out of the kept values as if they were.
    check(stats, referenceOf(values, isZero), zeros === exact ? 1e-9 : 1e-5);
    expect(stats.patterns).toEqual(structureReference(head, isZero).patterns);
  });
});

test.each([
  ['few tiny', 2 ** -996, 4],
  ['many tiny', 2 ** -996, 500],
  ['few huge', 2 ** 996, 4],
  ['many huge', 2 ** 996, 500],
])('the deviation of %s F64 values neither vanishes nor overflows', async (_, factor, rows) => {
  const rng = seeded(6);
  const values = Float64Array.from({ length: rows * 400 }, () => (rng.next() < 0.5 ? 0 : rng.normal()));
  const of = async (scale: number) => {
    const bytes = new Uint8Array(values.map((value) => value * scale).buffer);
    const entry = rawEntry('F64', [rows, 400], bytes);
    return statsOf(entry, headOf(entry, { output: [0], input: [1] }), {});
  };
  const [plain, scaled] = [await of(1), await of(factor)];
  expect(scaled.std! / factor).toBeCloseTo(plain.std!, 12);
  expect(scaled.kept.std! / factor).toBeCloseTo(plain.kept.std!, 10);
});

describe('a sample', () => {
  const rng = seeded(9);
  const values = Float32Array.from({ length: 2_000_000 }, () => (rng.next() < 0.7 ? 0 : rng.normal()));
  const entry = float32Entry([2000, 1000], values);
  const head = headOf(entry, { output: [0], input: [1] });

  test('is near the truth, and says how near', async () => {
    const sampled = await statsOf(entry, head, { sample: { maxBytes: 1_000_000, seed: 4 } });
    if (sampled.obtained.kind !== 'sampled') throw new Error('sampled');
    const { share, error, seed } = sampled.obtained;
    expect(seed).toBe(4);
    expect(share).toBeCloseTo(1_000_000 / 8_000_000, 1);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.01);
    const truth = values.filter((value) => value === 0).length / values.length;
    expect(Math.abs(sampled.zeros / values.length - truth)).toBeLessThan(2 * error);
    expect(sampled.digest).toBeNull();
    expect(sampled.patterns).toEqual({});
    expect(sampled.deadOutputChannels).toBeNull();
  });

  test('of half the blocks misses the interval about once in twenty', async () => {
    let missed = 0;
    const truth = values.filter((value) => value === 0).length / values.length;
    for (let seed = 0; seed < 40; seed++) {
      const { zeros, obtained } = await statsOf(entry, head, { sample: { maxBytes: 2_000_000, seed } });
      if (obtained.kind === 'sampled' && Math.abs(zeros / values.length - truth) > obtained.error) missed++;
    }
    expect(missed).toBeLessThanOrEqual(8);
  }, 30_000);

  test('of zeros alone does not say that all are zero, and owns up to what it may have missed', async () => {
    const values = new Float32Array(4_000_000);
    values[1_234_567] = 1;
    const entry = float32Entry([2000, 2000], values);
    const head = headOf(entry, { output: [0], input: [1] });
    const { zeros, obtained } = await statsOf(entry, head, { sample: { maxBytes: 500_000, seed: 3 } });
    if (obtained.kind !== 'sampled') throw new Error('sampled');
    expect(zeros).toBe(values.length - 1);
    expect(obtained.error).toBeGreaterThan(0.02);
  });

  test('the same seed gives the same sample, and a small tensor is read whole', async () => {
    const options = { sample: { maxBytes: 500_000, seed: 11 } };
    expect(await statsOf(entry, head, options)).toEqual(await statsOf(entry, head, options));
    const small = float32Entry([100], values.subarray(0, 100));
    expect((await statsOf(small, headOf(small), options)).obtained).toEqual({ kind: 'exact' });
  });
});

test('a cancel stops the scan', async () => {
  const controller = new AbortController();
  const entry = float32Entry([3_000_000], new Float32Array(3_000_000).fill(1));
  if (entry.data.kind !== 'raw') throw new Error('raw');
  const source = entry.data.source;
  let reads = 0;
  const watched: TensorEntry = {
    ...entry,
    data: {
      ...entry.data,
      source: {
        ...source,
        readInto: async (target, begin, signal) => {
          if (++reads === 2) controller.abort(new Error('stopped'));
          await source.readInto(target, begin, signal);
        },
      },
    },
  };
  await expect(tensorStats(watched, headOf(entry), {}, idleWork(controller.signal))).rejects.toThrow('stopped');
  expect(reads).toBe(2);
});

test('a file that ends early is a fault', async () => {
  const entry = float32Entry([100], new Float32Array(100));
  if (entry.data.kind !== 'raw') throw new Error('raw');
  const result = await tensorStats({ ...entry, data: { ...entry.data, begin: 8 } }, headOf(entry), {}, idleWork());
  expect(result).toMatchObject({ ok: false, fault: { code: 'checkpoint/truncated', expected: 408, found: 400 } });
});

test('tensors without numbers', async () => {
  const empty = float32Entry([0, 4], []);
  expect(await statsOf(empty, headOf(empty))).toMatchObject({
    zeros: 0,
    min: null,
    quantiles: null,
    histogram: null,
    digest: null,
  });
  const text: TensorEntry = { ...empty, dtype: 'STRING', elements: 3, shape: [3], data: { kind: 'none', why: 'text' } };
  expect(await tensorStats(text, headOf(text), {}, idleWork())).toMatchObject({
    ok: false,
    fault: { code: 'tensor/no-values' },
  });
  const nothing = float32Entry([3], [Number.NaN, Number.NaN, Number.POSITIVE_INFINITY]);
  expect(await statsOf(nothing)).toMatchObject({
    nan: 2,
    inf: 1,
    min: null,
    mean: null,
    std: null,
    firstNonFinite: 0,
    quantiles: null,
  });
});
