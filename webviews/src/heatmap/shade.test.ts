import { describe, expect, test } from 'vitest';
import themes from '../../test/themes.json' with { type: 'json' };
import { lightness, type Rgb, type Theme } from '../shared/theme.js';
import { mix } from './colourMap.js';
import { blockScale, type Colour, EMPTY, FAINTEST, type Look, shade, type Tile, unpack } from './shade.js';

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;

function themeOf(name: keyof typeof themes.themes): Theme {
  const { colours } = themes.themes[name] as { colours: Record<string, string> };
  const paper = parse(colours['--vscode-editor-background']!);
  const ink = parse(colours['--vscode-foreground']!);
  const zero = parse(colours['--vscode-charts-blue']!);
  const error = parse(colours['--vscode-editorError-foreground']!);
  const other = { quiet: ink, track: ink, grid: ink, bar: ink, warning: ink, focus: ink, fewer: [234, 92, 0] as const };
  return { ...other, paper, ink, zero, error, dark: lightness(paper) < 0.5, figures: 'monospace' };
}

const ALL = Object.keys(themes.themes) as (keyof typeof themes.themes)[];
const MAGNITUDE: Look = { kind: 'magnitude', low: 0.1, high: 1 };

function tileOf(levels: readonly number[], zeroShare: readonly number[], more: Partial<Tile> = {}): Tile {
  return {
    rowBegin: 0,
    columnBegin: 0,
    step: 1,
    rows: 1,
    columns: levels.length,
    levels: Uint8Array.from(levels),
    zeroShare: Uint8Array.from(zeroShare),
    nonFinite: new Set(),
    low: 0,
    high: 1,
    ...more,
  };
}

const one = (level: number, zeroShare: number, look: Look, theme: Theme): Colour =>
  shade(tileOf([level], [zeroShare]), look, theme)[0]!;

/** CIE 1976 L*, 0 to 100. */
const light = (colour: Rgb): number => lightness(colour) * 100;

/** How a person without M cones sees a colour: Viénot, Brettel and Mollon (1999), in linear RGB. */
function deuteranopia([red, green, blue]: Rgb): Rgb {
  const linear = (c: number): number => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const screen = (c: number): number => 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = 17.8824 * r + 43.5161 * g + 4.11935 * b;
  const s = 0.0299566 * r + 0.184309 * g + 1.46709 * b;
  const m = 0.494207 * l + 1.24827 * s;
  return [
    0.0809444479 * l - 0.130504409 * m + 0.116721066 * s,
    -0.0102485335 * l + 0.0540193266 * m - 0.113614708 * s,
    -0.000365296938 * l - 0.00412161469 * m + 0.693511405 * s,
  ].map((c) => Math.max(0, Math.min(255, screen(Math.max(0, c))))) as unknown as Rgb;
}

describe.each(ALL)('in %s', (name) => {
  const theme = themeOf(name);

  test('the smallest kept value is told from an exact zero, in grey and without M cones too', () => {
    const smallest = unpack(one(1, 0, MAGNITUDE, theme));
    expect(Math.abs(light(smallest) - light(theme.paper))).toBeGreaterThan(10);
    expect(Math.abs(light(deuteranopia(smallest)) - light(deuteranopia(theme.paper)))).toBeGreaterThan(10);
  });

  test('so is a tile of which all but one of many values are zero', () => {
    const smallest = unpack(one(1, 254, MAGNITUDE, theme));
    expect(Math.abs(light(smallest) - light(theme.paper))).toBeGreaterThan(4.5);
    expect(Math.abs(light(deuteranopia(smallest)) - light(deuteranopia(theme.paper)))).toBeGreaterThan(4.5);
  });

  test('the hatch over zeros is quieter than the smallest kept value', () => {
    const hatch = mix(theme.paper, theme.ink, 0.17);
    const smallest = unpack(one(1, 0, MAGNITUDE, theme));
    // One pixel in four is hatched.
    const hatched = mix(theme.paper, hatch, 0.25);
    expect(Math.abs(light(hatched) - light(theme.paper))).toBeLessThan(
      Math.abs(light(smallest) - light(theme.paper)) / 2,
    );
  });

  test('newly zero and newly kept differ, without M cones too', () => {
    const both = shade(
      tileOf([0, 0], [0, 0], { newZero: Uint8Array.of(255, 0), newKept: Uint8Array.of(0, 255) }),
      { kind: 'mask' },
      theme,
    );
    const [zero, kept] = [unpack(both[0]!), unpack(both[1]!)];
    const apart = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    expect(apart(zero, kept)).toBeGreaterThan(120);
    expect(apart(deuteranopia(zero), deuteranopia(kept))).toBeGreaterThan(90);
  });
});

