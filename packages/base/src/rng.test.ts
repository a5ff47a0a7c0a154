import { expect, test } from 'vitest';
import { seeded } from './rng.js';

test('many numbers at once are those that come one by one, and the next ones follow', () => {
  const [one, many] = [seeded(7), seeded(7)];
  const numbers = new Uint32Array(1000);
  many.fill(numbers);
  for (const number of numbers) expect(number / 2 ** 32).toBe(one.next());
  expect(many.next()).toBe(one.next());
});

test.each([
  [1, [2442144158, 3238099751, 3819917871, 2104621829]],
  [7, [1004282400, 2200021487, 1928073449, 741806228]],
])('seed %d means the same numbers everywhere', (seed, expected) => {
  // Of an implementation in Python of xoshiro128** 1.1 after SplitMix32.
  const numbers = new Uint32Array(4);
  seeded(seed).fill(numbers);
  expect([...numbers]).toEqual(expected);
});
