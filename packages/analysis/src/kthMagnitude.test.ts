import { idleWork } from '@espalier/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kthMagnitude } from './kthMagnitude.js';
import { float32Entry, rawEntry } from './testing/entries.js';

const arbValues = fc.array(
  fc.oneof(
    fc.float({ noNaN: false }),
    fc.constantFrom(
      0,
      -0,
      1,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** -149,
      -(2 ** -149),
    ),
  ),
  { minLength: 1, maxLength: 300 },
);

test('the k-th magnitude is the one a sort finds', () =>
  fc.assert(
    fc.asyncProperty(arbValues, fc.nat(), fc.boolean(), async (values, pick, largest) => {
      const single = Float32Array.from(values);
      const middle = Math.floor(single.length / 3);
      const entries = [
        float32Entry([middle], single.subarray(0, middle)),
        float32Entry([single.length - middle], single.subarray(middle)),
      ];
      const k = 1 + (pick % single.length);
      const result = await kthMagnitude(entries, k, idleWork(), largest ? 'largest' : 'smallest');
      if (!result.ok) throw new Error(result.fault.message);
      // NaN above everything.
      const key = (value: number): number =>
        Number.isNaN(value) ? 1e300 : value === Number.POSITIVE_INFINITY ? 1e299 : value;
      const sorted = [...single].map((value) => key(Math.abs(value))).sort((a, b) => a - b);
      const expected = sorted[largest ? sorted.length - k : k - 1]!;
      const { magnitude, larger, equal, smaller, nan } = result.value;
      expect(key(magnitude)).toBe(expected);
      expect(larger + equal + smaller).toBe(single.length);
      expect(nan).toBe(single.filter(Number.isNaN).length);
      if (!Number.isNaN(magnitude)) {
        expect(equal).toBe(sorted.filter((value) => value === expected).length);
        expect(smaller).toBe(sorted.filter((value) => value < expected).length);
      }
    }),
  ));

test('types of different width are ranked together', async () => {
  const half = rawEntry('BF16', [2], new Uint8Array(Uint16Array.of(0x4040, 0xbf80).buffer)); // 3, −1
  const bytes = rawEntry('I8', [2], Uint8Array.of(0xfe, 0)); // −2, 0
  const ask = async (k: number): Promise<unknown> => {
    const result = await kthMagnitude([half, bytes], k, idleWork());
    return result.ok ? result.value.magnitude : result.fault.code;
  };
  expect([await ask(1), await ask(2), await ask(3), await ask(4), await ask(5)]).toEqual([3, 2, 1, 0, 'tensor/rank']);
});
