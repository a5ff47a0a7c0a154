import { describe, expect, test } from 'vitest';
import { lightness, type Rgb } from '../shared/theme.js';
import { magnitudeColours, mix, signedColour, signedColours, textOn, viridis } from './colourMap.js';

/** Every fifteenth colour of matplotlib 3.11.2's `viridis`, as 0 to 255. */
const MATPLOTLIB: readonly Rgb[] = [
  [68, 1, 84],
  [72, 23, 105],
  [71, 42, 122],
  [67, 61, 132],
  [61, 78, 138],
  [53, 94, 141],
  [46, 109, 142],
  [41, 123, 142],
  [35, 137, 142],
  [31, 151, 139],
  [33, 165, 133],
  [46, 179, 124],
  [70, 192, 111],
  [101, 203, 94],
  [137, 213, 72],
  [176, 221, 47],
  [216, 226, 25],
  [253, 231, 37],
];

test('viridis agrees with matplotlib within 3 of 255', () => {
  for (const [i, expected] of MATPLOTLIB.entries()) {
    const made = viridis((i * 15) / 255);
    for (const channel of [0, 1, 2] as const)
      expect(Math.abs(made[channel] - expected[channel])).toBeLessThanOrEqual(3);
  }
});

test('positions outside the scale take its ends', () => {
  expect(viridis(-1)).toEqual(viridis(0));
  expect(viridis(2)).toEqual(viridis(1));
});

test.each([true, false])('magnitudes grow lighter at every step (dark paper: %s)', (dark) => {
  const light = magnitudeColours(dark).map(lightness);
  for (let i = 8; i < light.length; i++) expect(light[i]!).toBeGreaterThan(light[i - 8]!);
});

describe('signed colours', () => {
  test('are blue below and orange above, and differ most at the ends', () => {
    const [red, , blue] = signedColour(-1, true);
    expect(blue).toBeGreaterThan(red);
    const [warm, , cold] = signedColour(1, true);
    expect(warm).toBeGreaterThan(cold);
    expect(signedColour(-3, false)).toEqual(signedColour(-1, false));
  });

  test('have one neutral middle', () => {
    expect(signedColours(true)).toHaveLength(255);
    expect(new Set(signedColours(true)[127]).size).toBe(1);
  });
});

test('mix goes from one colour to the other', () => {
  expect(mix([0, 0, 0], [200, 100, 50], 0)).toEqual([0, 0, 0]);
  expect(mix([0, 0, 0], [200, 100, 50], 0.5)).toEqual([100, 50, 25]);
  expect(mix([0, 0, 0], [200, 100, 50], 1)).toEqual([200, 100, 50]);
});

test('figures are black on light colours and white on dark ones', () => {
  expect(textOn([253, 231, 37])).toEqual([0, 0, 0]);
  expect(textOn([68, 1, 84])).toEqual([255, 255, 255]);
});
