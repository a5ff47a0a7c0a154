import { idleWork, seeded } from '@espalier/base';
import { openCheckpoint, readValues, type TensorEntry, writerFor } from '@espalier/checkpoint';
import { memorySource } from '@espalier/tensor';
import { safetensorsBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignSchemes } from './assign.js';
import type { Granularity } from './cells.js';
import { CLIPS, type ClipMethod, clipValue } from './clip.js';
import { dequantizedEntry } from './dequantized.js';
import { packRows, unpackRows } from './pack.js';
import { packedOutputs } from './packedOutputs.js';
import { quantizeLayer } from './quantizeLayer.js';
import { decode, type Quantizer } from './quantizer.js';
import { type QuantizeOptions, quantizeTensor } from './quantizeTensor.js';
import { largestCode, SCHEMES } from './scheme.js';
import { tensor } from './testing/tensor.js';

const CODED = [...SCHEMES.values()].filter(
  (scheme): scheme is Quantizer['scheme'] => scheme.kind === 'uniform' || scheme.kind === 'binary',
);

const arbShape = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 40 })),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 70 })),
  fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.constant(3), fc.constant(3)),
);

const granularitiesOf = (shape: readonly number[]): Granularity[] => [
  { kind: 'tensor' },
  ...(shape.length < 2
    ? []
    : [
        ...shape.map((_, axis): Granularity => ({ kind: 'channel', axis })),
        ...[1, 5, 32].map(
          (size): Granularity => ({ kind: 'group', size, columns: shape.slice(1).reduce((a, b) => a * b, 1) }),
        ),
      ]),
];

async function entryOf(values: Float32Array, shape: readonly number[]): Promise<TensorEntry> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const opened = await openCheckpoint(
    memorySource('x.safetensors', safetensorsBytes([{ name: 'layer.weight', dtype: 'F32', shape: [...shape], bytes }])),
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value.tensors[0]!;
}

/** One file in memory. */
async function written(
  content: Parameters<NonNullable<ReturnType<typeof writerFor>>['write']>[2],
): Promise<Uint8Array> {
  const parts: number[] = [];
  const sink = {
    get position() {
      return parts.length;
    },
    async write(bytes: Uint8Array) {
      for (const byte of bytes) parts.push(byte);
    },
    async patch(begin: number, bytes: Uint8Array) {
      bytes.forEach((byte, i) => {
        parts[begin + i] = byte;
      });
    },
  };
  const folder = {
    create: async () => ({ ok: true as const, value: sink }),
    commit: async () => ({ ok: true as const, value: [] }),
    discard: async () => {},
  };
  await writerFor('x.safetensors', null)!.write(folder, 'x.safetensors', content, idleWork());
  return Uint8Array.from(parts);
}

describe('what is written', () => {
  test('reads as one tensor again, every value as it was in memory, whatever the scheme, granularity and shape', () =>
    fc.assert(
      fc.asyncProperty(
        arbShape,
        fc.constantFrom(...CODED),
        fc.nat(),
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.constantFrom('F32', 'F16'),
        async (shape, scheme, pick, seed, scaleType) => {
          const choices = granularitiesOf(shape);
          const granularity = choices[pick % choices.length]!;
          const values = tensor(
            seed,
            shape.reduce((a, b) => a * b, 1),
          );
          const entry = await entryOf(values, shape);
          const found = await quantizeLayer(
            entry,
            { scheme, granularity, clip: 'max', percentile: 100, scaleType },
            idleWork(),
          );
          if (!found.ok) throw new Error(found.fault.message);
          const packed = packedOutputs(entry, found.value.quantizer);
          const input = { files: [] } as never;
          const metadata = { 'quant.version': '1', 'quant.layer.weight': packed.description };
          const bytes = await written({ tensors: packed.tensors, metadata, input });
          const again = await openCheckpoint(memorySource('x.safetensors', bytes));
          if (!again.ok) throw new Error(again.fault.message);
          expect(again.value.findings).toEqual([]);
          expect(again.value.tensors.map(({ name, shape: found, storage }) => [name, found, storage])).toEqual([
            ['layer.weight', shape, scheme.name],
          ]);
          if (entry.elements === 0) return;
          const memory = dequantizedEntry(entry, found.value.quantizer, 0);
          const expected = [...(await readValues(memory))].map((value) => value + 0);
          expect([...(await readValues(again.value.tensors[0]!))].map((value) => value + 0)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    ));

  test('packing and unpacking is the identity', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8),
        fc.nat(6),
        fc.nat(20),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (bits, rows, columns, seed) => {
          const rng = seeded(seed);
          const codes = Uint8Array.from({ length: rows * columns }, () => rng.below(2 ** bits));
          expect(unpackRows(packRows(codes, columns, bits), rows, columns, bits)).toEqual(codes);
        },
      ),
    ));
});

