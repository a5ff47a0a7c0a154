import { readFileSync } from 'node:fs';
import { fixturePath } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RatioLayer } from './ratioLayer.js';
import { exactCount, layerDensities, RATIOS, type Ratio, type RatioOptions } from './ratios.js';

interface Golden {
  readonly densities: readonly number[];
  readonly epsilon: readonly number[];
  readonly denseLayers: readonly number[];
  readonly nonZeros: readonly number[];
  readonly layers: readonly {
    readonly name: string;
    readonly times: number;
    readonly shape: readonly number[];
    readonly density: readonly number[];
    readonly nonZeros: readonly number[];
  }[];
}

const golden = JSON.parse(readFileSync(fixturePath('golden/erk-ratios.json'), 'utf8')) as Record<string, Golden>;

const product = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);

/** A weight in the layout of PyTorch. */
const layer = (name: string, shape: readonly number[]): RatioLayer => ({
  name,
  shape,
  outputs: shape[0]!,
  inputs: shape[1]!,
  elements: product(shape),
  linear: shape.length === 2,
});

const layersOf = (model: string): RatioLayer[] =>
  golden[model]!.layers.flatMap(({ name, times, shape }) =>
    Array.from({ length: times }, (_, i) => layer(i === 0 ? name : `${name} ${i}`, shape)),
  );

function densities(ratio: Ratio, layers: readonly RatioLayer[], density: number, options?: RatioOptions) {
  const answer = layerDensities(ratio, layers, density, options);
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value;
}

const overall = (layers: readonly RatioLayer[], found: readonly number[]): number =>
  layers.reduce((sum, { elements }, i) => sum + elements * found[i]!, 0) /
  layers.reduce((sum, { elements }) => sum + elements, 0);

const of = (layers: readonly RatioLayer[], found: readonly number[], name: string): number =>
  found[layers.findIndex((one) => one.name === name)]!;

describe.each(Object.entries(golden))('ERK of %s', (model, expected) => {
  test.each(expected.densities.map((density, at) => [density, at] as const))('at density %d', (density, at) => {
    const layers = layersOf(model);
    const { densities: found, factor } = densities('erk', layers, density);
    expect(Math.abs(factor! / expected.epsilon[at]! - 1)).toBeLessThan(1e-9);
    expect(found.filter((value) => value === 1)).toHaveLength(expected.denseLayers[at]!);
    for (const row of expected.layers) {
      const value = of(layers, found, row.name);
      expect(Math.abs(value - row.density[at]!)).toBeLessThan(1e-6);
      expect(exactCount(value, product(row.shape))).toBe(row.nonZeros[at]);
    }
    const counted = layers.reduce((sum, { elements }, i) => sum + exactCount(found[i]!, elements), 0);
    expect(counted).toBe(expected.nonZeros[at]);
  });
});

test('the layout of TensorFlow gives the same densities', () => {
  const layers = layersOf('resnet20');
  const moved = layers.map((one) => ({ ...one, shape: [...one.shape.slice(2), one.shape[1]!, one.shape[0]!] }));
  for (const ratio of ['er', 'erk'] as const) {
    const [a, b] = [densities(ratio, layers, 0.1), densities(ratio, moved, 0.1)];
    for (const [i, value] of a.densities.entries()) expect(b.densities[i]).toBeCloseTo(value, 12);
  }
});

test.each([
  ['resnet20', 0.1, 2.247540032, { 'conv.weight': 0.889651, 'fc.weight': 0.259872 }],
  ['resnet20', 0.05, 1.12377001577, { 'conv.weight': 0.444826, 'fc.weight': 0.129936 }],
  ['vgg16', 0.1, 20.67398374, { 'feature.3.weight': 0.646062, 'feature.0.weight': 1 }],
  ['vgg16', 0.05, 10.288663053, { 'feature.3.weight': 0.321521 }],
  [
    'resnet50',
    0.1,
    22.588037835,
    { 'layer1.0.conv1.weight': 0.705876, 'layer1.0.conv2.weight': 0.705876, 'fc.weight': 0.033617 },
  ],
  ['resnet50', 0.05, 11.252201124, { 'layer1.0.conv1.weight': 0.351631, 'fc.weight': 0.016746 }],
])('ER of %s at %d', (model, density, epsilon, some) => {
  const layers = layersOf(model);
  const { densities: found, factor } = densities('er', layers, density);
  expect(Math.abs(factor! / epsilon - 1)).toBeLessThan(1e-9);
  for (const [name, value] of Object.entries(some)) expect(of(layers, found, name)).toBeCloseTo(value, 6);
});

test.each([
  ['resnet50', 0.2, 62.489301223, 7, { 'conv1.weight': 0.538014, 'layer4.0.conv2.weight': 0.027281 }],
  ['resnet50', 0.1, 10.194045421, 0, { 'conv1.weight': 0.087768, 'layer4.0.conv2.weight': 0.00445 }],
  ['resnet20', 0.1, 16.985985593, 1, {}],
  ['resnet20', 0.05, 8.18313253, 0, {}],
])('ERK+ of %s at %d', (model, density, epsilon, denseBody, some) => {
  const layers = layersOf(model);
  const { densities: found, factor } = densities('erk+', layers, density);
  expect(Math.abs(factor! / epsilon - 1)).toBeLessThan(1e-9);
  expect(found.filter((value, i) => value === 1 && layers[i]!.name !== 'fc.weight')).toHaveLength(denseBody);
  expect(of(layers, found, 'fc.weight')).toBe(1);
  for (const [name, value] of Object.entries(some)) expect(of(layers, found, name)).toBeCloseTo(value, 6);
});

