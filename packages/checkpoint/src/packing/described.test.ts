import { memorySource } from '@espalier/tensor';
import { readAll, safetensorsBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../open.js';

type Stored = Parameters<typeof safetensorsBytes>[0][number];

const tensor = (name: string, dtype: string, shape: number[], bytes: readonly number[] | Uint8Array): Stored => ({
  name,
  dtype,
  shape,
  bytes: Uint8Array.from(bytes),
});
const floats = (name: string, shape: number[], values: readonly number[]): Stored =>
  tensor(name, 'F32', shape, new Uint8Array(Float32Array.from(values).buffer));

async function open(tensors: readonly Stored[], description: unknown) {
  const text = typeof description === 'string' ? description : JSON.stringify(description);
  const opened = await openCheckpoint(
    memorySource(
      'x.safetensors',
      safetensorsBytes(tensors, { __metadata__: { 'quant.version': '1', 'quant.l.weight': text } }),
    ),
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

const how = { scheme: 'int4-sym', bits: 4, granularity: 'channel', axis: 0, shape: [2, 3], rounding: 'rne-f64' };
const codes = tensor('l.weight.qweight', 'U8', [2, 2], [0x19, 0x0f, 0x87, 0x01]);
const scales = floats('l.weight.scales', [2], [0.5, 2]);

test('codes lie as the specification of the quantization engine says: low nibble first, rows begin at a byte, 8 stands for 0', async () => {
  const { tensors, findings } = await open([codes, scales], how);
  expect(findings).toEqual([]);
  expect(tensors.map(({ name, storage, shape, bytes }) => [name, storage, shape, bytes])).toEqual([
    ['l.weight', 'int4-sym', [2, 3], 12],
  ]);
  expect([...(await readAll(tensors[0]!))]).toEqual([0.5, -3.5, 3.5, -2, 0, -14]);
});

describe('parts that do not fit together stay as they are, with a finding', () => {
  test.each<[string, Stored[], object, RegExp]>([
    ['no scales', [codes], how, /l\.weight\.scales is missing/],
    ['scales of another number', [codes, floats('l.weight.scales', [3], [1, 1, 1])], how, /another number of scales/],
    ['codes of another shape', [codes, scales], { ...how, shape: [2, 5] }, /qweight has another shape/],
    ['an axis that is not there', [codes, scales], { ...how, axis: 2 }, /another number of scales/],
    ['more elements than numbers can count', [codes, scales], { ...how, shape: [2 ** 40, 2 ** 40] }, /qweight/],
    [
      'zero points of another number',
      [codes, scales, tensor('l.weight.zeros', 'U8', [1], [7])],
      how,
      /zeros has another/,
    ],
    ['groups of another number', [codes, scales], { ...how, granularity: 'group', groupSize: 1 }, /scales/],
  ])('%s', async (_, stored, description, message) => {
    const { tensors, findings } = await open(stored, description);
    expect(tensors.map(({ name }) => name)).toEqual(stored.map(({ name }) => name));
    expect(findings).toMatchObject([
      { code: 'checkpoint/packing', severity: 'warning', message: expect.stringMatching(message) },
    ]);
  });

  test.each([
    'no JSON',
    '[]',
    'null',
    { ...how, bits: 9 },
    { ...how, bits: 0.5 },
    { ...how, shape: [-1] },
    { ...how, shape: '2,3' },
    { ...how, granularity: 'row' },
    { ...how, groupSize: Number.NaN, axis: 'x' },
  ])('a description that makes no sense is none: %j', async (description) => {
    const { tensors } = await open([codes, scales], description);
    expect(tensors.map(({ name }) => name)).toEqual(['l.weight.qweight', 'l.weight.scales']);
  });
});

test('whatever metadata and parts say, the file opens, and what was put together can be read', () => {
  const arbLength = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(2 ** 31, 2 ** 53, -1));
  const arbPart = fc
    .record({
      end: fc.constantFrom('qweight', 'scales', 'zeros'),
      dtype: fc.constantFrom('U8', 'I8', 'F32', 'F16', 'I64', 'BOOL'),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    })
    .map(({ end, dtype, shape }) => {
      const width = { U8: 1, I8: 1, BOOL: 1, F16: 2, F32: 4, I64: 8 }[dtype]!;
      const bytes = new Uint8Array(width * shape.reduce((a, b) => a * b, 1)).map((_, i) => 37 * i);
      return tensor(`l.weight.${end}`, dtype, shape, bytes);
    });
  const arbHow = fc.record(
    {
      scheme: fc.constantFrom('int4-sym', 'int8-asym', 'binary', ''),
      bits: fc.integer({ min: 0, max: 9 }),
      granularity: fc.constantFrom('tensor', 'channel', 'group', 'none'),
      axis: arbLength,
      groupSize: arbLength,
      shape: fc.oneof(
        fc.array(arbLength, { maxLength: 3 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      ),
    },
    { requiredKeys: ['scheme', 'bits', 'shape'] },
  );
  return fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(arbPart, { selector: ({ name }) => name, maxLength: 3 }),
      arbHow,
      async (parts, description) => {
        const { tensors } = await open(parts, description);
        for (const entry of tensors) {
          if (entry.data.kind === 'none') continue;
          expect(await readAll(entry)).toHaveLength(entry.elements);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