describe('laws', () => {
  const arbValues = fc
    .record({
      seed: fc.integer({ min: 1, max: 2 ** 31 }),
      rows: fc.integer({ min: 1, max: 6 }),
      columns: fc.integer({ min: 1, max: 40 }),
    })
    .map(({ seed, rows, columns }) => ({ values: tensor(seed, rows * columns), shape: [rows, columns] }));
  const quantized = (values: Float32Array, shape: number[], scheme: string, more: Partial<QuantizeOptions> = {}) =>
    quantizeTensor(values, shape, {
      scheme: SCHEMES.get(scheme) as Quantizer['scheme'],
      granularity: { kind: 'tensor' },
      clip: 'max',
      percentile: 100,
      ...more,
    });

  test('errors inside the clip are at most half a step, and asymmetric zeros are exact', () =>
    fc.assert(
      fc.property(arbValues, fc.constantFrom(2, 3, 4, 6, 8), ({ values, shape }, bits) => {
        const zeroed = values.map((value, i) => (i % 5 === 0 ? 0 : value));
        for (const name of [`int${bits}-sym`, `int${bits}-asym`]) {
          const found = quantized(zeroed, shape, name);
          const back = new Float64Array(zeroed.length);
          decode(found, found.codes, 0, back);
          const half = (found.scales[0]! / 2) * (1 + 1e-6);
          zeroed.forEach((value, i) => {
            if (value === 0) expect(back[i]! + 0).toBe(0);
            else expect(Math.abs(value - back[i]!)).toBeLessThanOrEqual(half);
          });
          expect(found.error.clippedShare).toBe(0);
        }
      }),
      { numRuns: 1000 },
    ));

  test('finer granularity never makes signs worse, and α cannot be bettered', () =>
    fc.assert(
      fc.property(arbValues, ({ values, shape }) => {
        const whole = quantized(values, shape, 'binary').error.mse;
        const rows = quantized(values, shape, 'binary', { granularity: { kind: 'channel', axis: 0 } });
        expect(rows.error.mse).toBeLessThanOrEqual(whole * (1 + 1e-9) + 1e-15);
        const errorWith = (factor: number): number =>
          values.reduce(
            (sum, x, i) => sum + (x - rows.codes[i]! * rows.scales[Math.floor(i / shape[1]!)]! * factor) ** 2,
            0,
          );
        const own = errorWith(1);
        expect(errorWith(1.01)).toBeGreaterThanOrEqual(own * (1 - 1e-6));
        expect(errorWith(0.99)).toBeGreaterThanOrEqual(own * (1 - 1e-6));
      }),
      { numRuns: 1000 },
    ));

  test('the search by squared error is never worse than the maximum, and every clip lies within', () =>
    fc.assert(
      fc.property(arbValues, fc.constantFrom(3, 4, 8), ({ values }, bits) => {
        const max = clipValue(values, 'max', bits, 100);
        const errorOf = (clip: number): number => {
          const scale = Math.fround(clip / largestCode(bits)) || 1;
          return values.reduce((sum, x) => {
            const code = Math.max(-largestCode(bits), Math.min(largestCode(bits), Math.round(x / scale)));
            return sum + (x - scale * code) ** 2;
          }, 0);
        };
        expect(errorOf(clipValue(values, 'mse', bits, 100))).toBeLessThanOrEqual(errorOf(max) * (1 + 1e-9));
        for (const method of CLIPS as readonly ClipMethod[])
          expect(clipValue(values, method, bits, 90)).toBeLessThanOrEqual(max * (1 + 1e-12));
      }),
      { numRuns: 200 },
    ));
});

describe('odd tensors', () => {
  const options = (scheme: string): QuantizeOptions => ({
    scheme: SCHEMES.get(scheme) as Quantizer['scheme'],
    granularity: { kind: 'tensor' },
    clip: 'max',
    percentile: 100,
  });

  test('NaN and infinity are refused by name, count and place', async () => {
    const entry = await entryOf(Float32Array.of(1, Number.NaN, 2, Number.POSITIVE_INFINITY), [4]);
    expect(await quantizeLayer(entry, options('int8-sym'), idleWork())).toMatchObject({
      ok: false,
      fault: { code: 'quantize/non-finite', message: expect.stringMatching(/^layer\.weight has 2 .* element 1:/) },
    });
  });

  test('zeros, constants and subnormal numbers have a scale', async () => {
    const zero = quantizeTensor(new Float32Array(4), [4], options('int8-sym'));
    expect([zero.scales[0], [...zero.codes], zero.error.sqnrDb]).toEqual([1, [0, 0, 0, 0], null]);
    const constant = quantizeTensor(new Float32Array(4).fill(-3), [4], options('int4-sym'));
    expect([[...constant.codes], constant.error.sqnrDb! > 100]).toEqual([[-7, -7, -7, -7], true]);
    expect(quantizeTensor(Float32Array.of(1e-45, 0), [2], options('int8-sym')).scales[0]).toBe(1);
    const ones = quantizeTensor(Float32Array.of(127, -127), [2], options('int8-sym'));
    expect(ones.error.sqnrDb).toBe(Number.POSITIVE_INFINITY);
  });

  test('rules decide before the default, also for tensors that the default leaves alone', () => {
    const head = (name: string, shape: number[]) =>
      ({
        name,
        shape,
        elements: shape.reduce((a, b) => a * b, 1),
        axes: { output: [0], input: [1], kernel: [], groups: 1 },
      }) as never;
    const heads = [head('head.weight', [4, 8]), head('mlp.weight', [4, 8]), head('mlp.bias', [4])];
    const { how, idle } = assignSchemes(heads, new Set(['mlp.weight']), {
      default: { scheme: 'int4-sym', granularity: 'group', groupSize: 4 },
      rules: [
        { match: 'head.*', scheme: 'keep' },
        { match: '*.bias', scheme: 'fp16' },
        { match: 'nothing.*', scheme: 'keep' },
      ],
    });
    expect([...how].map(([name, { scheme, granularity }]) => [name, scheme.name, granularity.kind])).toEqual([
      ['head.weight', 'keep', 'group'],
      ['mlp.weight', 'int4-sym', 'group'],
      ['mlp.bias', 'fp16', 'tensor'],
    ]);
    expect(idle).toEqual(['nothing.*']);
  });
});
