import { idleWork, parseOptions, seeded } from '@espalier/base';
import { openCheckpoint, readValues } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { byteLength, memorySource } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedOutput } from './applyMask.js';
import { chooseLayers, NO_RULES } from './chooseLayers.js';
import type { PrunableLayer } from './layer.js';
import { type BitMask, isKept, type Mask } from './mask.js';
import { maskBits } from './maskBits.js';
import { maskedEntry } from './maskedEntry.js';
import { methods } from './methods.js';
import { roundHalfEven } from './roundHalfEven.js';

const work = idleWork();

interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: 'F32' | 'F16' | 'BF16' | 'F64';
}

/** Layers of a safetensors file in memory. */
async function layersOf(tensors: Readonly<Record<string, Tensor>>): Promise<PrunableLayer[]> {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values, dtype = 'F32' }] of Object.entries(tensors)) {
    const length = byteLength(dtype, values.length);
    header[name] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
  }
  const json = JSON.stringify(header);
  const text = json.padEnd(Math.ceil(json.length / 8) * 8);
  const bytes = new Uint8Array(8 + text.length + at);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  bytes.set(new TextEncoder().encode(text), 8);
  let to = 8 + text.length;
  const single = new Float32Array(1);
  const word = new Uint32Array(single.buffer);
  for (const { values, dtype = 'F32' } of Object.values(tensors)) {
    for (const value of values) {
      if (dtype === 'F64') view.setFloat64(to, value, true);
      else if (dtype === 'F32') view.setFloat32(to, value, true);
      else {
        single[0] = value;
        // Values of the tests are exact in the narrow types.
        view.setUint16(to, dtype === 'BF16' ? word[0]! >>> 16 : halfBits(value), true);
      }
      to += byteLength(dtype, 1);
    }
  }
  const opened = await openCheckpoint(memorySource('m.safetensors', bytes));
  if (!opened.ok) throw new Error(opened.fault.message);
  const heads = toHeads(opened.value);
  return opened.value.tensors.map((entry, i) => ({ head: heads[i]!, entry }));
}

/** Bits of small whole numbers as IEEE half. */
function halfBits(value: number): number {
  if (value === 0) return Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const mantissa = Math.abs(value) / 2 ** exponent - 1;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round(mantissa * 1024);
}

async function masksOf(
  name: string,
  layers: readonly PrunableLayer[],
  given: unknown = {},
  files: Record<string, PrunableLayer[]> = {},
) {
  const method = methods.find(({ description }) => description.name === name)!;
  const { options, problems } = parseOptions(method.description, given);
  if (problems.length > 0) throw new Error(problems[0]!.message);
  return method.masks(layers, options, {
    work,
    open: async (path) =>
      files[path] === undefined
        ? { ok: false, fault: { code: 'path/not-found', message: 'The file does not exist.', file: path } }
        : { ok: true, value: files[path] },
  });
}

async function keptOf(
  name: string,
  layers: readonly PrunableLayer[],
  given: unknown = {},
): Promise<Map<string, BitMask>> {
  const answer = await masksOf(name, layers, given);
  if (!answer.ok) throw new Error(answer.fault.message);
  const all = new Map<string, BitMask>();
  for (const layer of layers) {
    const mask = answer.value.masks.get(layer.head.name);
    if (mask !== undefined) all.set(layer.head.name, await maskBits(layer, mask, work));
  }
  return all;
}

const random = (count: number, seed: number): number[] => {
  const rng = seeded(seed);
  return Array.from({ length: count }, () => Math.round(rng.normal() * 64) / 64);
};

const weight = (rows: number, columns: number, seed: number): Tensor => ({
  shape: [rows, columns],
  values: random(rows * columns, seed),
});

