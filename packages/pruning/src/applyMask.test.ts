import { seeded } from '@espalier/base';
import { type Affine, readValues } from '@espalier/checkpoint';
import type { Dtype } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { applyMask, maskedOutput, whyNotMaskable } from './applyMask.js';
import { isKept, type Mask } from './mask.js';
import { maskedEntry } from './maskedEntry.js';
import { answerOf, bitsOf, layerOf, work } from './testing/layers.js';

async function joined(windows: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const window of windows) parts.push(window.slice());
  return new Uint8Array(Buffer.concat(parts));
}

const bytesOf = (count: number, seed: number): Uint8Array => {
  const rng = seeded(seed);
  return Uint8Array.from({ length: count }, () => rng.below(256));
};

const zeroPoint = (scales: number[], zeroPoints: number[], axis: number | null): Affine => ({
  form: 'zero-point',
  scales: Float32Array.from(scales),
  zeroPoints: Float64Array.from(zeroPoints),
  axis,
});

describe('quantized tensors get their zero point', () => {
  test.each<[string, Dtype, Affine, (row: number) => number]>([
    ['one zero point', 'U8', zeroPoint([0.5], [131], null), () => 131],
    ['a signed one', 'I8', zeroPoint([0.25], [-7], null), () => 249],
    ['one a channel', 'I8', zeroPoint([1, 0.5, 2, 0.25], [-3, 0, 5, 100], 0), (row) => [253, 0, 5, 100][row]!],
    ['a minimum', 'U8', { form: 'minimum', scale: 0.5, minimum: -20 }, () => 40],
  ])('%s', async (_, dtype, affine, pattern) => {
    const layer = layerOf({ shape: [4, 40], dtype, bytes: bytesOf(160, 3), affine });
    const before = await readValues(layer.entry);
    for (const [name, options] of [
      ['magnitude', { sparsity: 0.5 }],
      ['random', { sparsity: 0.5, ratio: 'uniform' }],
    ] as const) {
      const mask = (await answerOf(name, [layer], options)).masks.get('layer.weight') as Mask;
      const [bits] = await bitsOf(name, [layer], options);
      const after = await joined(applyMask(layer, mask, work));
      const stored = layer.entry.data.kind === 'raw' ? await layer.entry.data.source.read(8, 160) : new Uint8Array();
      for (let i = 0; i < 160; i++) expect(after[i]).toBe(isKept(bits!, i) ? stored[i] : pattern(Math.floor(i / 40)));
      // Both for a container that keeps the scales and for one that does not.
      const output = maskedOutput(layer, mask);
      expect(output.dtype).toBe('F32');
      expect(await joined(output.stored!.windows(work))).toEqual(after);
      const logical = new Float32Array((await joined(output.windows(work))).buffer);
      const masked = {
        ...layer.entry,
        data: { ...layer.entry.data, source: source(after), begin: 0 },
      } as typeof layer.entry;
      expect([...logical]).toEqual([...(await readValues(masked))]);
      expect([...logical]).toEqual([...before.map((value, i) => (isKept(bits!, i) ? value : 0))]);
    }
  });
});

const source = (bytes: Uint8Array) => {
  const { data } = layerOf({ shape: [bytes.length], dtype: 'U8', bytes }).entry;
  if (data.kind !== 'raw') throw new Error();
  return {
    ...data.source,
    read: (begin: number, length: number) => data.source.read(begin + 8, length),
    readInto: (target: Uint8Array, begin: number) => data.source.readInto(target, begin + 8),
  };
};

