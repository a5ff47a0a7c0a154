import type { Graph } from '@espalier/checkpoint';
import { expect, test } from 'vitest';
import { endsOf } from './forwardOrder.js';
import { layerOf } from './testing/layers.js';

const headsOf = (listing: string) =>
  listing
    .trim()
    .split('\n')
    .map((line) => {
      const [name, shape] = line.trim().split(' ');
      return layerOf({ name: name!, shape: shape!.split('x').map(Number), dtype: 'U8', bytes: new Uint8Array(0) }).head;
    });

test.each([
  [
    'in the order of the model',
    'conv1.weight 8x3x7x7\nlayer1.conv1.weight 8x8x3x3\nfc.weight 10x8',
    'conv1.weight',
    'fc.weight',
  ],
  [
    'sorted by name, a VGG',
    'classifier.0.weight 16x8\nclassifier.6.weight 10x16\nfeatures.0.weight 8x3x3x3\nfeatures.10.weight 8x8x3x3',
    'features.0.weight',
    'classifier.6.weight',
  ],
  [
    'sorted by name, with an auxiliary branch',
    'AuxLogits.conv0.conv.weight 8x16x1x1\nConv2d_1a_3x3.conv.weight 8x3x3x3\nfc.weight 10x8',
    'Conv2d_1a_3x3.conv.weight',
    'fc.weight',
  ],
  [
    'sorted by name, a transformer',
    'lm_head.weight 100x8\nmodel.layers.0.mlp.down_proj.weight 8x16\nmodel.layers.0.mlp.up_proj.weight 16x8',
    'lm_head.weight',
    'lm_head.weight',
  ],
  [
    'a ViT',
    'classifier.weight 10x8\nvit.embeddings.patch_embeddings.projection.weight 8x3x4x4\nvit.encoder.layer.0.output.dense.weight 8x16',
    'vit.embeddings.patch_embeddings.projection.weight',
    'classifier.weight',
  ],
  ['an MLP', 'fc1.weight 300x784\nfc2.weight 100x300\nfc3.weight 10x100', 'fc1.weight', 'fc3.weight'],
])('%s', (_, listing, first, last) => expect(endsOf(headsOf(listing))).toEqual({ first, last }));

test('a graph decides', () => {
  const heads = headsOf('a.weight 8x8\nb.weight 8x8\nc.weight 8x8');
  const node = (weight: string) => ({
    name: weight,
    operator: 'MatMul',
    inputs: ['x', weight],
    outputs: ['y'],
    attributes: {},
  });
  const graph: Graph = {
    nodes: [node('c.weight'), node('a.weight'), node('b.weight')],
    values: new Map(),
    inputs: [],
    outputs: [],
  };
  expect(endsOf(heads, graph)).toEqual({ first: 'c.weight', last: 'b.weight' });
  // A graph that does not use every weight says nothing of their order.
  expect(endsOf(heads, { ...graph, nodes: [node('c.weight')] })).toEqual({ first: 'a.weight', last: 'c.weight' });
  expect(endsOf([])).toEqual({ first: null, last: null });
});