describe('magnitude', () => {
  test('exactly so many weights go, the smallest of all layers together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.constantFrom('F32', 'F16', 'BF16', 'F64'),
        fc.nat(),
        async (shapes, sparsity, dtype, seed) => {
          const tensors = Object.fromEntries(
            shapes.map(([rows, columns], i) => [
              `fc${i}.weight`,
              { ...weight(rows, columns, seed + i), dtype } as Tensor,
            ]),
          );
          const layers = await layersOf(tensors);
          const masks = await keptOf('magnitude', layers, { sparsity });
          const all = layers.flatMap(({ head }) =>
            tensors[head.name]!.values.map((value, i) => ({
              magnitude: Math.abs(value),
              kept: isKept(masks.get(head.name)!, i),
            })),
          );
          const gone = all.filter(({ kept }) => !kept);
          expect(gone).toHaveLength(roundHalfEven(sparsity * all.length));
          const largestGone = Math.max(-1, ...gone.map(({ magnitude }) => magnitude));
          expect(all.filter(({ kept }) => kept).every(({ magnitude }) => magnitude >= largestGone)).toBe(true);
          // Of equal ones the first in file order.
          const equal = all.filter(({ magnitude }) => magnitude === largestGone).map(({ kept }) => kept);
          expect(equal).toEqual([...equal].sort());
          for (const mask of masks.values())
            expect(mask.kept).toBe(
              Array.from({ length: mask.elements }, (_, i) => isKept(mask, i)).filter(Boolean).length,
            );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('each layer by itself reaches the same sparsity', async () => {
    const layers = await layersOf({
      'a.weight': weight(10, 10, 1),
      'b.weight': { shape: [10, 10], values: random(100, 2).map((x) => x * 64) },
    });
    const masks = await keptOf('magnitude', layers, { sparsity: 0.73, scope: 'layer' });
    expect([...masks.values()].map(({ kept }) => kept)).toEqual([27, 27]);
  });

  test('NaN never goes; where only NaN is left that is said', async () => {
    const values = [Number.NaN, 1, 2, Number.NaN, 3, 4];
    const layers = await layersOf({ 'a.weight': { shape: [2, 3], values } });
    const mask = (await keptOf('magnitude', layers, { sparsity: 0.6 })).get('a.weight')!;
    expect(values.map((_, i) => isKept(mask, i))).toEqual([true, false, false, true, false, false]);
    expect(await masksOf('magnitude', layers, { sparsity: 0.9 })).toMatchObject({
      fault: {
        code: 'prune/too-many-nan',
        message: '2 of 6 weights are NaN and never pruned: 4 others are left, 5 were to go.',
      },
    });
  });

  test.each([
    [25, 0.1, 2],
    [35, 0.1, 4],
  ])('of %d weights at %d go %d: half to even', async (count, sparsity, gone) => {
    const layers = await layersOf({ 'a.weight': weight(5, count / 5, 3) });
    expect((await keptOf('magnitude', layers, { sparsity })).get('a.weight')!.kept).toBe(count - gone);
  });
});

test.each([
  [
    'ResNet-18 CIFAR',
    11157504,
    [8926003, 7140802, 5712642, 4570114, 3656091, 2924873, 2339898, 1871918, 1497534, 1198027],
  ],
  ['VGG-16-BN', 14710464, [11768371, 9414697, 7531758, 6025406, 4820325, 3856260, 3085008, 2468006, 1974405, 1579524]],
  ['ResNet-20', 267264, [213811, 171049, 136839, 109471, 87577, 70062, 56050, 44840, 35872, 28698]],
  ['a small net', 55296, [44237, 35390, 28312, 22650, 18120, 14496, 11597, 9278, 7422, 5938]],
])('rounds of a fifth each leave of %s what the table says', (_, all, rounds) => {
  let left = all;
  expect(rounds.map(() => (left -= roundHalfEven(0.2 * left)))).toEqual(rounds);
});

describe('random', () => {
  test('the same seed gives the same mask, another one another; counts are exact', async () => {
    const layers = await layersOf({ 'a.weight': weight(20, 30, 1), 'b.weight': weight(40, 10, 2) });
    const bits = async (seed: number) => [
      ...(await keptOf('random', layers, { sparsity: 0.8, ratio: 'uniform', seed })).values(),
    ];
    expect(await bits(7)).toEqual(await bits(7));
    expect(await bits(7)).not.toEqual(await bits(8));
    expect((await bits(7)).map(({ kept }) => kept)).toEqual([120, 80]);
  });

  test('every subset is equally likely', async () => {
    const layers = await layersOf({ 'a.weight': weight(2, 2, 1) });
    const seen = new Map<number, number>();
    for (let seed = 0; seed < 600; seed++) {
      const mask = (await keptOf('random', layers, { sparsity: 0.5, ratio: 'uniform', seed })).get('a.weight')!;
      seen.set(mask.bits[0]!, (seen.get(mask.bits[0]!) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const times of seen.values()) expect(Math.abs(times - 100)).toBeLessThan(50);
  });

  test('by chance of each weight the number is right on average', async () => {
    const layers = await layersOf({ 'a.weight': weight(20, 20, 1) });
    let sum = 0;
    for (let seed = 0; seed < 200; seed++)
      sum += (await keptOf('random', layers, { sparsity: 0.7, ratio: 'uniform', counts: 'bernoulli', seed })).get(
        'a.weight',
      )!.kept;
    expect(Math.abs(sum / 200 - 120)).toBeLessThan(4 * Math.sqrt((400 * 0.3 * 0.7) / 200));
  });
});

test('N:M keeps N of every M along the inputs, and the largest of them', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(),
      async (rows, groups, seed) => {
        const shape = [rows, 4 * groups, 2, 2];
        const values = random(rows * groups * 16, seed);
        const layers = await layersOf({ 'conv.weight': { shape, values } });
        const mask = (await keptOf('n-m', layers)).get('conv.weight')!;
        for (let row = 0; row < rows; row++) {
          for (let group = 0; group < groups; group++) {
            for (let pixel = 0; pixel < 4; pixel++) {
              const at = [0, 1, 2, 3].map((i) => (row * 4 * groups + group * 4 + i) * 4 + pixel);
              const kept = at.filter((i) => isKept(mask, i)).map((i) => Math.abs(values[i]!));
              const gone = at.filter((i) => !isKept(mask, i)).map((i) => Math.abs(values[i]!));
              expect(kept).toHaveLength(2);
              expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...gone));
            }
          }
        }
      },
    ),
    { numRuns: 40 },
  ));

