import { gunzipSync, gzipSync } from 'node:zlib';
import { idleWork, seeded } from '@espalier/base';
import { expect, test, vi } from 'vitest';
import { gzipSize } from './gzip.js';
import { tensorStats } from './stats/tensorStats.js';
import { float32Entry, headOf, rawEntry } from './testing/entries.js';

test('sizes in other encodings follow from the counts', async () => {
  // 8 × 16 with half of the values kept, two of every four.
  const values = Float32Array.from({ length: 128 }, (_, i) => (i % 4 < 2 ? 0 : i));
  const entry = float32Entry([8, 16], values);
  const stats = await tensorStats(entry, headOf(entry, { output: [0], input: [1] }), { gzip: true }, idleWork());
  if (!stats.ok) throw new Error(stats.fault.message);
  const { raw, csr, bitmask, packed24, gzip } = stats.value.sizes;
  expect(raw).toBe(512);
  expect(csr).toBe(64 * (4 + 2) + 9 * 4);
  expect(bitmask).toBe(16 + 64 * 4);
  expect(packed24).toEqual({ bytes: (64 * 34) / 8, fits: 1 });
  expect(gzip!.obtained).toEqual({ kind: 'exact' });
  expect(gzip!.bytes).toBeLessThan(400);
});

test('gzip is about as large as zlib makes it', async () => {
  const rng = seeded(2);
  const bytes = Uint8Array.from({ length: 700_000 }, () => (rng.next() < 0.8 ? 0 : rng.below(256)));
  const size = await gzipSize(rawEntry('U8', [700_000], bytes, { before: 5 }), idleWork());
  const reference = gzipSync(bytes, { level: 6 });
  expect(gunzipSync(reference)).toHaveLength(700_000);
  expect(size.ok && Math.abs(size.value!.bytes / reference.length - 1)).toBeLessThan(0.01);
  vi.stubGlobal('CompressionStream', undefined);
  const otherwise = await gzipSize(rawEntry('U8', [700_000], bytes, { before: 5 }), idleWork());
  vi.unstubAllGlobals();
  expect(otherwise.ok && Math.abs(otherwise.value!.bytes / reference.length - 1)).toBeLessThan(0.1);
});

test('a vector and a tensor without an axis of fours have no 2:4 form', async () => {
  for (const shape of [[12], [3, 5]]) {
    const entry = float32Entry(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
    const stats = await tensorStats(
      entry,
      headOf(entry, shape.length > 1 ? { output: [0], input: [1] } : {}),
      {},
      idleWork(),
    );
    expect(stats.ok && stats.value.sizes.packed24).toBeNull();
    expect(stats.ok && stats.value.sizes.gzip).toBeNull();
  }
});
