import { readValues } from '@espalier/checkpoint';
import type { Dtype } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { isKept } from './mask.js';
import { pytorchPair } from './pytorchPair.js';
import { answerOf, bitsOf, layerOf, work } from './testing/layers.js';

test.each<[Dtype, number, number]>([
  ['F32', 4, 0x3f800000],
  ['F16', 2, 0x3c00],
  ['BF16', 2, 0x3f80],
  ['F64', 8, 0x3ff00000],
])('%s: the values as they were, and a mask of ones and zeros in the same type', async (dtype, width, one) => {
  const bytes = Uint8Array.from({ length: 15 * width }, (_, i) => (i * 37) % 61);
  const layer = layerOf({ name: 'fc.weight', shape: [3, 5], dtype, bytes });
  for (const [name, options] of [
    ['magnitude', { sparsity: 0.4 }],
    ['random', { sparsity: 0.4 }],
  ] as const) {
    const mask = (await answerOf(name, [layer], options)).masks.get('fc.weight')!;
    const [bits] = await bitsOf(name, [layer], options);
    const pair = pytorchPair(layer, mask);
    expect(pair.map((tensor) => [tensor.name, tensor.dtype, tensor.shape, tensor.byteLength])).toEqual([
      ['fc.weight_orig', dtype, [3, 5], bytes.length],
      ['fc.weight_mask', dtype, [3, 5], bytes.length],
    ]);
    const [original, ones] = await Promise.all(
      pair.map(async ({ windows }) => {
        const parts: Uint8Array[] = [];
        for await (const window of windows(work)) parts.push(window.slice());
        return Uint8Array.from(Buffer.concat(parts));
      }),
    );
    expect(original).toEqual(bytes);
    const view = new DataView(ones!.buffer);
    for (let i = 0; i < 15; i++) {
      const high = width === 2 ? view.getUint16(2 * i, true) : view.getUint32(i * width + width - 4, true);
      expect(high).toBe(isKept(bits!, i) ? one : 0);
      if (width === 8) expect(view.getUint32(8 * i, true)).toBe(0);
    }
    expect(
      (await readValues(layerOf({ shape: [3, 5], dtype, bytes: ones! }).entry)).every(
        (value, i) => value === (isKept(bits!, i) ? 1 : 0),
      ),
    ).toBe(true);
  }
});