test('N:M leaves alone what does not divide, and says so', async () => {
  const answer = await masksOf('n-m', await layersOf({ 'a.weight': weight(4, 6, 1), 'b.weight': weight(4, 8, 1) }));
  expect(answer).toMatchObject({ ok: true, value: { notes: [{ code: 'prune/not-divisible', tensor: 'a.weight' }] } });
  expect(answer.ok && [...answer.value.masks.keys()]).toEqual(['b.weight']);
  expect(await masksOf('n-m', [], { n: 4, m: 4 })).toMatchObject({ fault: { code: 'prune/n-not-below-m' } });
});

test('blocks of four rows go together, the weakest', async () => {
  const values = Array.from({ length: 32 }, (_, i) => (i % 4 === 1 && i < 16 ? 0.5 : 4));
  const mask = (
    await keptOf('block', await layersOf({ 'a.weight': { shape: [8, 4], values } }), { sparsity: 1 / 8 })
  ).get('a.weight')!;
  expect(values.map((_, i) => isKept(mask, i))).toEqual(values.map((value) => value !== 0.5));
});

test('channels go whole, the weakest, whatever the layout', async () => {
  const values = random(6 * 20, 5);
  const layers = await layersOf({ 'a.weight': { shape: [6, 20], values } });
  const norms = Array.from({ length: 6 }, (_, row) =>
    values.slice(row * 20, row * 20 + 20).reduce((sum, x) => sum + Math.abs(x), 0),
  );
  const mask = (await keptOf('channel', layers, { sparsity: 0.5 })).get('a.weight')!;
  const kept = Array.from({ length: 6 }, (_, row) => isKept(mask, row * 20));
  expect(mask.kept).toBe(60);
  expect(Math.min(...norms.filter((_, i) => kept[i]))).toBeGreaterThan(Math.max(...norms.filter((_, i) => !kept[i])));
});

