import { expect, test } from 'vitest';
import { byVersion } from './versionOrder.js';

test.each([
  [
    ['epoch-10.pt', 'epoch-2.pt', 'epoch-1.pt'],
    ['epoch-1.pt', 'epoch-2.pt', 'epoch-10.pt'],
  ],
  [
    ['net-80-tuned.npz', 'net.npz', 'net-80.npz'],
    ['net.npz', 'net-80.npz', 'net-80-tuned.npz'],
  ],
  [
    ['a/b.onnx', 'a.onnx'],
    ['a.onnx', 'a/b.onnx'],
  ],
])('%j in order is %j', (given, ordered) => expect([...given].sort(byVersion)).toEqual(ordered));
