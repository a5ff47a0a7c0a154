import { describe, expect, test } from 'vitest';
import type { RatioLayer } from './ratioLayer.js';
import type { Ratio } from './ratios.js';
import { ratioTable } from './ratioTable.js';

interface Placed extends RatioLayer {
  /** Side of the square output. */
  readonly side: number;
}

const layer = (name: string, shape: readonly number[], side: number): Placed => ({
  name,
  shape,
  outputs: shape[0]!,
  inputs: shape[1]!,
  elements: shape.reduce((all, length) => all * length, 1),
  linear: shape.length === 2,
  side,
});

/** ResNet-50 for images of 224 × 224, the stride on the 3×3 convolutions, in the order of its parameters. */
function resNet50(): Placed[] {
  const layers = [layer('conv1.weight', [64, 3, 7, 7], 112)];
  let inputs = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const [width, outputs, side] = [64 * 2 ** stage, 256 * 2 ** stage, 56 / 2 ** stage];
    for (let block = 0; block < blocks; block++) {
      const name = (what: string): string => `layer${stage + 1}.${block}.${what}.weight`;
      const before = block === 0 && stage > 0 ? 2 * side : side;
      layers.push(
        layer(name('conv1'), [width, inputs, 1, 1], before),
        layer(name('conv2'), [width, width, 3, 3], side),
      );
      layers.push(layer(name('conv3'), [outputs, width, 1, 1], side));
      if (block === 0) layers.push(layer(name('downsample.0'), [outputs, inputs, 1, 1], side));
      inputs = outputs;
    }
  }
  return [...layers, layer('fc.weight', [1000, 2048], 1)];
}

const LAYERS = resNet50();
const macs = ({ elements, side }: Placed): number => elements * side * side;

function tableOf(ratio: Ratio, density: number) {
  const answer = ratioTable(ratio, LAYERS, density);
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value;
}

test('the network is the one of the tables', () => {
  expect(LAYERS.reduce((sum, { elements }) => sum + elements, 0)).toBe(25_502_912);
  expect(LAYERS.reduce((sum, one) => sum + macs(one), 0)).toBe(4_089_184_256);
});

test.each<[Ratio, number, number]>([
  ['erk', 0.2, 0.413795],
  ['erk', 0.1, 0.241836],
  ['erk', 0.05, 0.121672],
  ['erk+', 0.2, 0.292138],
  ['erk+', 0.1, 0.051386],
])('%s at %d leaves a share of %d of the multiply-adds', (ratio, density, share) => {
  const { layers } = tableOf(ratio, density);
  const left = layers.reduce((sum, row, i) => sum + row.density * macs(LAYERS[i]!), 0);
  expect(Math.abs(left / 4_089_184_256 - share)).toBeLessThan(1e-6);
});

describe('as a table', () => {
  test('rows, counts and totals', () => {
    const table = tableOf('erk', 0.1);
    expect(table.layers.map(({ name }) => name)).toEqual(LAYERS.map(({ name }) => name));
    expect(table.layers.filter(({ dense }) => dense).map(({ name }) => name)).toEqual(['layer1.0.conv1.weight']);
    expect(table.layers[0]).toMatchObject({
      name: 'conv1.weight',
      shape: [64, 3, 7, 7],
      elements: 9408,
      nonZeros: 3952,
    });
    expect(table.nonZeros).toBe(2_550_293);
    expect(table.overallDensity).toBeCloseTo(0.1, 12);
    expect(Math.abs(table.epsilon! / 48.78609722 - 1)).toBeLessThan(1e-9);
  });

  test.each([
    [0.2, 0.130146828],
    [0.1, 0.021415182],
  ])('erk+ at %d has a body of density %d', (density, expected) => {
    const { layers } = tableOf('erk+', density);
    const body = layers.slice(0, -1);
    const elements = body.reduce((sum, row) => sum + row.elements, 0);
    expect(body.reduce((sum, row) => sum + row.density * row.elements, 0) / elements).toBeCloseTo(expected, 9);
  });

  test('what cannot be reached is refused with the numbers', () => {
    expect(ratioTable('erk+', LAYERS, 0.05)).toMatchObject({ ok: false, fault: { code: 'prune/ratio-impossible' } });
    expect(ratioTable('uniform+', LAYERS, 0.01)).toMatchObject({
      ok: false,
      fault: {
        message:
          'uniform+ cannot reach this density. The first layer and a fifth of the classifier alone are 1.64 % of the weights, the density asked for is 1.00 %.',
      },
    });
  });
});

test('uniform+ keeps the first convolution dense, also in a file that is sorted by name', () => {
  const sorted = [...LAYERS].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(sorted[1]!.name).toBe('fc.weight');
  const renamed = [
    layer('classifier.weight', [10, 64], 1),
    layer('features.0.weight', [64, 3, 3, 3], 8),
    layer('features.1.weight', [64, 64, 3, 3], 8),
  ];
  const answer = ratioTable('uniform+', renamed, 0.1);
  expect(answer.ok && answer.value.layers.map(({ density }) => density).slice(0, 2)).toEqual([0.2, 1]);
});