test('the zeros of another file are taken; where it has no such tensor that is said', async () => {
  const layers = await layersOf({
    'a.weight': weight(3, 4, 1),
    'b.weight': weight(3, 4, 2),
    'c.weight': weight(2, 2, 3),
  });
  const files = {
    'mask.npz': await layersOf({
      'a.weight': { shape: [3, 4], values: [1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0] },
      'c.weight_mask': { shape: [2, 2], values: [0, 1, 1, 1] },
    }),
  };
  const answer = await masksOf('mask', layers, { file: 'mask.npz' }, files);
  if (!answer.ok) throw new Error(answer.fault.message);
  expect([...answer.value.masks].map(([name, { kept }]) => [name, kept])).toEqual([
    ['a.weight', 9],
    ['c.weight', 3],
  ]);
  expect(answer.value.notes).toMatchObject([{ code: 'prune/no-mask', tensor: 'b.weight' }]);
  expect(await masksOf('mask', layers, { file: 'none' }, files)).toMatchObject({ fault: { code: 'path/not-found' } });
});

test('re-filling makes channels whole: as many as the mask had weights for, the strongest', async () => {
  const layers = await layersOf({ 'a.weight': weight(16, 10, 1) });
  const first = await masksOf('magnitude', layers, { sparsity: 0.6 });
  const mask = first.ok ? first.value.masks.get('a.weight')! : null;
  const refilled = (await keptOf('refill', [{ ...layers[0]!, mask: mask! }])).get('a.weight')!;
  expect(refilled.kept).toBe(Math.ceil(0.4 * 16) * 10);
  for (let row = 0; row < 16; row++) {
    const bits = Array.from({ length: 10 }, (_, i) => isKept(refilled, row * 10 + i));
    expect(new Set(bits).size).toBe(1);
  }
});

test.each(['refill', 'refill-plus'])('%s keeps NaN, and ranks channels by their other weights', async (name) => {
  const values = random(160, 4);
  for (const at of [3, 27, 31]) values[at] = Number.NaN;
  const layers = await layersOf({ 'a.weight': { shape: [16, 10], values } });
  const first = await masksOf('magnitude', layers, { sparsity: 0.6 });
  const answer = await masksOf(name, [
    { ...layers[0]!, mask: first.ok ? first.value.masks.get('a.weight')! : undefined! },
  ]);
  if (!answer.ok) throw new Error(answer.fault.message);
  const mask = answer.value.masks.get('a.weight') as BitMask;
  for (const at of [3, 27, 31]) expect(isKept(mask, at)).toBe(true);
  expect(answer.value.notes.map(({ code }) => code)).toEqual(['prune/nan-kept']);
  // The same channels as without the NaN, whose own sizes do not count.
  const plain = await layersOf({
    'a.weight': { shape: [16, 10], values: values.map((x) => (Number.isNaN(x) ? 0 : x)) },
  });
  const other = await masksOf(name, [
    { ...plain[0]!, mask: first.ok ? first.value.masks.get('a.weight')! : undefined! },
  ]);
  const expected = (other.ok ? other.value.masks.get('a.weight') : undefined) as BitMask;
  for (let i = 0; i < 160; i++) if (!Number.isNaN(values[i]!)) expect(isKept(mask, i)).toBe(isKept(expected, i));
});

