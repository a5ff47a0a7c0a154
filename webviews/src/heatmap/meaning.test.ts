import { expect, test } from 'vitest';
import { placeOf } from './meaning.js';

const axes = (output: number[], input: number[], kernel: number[], groups = 1) => ({ output, input, kernel, groups });

test('output, input and kernel of a convolution as PyTorch stores it', () =>
  expect(
    placeOf({ shape: [512, 256, 3, 3], outputChannels: 512, axes: axes([0], [1], [2, 3]) }, [213, 45, 0, 2]),
  ).toEqual({
    output: 213,
    input: 45,
    kernel: [0, 2],
    other: [],
  }));

test('a depthwise kernel of TensorFlow has its outputs on two axes', () =>
  expect(placeOf({ shape: [3, 3, 32, 2], outputChannels: 64, axes: axes([2, 3], [], [0, 1]) }, [1, 2, 10, 1])).toEqual({
    output: 21,
    kernel: [1, 2],
    other: [],
  }));

test('inputs of a grouped convolution count within their group', () =>
  expect(
    placeOf({ shape: [64, 8, 3, 3], outputChannels: 64, axes: axes([0], [1], [2, 3], 4) }, [40, 7, 0, 0]),
  ).toMatchObject({
    output: 40,
    input: 7,
    group: 2,
  }));

test('axes without a purpose are named by number', () =>
  expect(placeOf({ shape: [64, 5], outputChannels: null, axes: axes([], [], []) }, [7, 3])).toEqual({
    kernel: [],
    other: [
      [0, 7],
      [1, 3],
    ],
  }));
