import { expect, test } from 'vitest';
import { kernelCell, placeOf } from './meaning.js';

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

test('a place is found again in the kernel matrix', () => {
  const size = { kernelRows: 3, kernelColumns: 3 };
  expect(kernelCell({ output: 213, input: 45, kernel: [0, 2], other: [] }, size)).toEqual({ row: 639, column: 137 });
  expect(kernelCell({ output: 2, input: 7, kernel: [], other: [] }, { kernelRows: 1, kernelColumns: 1 })).toEqual({
    row: 2,
    column: 7,
  });
  expect(kernelCell({ output: 2, input: 7, kernel: [1, 1, 1], other: [] }, size)).toBeNull();
  expect(kernelCell({ kernel: [], other: [[0, 5]] }, size)).toBeNull();
});
