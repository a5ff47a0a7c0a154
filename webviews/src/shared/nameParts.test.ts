import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameParts } from './nameParts.js';

test.each([
  ['layer4.1.conv2.weight', 'layer4.1.|conv2|.weight'],
  ['layer2.0.downsample.0.weight', 'layer2.0.|downsample.0|.weight'],
  ['layers.0.weight', '|layers.0|.weight'],
  ['1.0.weight', '1.|0|.weight'],
  ['0.weight', '|0|.weight'],
  ['fc.bias', '|fc|.bias'],
  ['weight', '|weight|'],
  ['', '||'],
  ['.weight', '|.weight|'],
  ['conv256_down_out/conv2/conv/filters', 'conv256_down_out/conv2/|conv|/filters'],
  ['model/dense_1.2/kernel:0', 'model/|dense_1.2|/kernel:0'],
  ['/features/0/Conv_output', '/|features/0|/Conv_output'],
])('%s', (name, marked) => {
  const { prefix, module, suffix } = nameParts(name);
  expect([prefix, module, suffix].join('|')).toBe(marked);
});

test('the parts are the name', () =>
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9./]{0,24}$/), (name) => {
      const { prefix, module, suffix } = nameParts(name);
      expect(prefix + module + suffix).toBe(name);
    }),
  ));