/** ResNet-50 whose 3×3 convolutions, and the 1×1 ones around them, are twice as wide. */
function wideResNet50(): RatioLayer[] {
  const layers = [layer('conv1.weight', [64, 3, 7, 7])];
  let inputs = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 128 * 2 ** stage;
    const outputs = 256 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const name = (what: string): string => `layer${stage + 1}.${block}.${what}.weight`;
      layers.push(layer(name('conv1'), [width, inputs, 1, 1]), layer(name('conv2'), [width, width, 3, 3]));
      layers.push(layer(name('conv3'), [outputs, width, 1, 1]));
      if (block === 0) layers.push(layer(name('downsample.0'), [outputs, inputs, 1, 1]));
      inputs = outputs;
    }
  }
  return [...layers, layer('fc.weight', [1000, 2048])];
}

test('ERK+ and ERK of WideResNet-50-2', () => {
  const layers = wideResNet50();
  expect(layers.reduce((sum, { elements }) => sum + elements, 0)).toBe(68_814_016);
  const plus = densities('erk+', layers, 0.2);
  expect(Math.abs(plus.factor! / 188.539712919 - 1)).toBeLessThan(1e-9);
  expect(plus.densities.filter((value, i) => value === 1 && layers[i]!.name !== 'fc.weight')).toHaveLength(17);
  expect(of(layers, plus.densities, 'layer1.0.conv2.weight')).toBeCloseTo(0.334998, 6);
  expect(of(layers, plus.densities, 'layer4.0.conv2.weight')).toBeCloseTo(0.041036, 6);
  const plain = densities('erk', layers, 0.2);
  expect(Math.abs(plain.factor! / 213.844242924 - 1)).toBeLessThan(1e-9);
  expect(of(layers, plain.densities, 'fc.weight')).toBeCloseTo(0.31826, 6);
});

test('ERK+ that leaves nothing for the body is refused with both shares', () => {
  expect(layerDensities('erk+', layersOf('resnet50'), 0.05)).toMatchObject({
    ok: false,
    fault: {
      code: 'prune/ratio-impossible',
      message:
        'erk+ cannot reach this density. The classifier fc.weight alone is 8.03 % of the weights, the density asked for is 5.00 %.',
    },
  });
});

test.each([
  [0.05, true, 0.047932786, 0.049810319],
  [0.1, true, 0.097932786, 0.099612457],
  [0.2, true, 0.2, 0.201275766],
  [0.05, false, 0.048123221, 0.05],
  [0.1, false, 0.098321869, 0.1],
  [0.2, false, 0.198719165, 0.2],
])('uniform+ of ResNet-20 at %d, compat %s', (density, compat, body, all) => {
  const layers = layersOf('resnet20');
  const { densities: found } = densities('uniform+', layers, density, { compat });
  expect(found[1]).toBeCloseTo(body, 9);
  expect(overall(layers, found)).toBeCloseTo(all, 9);
});

test.each([
  ['resnet20', 0.05, 0.048939, 630.04, 2],
  ['resnet20', 0.1, 0.092211, 1342.4, 3],
  ['resnet50', 0.05, 0.046977, 25289.947826, 8],
  ['resnet50', 0.1, 0.087783, 54645.790476, 12],
  ['vgg16', 0.05, 0.042256, 62915.2, 3],
  ['vgg16', 0.1, 0.079408, 135411.84, 4],
  ['lenet300', 0.05, null, 6155, 1],
  ['lenet300', 0.1, null, 12810, 1],
])('balanced of %s at %d', (model, density, onePass, x, saturated) => {
  const layers = layersOf(model);
  const { densities: found, factor } = densities('balanced', layers, density);
  expect(factor).toBeCloseTo(x, 5);
  expect(found.filter((value) => value === 1)).toHaveLength(saturated);
  if (onePass !== null) {
    const { densities: once } = densities('balanced', layers, density, { compat: true });
    // Printed to six digits.
    expect(Math.abs(overall(layers, once) - onePass)).toBeLessThan(1.5e-6);
  }
});

const arbLayers = fc.array(
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 }).map((shape) => layer('w', shape)),
  { minLength: 1, maxLength: 12 },
);

test('whatever the layers, densities lie in (0, 1] and together give the density asked for', () =>
  fc.assert(
    fc.property(
      arbLayers,
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      fc.constantFrom(...RATIOS),
      (layers, density, ratio) => {
        const answer = layerDensities(ratio, layers, density);
        if (!answer.ok) return ['uniform+', 'erk+'].includes(ratio);
        const found = answer.value.densities;
        return (
          found.every((value) => value > 0 && value <= 1 + 1e-12) && Math.abs(overall(layers, found) - density) <= 1e-9
        );
      },
    ),
  ));

test('permuted layers have permuted densities, and equal shapes equal ones', () =>
  fc.assert(
    fc.property(
      arbLayers,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.constantFrom('er', 'erk', 'balanced'),
      (layers, density, ratio) => {
        const forward = densities(ratio, layers, density).densities;
        const backward = densities(ratio, [...layers].reverse(), density).densities;
        return forward.every((value, i) => Math.abs(value - backward[layers.length - 1 - i]!) < 1e-9);
      },
    ),
  ));

test.each([0, -0.1, 1.5, Number.NaN])('a density of %d is refused', (density) =>
  expect(layerDensities('erk', layersOf('lenet5'), density)).toMatchObject({
    fault: { code: 'prune/ratio-impossible' },
  }),
);

test('at a density of 1 every layer is full', () => {
  for (const ratio of RATIOS)
    expect(densities(ratio, layersOf('lenet5'), 1).densities.every((value) => value === 1)).toBe(true);
});
