import type { Graph } from '@espalier/checkpoint';
import { expect, test } from 'vitest';
import { isKept } from './mask.js';
import { normOf } from './normOf.js';
import { answerOf, bitsOf, layerOf, runMethod } from './testing/layers.js';

const conv = (name: string, outputs = 8) => layerOf({ name, shape: [outputs, 4, 3, 3] });
const norm = (name: string, channels = 8) =>
  layerOf({
    name,
    shape: [channels],
    values: Array.from({ length: channels }, (_, i) => (i % 2 === 0 ? -3 : 0.5) * (i + 1)),
  });

/** The running mean beside a scale. */
const mean = (scale: string) =>
  layerOf({ name: scale.replace(/(weight|gamma)(:0)?$/, 'moving_mean'), shape: [8], role: 'statistic' });

test.each([
  ['conv1.weight', 'bn1.weight'],
  ['layer1.0.conv2.weight', 'layer1.0.bn2.weight'],
  ['layer2.0.downsample.0.weight', 'layer2.0.downsample.1.weight'],
  ['features.3.weight', 'features.4.weight'],
  ['features.1.conv.0.0.weight', 'features.1.conv.0.1.weight'],
  ['stem.conv.weight', 'stem.bn.weight'],
  ['model.0.conv.weight', 'model.0.bn.weight'],
  ['conv2d/kernel:0', 'batch_normalization/gamma:0'],
  ['conv2d_3/kernel:0', 'batch_normalization_3/gamma:0'],
  ['conv1_conv/kernel:0', 'conv1_bn/gamma:0'],
  ['MobilenetV1/Conv2d_0/weights', 'MobilenetV1/Conv2d_0/BatchNorm/gamma'],
  ['conv2_block1_1_conv/kernel:0', 'conv2_block1_1_bn/gamma:0'],
  ['encoder.block.norm1.conv.weight', 'encoder.block.norm1.norm.weight'],
])('%s is followed by %s', (weight, scale) => {
  const others = ['other.bn.weight', 'bn9.weight'].flatMap((name) => [norm(name), mean(name)]);
  const heads = [conv(weight), ...others, mean(scale), norm(scale)].map(({ head }) => head);
  expect(normOf(heads[0]!, heads)?.name).toBe(scale);
});

test('a vector of another length, a bias and the scale of a layer normalization are no scale', () => {
  const weight = conv('conv1.weight').head;
  const heads = [norm('bn1.weight', 4), norm('bn1.bias'), mean('bn1.weight')].map(({ head }) => head);
  expect(normOf(weight, heads)).toBeNull();
  // Without running statistics it normalizes layers, not batches.
  expect(normOf(weight, [norm('bn1.weight').head])).toBeNull();
});

test('a graph says it where names do not', () => {
  const node = (operator: string, inputs: string[], outputs: string[]) => ({
    name: '',
    operator,
    inputs,
    outputs,
    attributes: {},
  });
  const graph: Graph = {
    nodes: [node('Conv', ['x', 'w_17'], ['y']), node('BatchNormalization', ['y', 's_4', 'b', 'm', 'v'], ['z'])],
    values: new Map(),
    inputs: ['x'],
    outputs: ['z'],
  };
  const heads = [conv('w_17'), norm('s_4')].map(({ head }) => head);
  expect(normOf(heads[0]!, heads, graph)?.name).toBe('s_4');
  // What goes two ways may be used without the normalization.
  const forked = { ...graph, nodes: [...graph.nodes, node('Relu', ['y'], ['r'])] };
  expect(normOf(heads[0]!, heads, forked)).toBeNull();
});

test('channels go by the magnitude of their scale; layers without a normalization are left alone', async () => {
  const fc = layerOf({ name: 'fc.weight', shape: [3, 8] });
  const tensors = [conv('conv1.weight'), norm('bn1.weight'), mean('bn1.weight'), fc];
  const layers = [tensors[0]!, fc];
  const [mask, none] = await bitsOf('channel', layers, { sparsity: 0.5, norm: 'batch-norm' }, { tensors });
  // Scales -3, 1, -9, 2, -15, 3, -21, 4: the smallest four magnitudes are of channels 0, 1, 3 and, first of two threes, 0 before 5.
  expect(Array.from({ length: 8 }, (_, row) => isKept(mask!, row * 36))).toEqual([
    false,
    false,
    true,
    false,
    true,
    false,
    true,
    true,
  ]);
  expect(none).toBeUndefined();
  const { notes } = await answerOf('channel', layers, { sparsity: 0.5, norm: 'batch-norm' }, { tensors });
  expect(notes).toMatchObject([{ code: 'prune/no-norm', tensor: 'fc.weight' }]);
  expect(await runMethod('channel', [fc], { norm: 'batch-norm' }, { tensors })).toMatchObject({
    fault: {
      code: 'prune/no-norm',
      message: 'No batch normalization is known to follow any of the 1 weights: rank channels by l1 or l2.',
    },
  });
});