describe('shade', () => {
  const theme = themeOf('dark-modern');

  test('a tile is empty only if every value in it is zero', () => {
    const looks: Look[] = [MAGNITUDE, { kind: 'signed', high: 1 }];
    for (const look of looks) {
      const colours = shade(tileOf([0, 1, 0], [255, 254, 254]), look, theme);
      expect(colours[0]).toBe(EMPTY);
      expect(colours[1]).not.toBe(EMPTY);
      expect(colours[2]).not.toBe(EMPTY);
    }
  });

  test('hue says how large the kept values are, whatever share is zero; fading says the share', () => {
    // Mean 0.5 over all values; 128 of 255 are zero, so the kept ones have about 1.
    const half = unpack(one(127, 128, MAGNITUDE, theme));
    const full = unpack(one(255, 0, MAGNITUDE, theme));
    const expected = mix(theme.paper, full, FAINTEST + (1 - FAINTEST) * (127 / 255));
    for (const channel of [0, 1, 2] as const)
      expect(Math.abs(half[channel] - expected[channel])).toBeLessThanOrEqual(3);
    expect(light(half)).toBeLessThan(light(full));
  });

  test('a tile with a scale of its own is brought to the scale of the map', () => {
    const own = shade(tileOf([254], [0], { high: 0.5 }), MAGNITUDE, theme)[0];
    expect(own).toBe(one(127, 0, MAGNITUDE, theme));
  });

  test('signed values lie on both sides of the middle', () => {
    const [low, middle, high] = [1, 128, 255].map((level) => unpack(one(level, 0, { kind: 'signed', high: 1 }, theme)));
    expect(low![2]).toBeGreaterThan(low![0]);
    expect(new Set(middle).size).toBe(1);
    expect(high![0]).toBeGreaterThan(high![2]);
  });

  test('the look of zeros goes from track to full zero, and shows a single one', () => {
    const shades = [0, 1, 128, 255].map((share) => unpack(one(9, share, { kind: 'zeros' }, theme)));
    expect(shades[3]).toEqual(theme.zero);
    expect(shades[1]).not.toEqual(shades[0]);
    expect(shades[2]![2]).toBeGreaterThan(shades[1]![2]);
  });

  test('what is not finite raises the alarm colour in every look', () => {
    const tile = tileOf([255, 10], [0, 0], { nonFinite: new Set([1]) });
    for (const look of [MAGNITUDE, { kind: 'signed', high: 1 }, { kind: 'zeros' }] as const) {
      expect(unpack(shade(tile, look, theme)[1]!)).toEqual(theme.error);
    }
  });

  test('a scale without extent is the top colour, not a division by zero', () => {
    expect(one(255, 0, { kind: 'magnitude', low: 1, high: 1 }, theme)).toBe(one(255, 0, MAGNITUDE, theme));
    expect(one(128, 0, { kind: 'signed', high: 0 }, theme)).not.toBe(EMPTY);
  });
});

describe('the scale of a coarse picture', () => {
  const many = (levels: readonly number[], zeroShare: readonly number[]) =>
    tileOf(levels, zeroShare, { step: 8, high: 2 });

  test('is the range of the means over kept values', () => {
    const levels = Array.from({ length: 100 }, (_, i) => 51 + i);
    const scale = blockScale(many(levels, new Array(100).fill(0)), false)!;
    expect(scale.low).toBeCloseTo((53 / 255) * 2, 6);
    expect(scale.high).toBeCloseTo((149 / 255) * 2, 6);
  });

  test('ignores what is wholly zero, and undoes the thinning by zeros', () => {
    const scale = blockScale(many([0, 10, 40], [255, 204, 204]), false)!;
    expect(scale.low).toBeCloseTo((10 / 255) * 2 * 5, 6);
    expect(scale.high).toBeCloseTo((40 / 255) * 2 * 5, 6);
  });

  test('reaches from zero for signed values', () => {
    const scale = blockScale(many([128 - 20, 128, 128 + 10], [0, 0, 0]), true)!;
    expect(scale.low).toBe(0);
    expect(scale.high).toBeCloseTo((20 / 127) * 2, 6);
  });

  test('is nothing for single values, zeros alone, and where all means are one', () => {
    expect(blockScale(tileOf([1, 200], [0, 0]), false)).toBeNull();
    expect(blockScale(many([0, 0], [255, 255]), false)).toBeNull();
    expect(blockScale(many([9, 9], [0, 0]), false)).toBeNull();
  });
});

test.each([MAGNITUDE, { kind: 'signed', high: 1 }, { kind: 'zeros' }] as const)(
  'where there is no value nothing is drawn: $kind',
  (look) => {
    for (const name of ALL) expect(one(0, 0, look, themeOf(name))).toBe(EMPTY);
  },
);
