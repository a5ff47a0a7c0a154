import { seeded, sizeOf } from '@espalier/base';
import { expect, test } from 'vitest';
import { isKept } from './mask.js';
import { answerOf, bitsOf, layerOf } from './testing/layers.js';

test('rounds of pruning a fifth of what is left nest, and leave the counts of the table', async () => {
  // The two inner convolutions of the small network: 55,296 weights.
  const rng = seeded(11);
  const plain = [
    [64, 32, 3, 3],
    [64, 64, 3, 3],
  ].map((shape, i) =>
    layerOf({
      name: `conv${i + 2}.weight`,
      shape,
      values: Float32Array.from({ length: sizeOf(shape) }, () => rng.normal() / (i + 1)),
    }),
  );
  const all = 55_296;
  const values = plain.map(({ head }) => head.elements);
  expect(values.reduce((sum, count) => sum + count)).toBe(all);
  let layers = plain;
  let before = await bitsOf('magnitude', layers, { sparsity: 0 });
  for (const left of [44237, 35390, 28312, 22650, 18120, 14496, 11597, 9278, 7422, 5938]) {
    const options = { sparsity: (all - left) / all };
    const after = await bitsOf('magnitude', layers, options);
    expect(after.reduce((sum, mask) => sum + mask!.kept, 0)).toBe(left);
    for (const [i, mask] of after.entries())
      for (let at = 0; at < mask!.elements; at += 7) if (isKept(mask!, at)) expect(isKept(before[i]!, at)).toBe(true);
    // One step of the whole sparsity leaves the same weights.
    expect(after).toEqual(await bitsOf('magnitude', plain, options));
    const { masks } = await answerOf('magnitude', layers, options);
    layers = plain.map((layer) => ({ ...layer, mask: masks.get(layer.head.name)! }));
    before = after;
  }
});