describe('applying', () => {
  test.each(['F32', 'F16', 'BF16', 'F64'] as const)(
    '%s: kept bytes stay, dropped ones are +0; readers see the same',
    async (dtype) => {
      const tensor: Tensor = { shape: [8, 9], values: random(72, 9).map((value) => (value === 0 ? -0 : value)), dtype };
      const [layer] = await layersOf({ 'a.weight': tensor });
      for (const [name, given] of [
        ['magnitude', { sparsity: 0.5 }],
        ['random', { sparsity: 0.5 }],
      ] as const) {
        const answer = await masksOf(name, [layer!], given);
        const mask = (answer.ok ? answer.value.masks.get('a.weight')! : null) as Mask;
        const bits = await maskBits(layer!, mask, work);
        const output = maskedOutput(layer!, mask);
        const bytes: number[] = [];
        for await (const window of output.windows(work)) bytes.push(...window);
        expect(bytes).toHaveLength(output.byteLength);
        const { data } = layer!.entry;
        const before = data.kind === 'raw' ? await data.source.read(data.begin, output.byteLength) : new Uint8Array();
        const width = output.byteLength / 72;
        const seen = await readValues(maskedEntry(layer!, mask));
        for (let i = 0; i < 72; i++) {
          const own = bytes.slice(i * width, (i + 1) * width);
          expect(own).toEqual(
            isKept(bits, i) ? [...before.slice(i * width, (i + 1) * width)] : new Array(width).fill(0),
          );
          expect(seen[i]).toBe(isKept(bits, i) ? tensor.values[i] : 0);
        }
        // Any range, in any order.
        expect(await readValues(maskedEntry(layer!, mask), 40, 9)).toEqual(seen.slice(40, 49));
        const again = maskedEntry(layer!, mask);
        await readValues(again, 60, 5);
        expect(await readValues(again, 3, 20)).toEqual(seen.slice(3, 23));
      }
    },
  );
});

describe('which layers', () => {
  const model = {
    'conv1.weight': { shape: [8, 3, 3, 3], values: random(216, 1) },
    'bn1.weight': { shape: [8], values: random(8, 1) },
    'bn1.running_mean': { shape: [8], values: random(8, 1) },
    'conv2.weight': { shape: [4, 8, 3, 3], values: random(288, 1) },
    'fc.weight': { shape: [10, 4], values: random(40, 1) },
    'fc.bias': { shape: [10], values: random(10, 1) },
  };
  const chosen = async (rules: Partial<typeof NO_RULES>): Promise<string[]> => {
    const heads = (await layersOf(model)).map(({ head }) => head);
    return chooseLayers(heads, [{ ...NO_RULES, ...rules }]).chosen.map(({ name }) => name);
  };

  test.each([
    [{}, 'conv1.weight conv2.weight fc.weight'],
    [{ roles: ['first'] }, 'conv2.weight fc.weight'],
    [{ roles: ['last'] }, 'conv1.weight conv2.weight'],
    [{ roles: ['linear'] }, 'conv1.weight conv2.weight'],
    [{ layers: ['conv*'] }, 'fc.weight'],
    [{ layers: ['conv2'] }, 'conv1.weight fc.weight'],
    [{ minElements: 100 }, 'conv1.weight conv2.weight'],
    [{ allBut: ['conv*'] }, 'conv1.weight conv2.weight'],
    [{ allBut: ['conv*'], layers: ['conv1'] }, 'conv2.weight'],
    [{ preset: 'structure-lth' as const }, 'conv2.weight'],
  ])('%j takes %s', async (rules, names) => expect((await chosen(rules)).join(' ')).toBe(names));

  test('each of the others has a reason', async () => {
    const heads = (await layersOf(model)).map(({ head }) => head);
    const { leftAlone } = chooseLayers(heads, [{ ...NO_RULES, layers: ['fc'] }]);
    expect(leftAlone.get('fc.weight')).toBe('excluded by fc');
    expect(leftAlone.get('bn1.weight')).toBe('norm, not a weight of a convolution or a linear layer');
  });
});

test('every method describes itself: named choices, documented parameters, defaults that it accepts', () => {
  for (const { description } of methods) {
    expect(description.summary).toMatch(/^[A-Z].*\.$/);
    for (const parameter of Object.values(description.parameters)) expect(parameter.doc).toMatch(/\.$/);
    const required = Object.entries(description.parameters).filter(([, { required: needed }]) => needed);
    expect(parseOptions(description, Object.fromEntries(required.map(([name]) => [name, 'x']))).problems).toEqual([]);
  }
});