describe('every pattern of a narrow type, by threshold', () => {
  test.each<[Dtype, number]>([
    ['F16', 2],
    ['BF16', 2],
    ['F8_E4M3', 1],
    ['F8_E5M2', 1],
  ])('%s', async (dtype, width) => {
    const bytes =
      width === 2
        ? new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, i) => (i * 40_503) % 65_536).buffer)
        : bytesOf(256 * 8, 1);
    const elements = bytes.length / width;
    const layer = layerOf({ shape: [elements / 8, 8], dtype, bytes });
    const values = await readValues(layer.entry);
    const { masks } = await answerOf('magnitude', [layer], { sparsity: 0.55 });
    const mask = masks.get('layer.weight')!;
    const after = await joined(applyMask(layer, mask, work));
    const [bits] = await bitsOf('magnitude', [layer], { sparsity: 0.55 });
    const zero = new Array(width).fill(0);
    let wrong = 0;
    for (let i = 0; i < elements; i++) {
      const own = [...bytes.subarray(i * width, (i + 1) * width)];
      const expected = isKept(bits!, i) ? own : zero;
      if (expected.join() !== [...after.subarray(i * width, (i + 1) * width)].join()) wrong++;
      if (Number.isNaN(values[i]!) && !isKept(bits!, i)) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

test('many windows: bits and thresholds go on from one to the next, and a window lives until the next but one', async () => {
  const rng = seeded(6);
  const values = Float32Array.from({ length: 700_000 }, () => Math.round(rng.normal() * 4) / 4);
  const layer = layerOf({ shape: [700, 1000], values });
  for (const [name, options] of [
    ['magnitude', { sparsity: 0.5 }],
    ['random', { sparsity: 0.5, ratio: 'uniform' }],
  ] as const) {
    const mask = (await answerOf(name, [layer], options)).masks.get('layer.weight')!;
    const [bits] = await bitsOf(name, [layer], options);
    const expected = values.map((value, i) => (isKept(bits!, i) ? value : 0));
    const all: Uint8Array[] = [];
    let pending: Uint8Array | null = null;
    let count = 0;
    for await (const window of applyMask(layer, mask, work)) {
      if (pending !== null) all.push(pending.slice());
      pending = window;
      count++;
    }
    all.push(pending!.slice());
    expect(count).toBeGreaterThan(2);
    const bytes = Buffer.concat(all);
    expect(Buffer.compare(bytes, Buffer.from(expected.buffer))).toBe(0);
    // Readers of any range, also from the middle backwards.
    const entry = maskedEntry(layer, mask);
    for (const [begin, length] of [
      [650_001, 1000],
      [3, 99_999],
      [300_000, 5],
      [0, 700_000],
    ] as const)
      expect(
        Buffer.compare(
          Buffer.from((await readValues(entry, begin, length)).buffer),
          Buffer.from(expected.slice(begin, begin + length).buffer),
        ),
      ).toBe(0);
  }
});

test('a stop is noticed between windows', async () => {
  const controller = new AbortController();
  const layer = layerOf({ shape: [700, 1000] });
  const mask = (await answerOf('magnitude', [layer], { sparsity: 0.5 })).masks.get('layer.weight')!;
  const windows = applyMask(layer, mask, { signal: controller.signal, progress: () => {} });
  await windows.next();
  controller.abort();
  await expect(windows.next()).rejects.toThrow();
});

test.each<[Parameters<typeof layerOf>[0], string | null]>([
  [{ shape: [2, 2] }, null],
  [
    { shape: [2, 2], dtype: 'I8', bytes: bytesOf(4, 1) },
    'I8 numbers without a scale: which one means zero is not known',
  ],
  [{ shape: [2, 2], dtype: 'I8', bytes: bytesOf(4, 1), affine: zeroPoint([1], [0], null) }, null],
  [
    { shape: [2, 2], dtype: 'U8', bytes: bytesOf(4, 1), affine: zeroPoint([1], [0.5], null) },
    'its quantization has no zero: the zero point is 0.5',
  ],
  [
    { shape: [2, 2], dtype: 'U8', bytes: bytesOf(4, 1), affine: zeroPoint([1], [300], null) },
    'its quantization has no zero: the zero point is 300',
  ],
  [{ shape: [2, 2], dtype: 'BOOL', bytes: bytesOf(4, 1) }, 'values of type BOOL are not written one by one'],
  [{ shape: [2, 2], dtype: 'C64', bytes: bytesOf(32, 1) }, 'values of type C64 are not written one by one'],
])('%j can be masked, or says why not', (spec, why) => expect(whyNotMaskable(layerOf(spec).entry)).toBe(why));
