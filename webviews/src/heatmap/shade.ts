import type { Rgb, Theme } from '../shared/theme.js';
import { magnitudeColours, mix, signedColours } from './colourMap.js';

/** A tile as it came from the host, its bytes decoded. Rows and columns count tiles of `step` × `step` values. */
export interface Tile {
  readonly rowBegin: number;
  readonly columnBegin: number;
  readonly step: number;
  readonly rows: number;
  readonly columns: number;
  /** What the bytes mean: see `HeatmapTile` of the protocol. */
  readonly levels: Uint8Array;
  readonly zeroShare: Uint8Array;
  readonly nonFinite: ReadonlySet<number>;
  /** Smallest kept |w| and end of the scale. */
  readonly low: number;
  readonly high: number;
  /** Shares of values that became zero, or were zero and are kept now. */
  readonly newZero?: Uint8Array;
  readonly newKept?: Uint8Array;
}

/** What the colours of a map say. */
export type Look =
  | { readonly kind: 'magnitude'; readonly low: number; readonly high: number }
  | { readonly kind: 'signed'; readonly high: number }
  | { readonly kind: 'zeros' }
  /** Exact zeros of a difference are values that stayed the same. */
  | { readonly kind: 'mask' };

/** Pixels in the order of ImageData, as one number each on a little-endian machine. */
export type Colour = number;

/** Nothing is drawn: every value is zero, and the paper (or its hatch) shows. */
export const EMPTY: Colour = 0;

export const pack = ([red, green, blue]: Rgb): Colour => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
export const unpack = (colour: Colour): Rgb => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];

/**
 * A tile that holds one kept value among many zeros keeps this much of its colour: enough to be told from paper, while a
 * paler tile still says that more of it is zero.
 */
export const FAINTEST = 0.5;

/** One colour for each tile: the mean of the kept values by hue, the share of zeros by fading into the paper. */
export function shade(tile: Tile, look: Look, theme: Theme): Uint32Array {
  const colours = new Uint32Array(tile.rows * tile.columns);
  const paint = painter(tile, look, theme);
  for (let i = 0; i < colours.length; i++) colours[i] = look.kind !== 'mask' && isAbsent(tile, i) ? EMPTY : paint(i);
  const alarm = pack(theme.error);
  for (const i of tile.nonFinite) colours[i] = alarm;
  return colours;
}

/** No value at all: what lies behind the last kernel of a channel. A kept value has a level of at least 1, a zero has a share. */
const isAbsent = ({ levels, zeroShare }: Tile, i: number): boolean => levels[i] === 0 && zeroShare[i] === 0;

function painter(tile: Tile, look: Look, theme: Theme): (i: number) => Colour {
  const { levels, zeroShare } = tile;
  const { paper } = theme;
  switch (look.kind) {
    case 'magnitude': {
      const lut = magnitudeColours(theme.dark);
      const range = look.high - look.low;
      return (i) => {
        const kept = 255 - zeroShare[i]!;
        if (kept === 0) return EMPTY;
        const mean = (levels[i]! / 255) * tile.high * (255 / kept);
        const position = range > 0 ? (mean - look.low) / range : 1;
        return pack(fade(lut[Math.max(0, Math.min(255, Math.round(position * 255)))]!, paper, kept));
      };
    }
    case 'signed': {
      const lut = signedColours(theme.dark);
      return (i) => {
        const kept = 255 - zeroShare[i]!;
        if (kept === 0) return EMPTY;
        const mean = ((levels[i]! - 128) / 127) * tile.high * (255 / kept);
        const position = look.high > 0 ? mean / look.high : 0;
        return pack(fade(lut[127 + Math.max(-127, Math.min(127, Math.round(position * 127)))]!, paper, kept));
      };
    }
    case 'zeros': {
      const kept = mix(paper, theme.ink, 0.09);
      return (i) => pack(mix(kept, theme.zero, shareOf(zeroShare[i]!)));
    }
    case 'mask': {
      const { newZero, newKept } = tile;
      return (i) => {
        const zero = newZero?.[i] ?? 0;
        const back = newKept?.[i] ?? 0;
        if (zero + back === 0) return EMPTY;
        return pack(fade(mix(theme.zero, theme.fewer, back / (zero + back)), paper, zero + back));
      };
    }
  }
}

/** `kept` of 255: full strength at 255, the faintest at 1. */
const fade = (colour: Rgb, paper: Rgb, kept: number): Rgb =>
  kept >= 255 ? colour : mix(paper, colour, FAINTEST + (1 - FAINTEST) * (kept / 255));

/** A share of zeros as a colour's share: nothing only for nothing, so that one zero among many is seen. */
const shareOf = (zeroShare: number): number => (zeroShare === 0 ? 0 : 0.15 + 0.85 * (zeroShare / 255));

/** Ends of a scale. */
export interface Scale {
  readonly low: number;
  readonly high: number;
}

/**
 * Means of blocks lie much closer together than single values do. This is the range that most of a tile's blocks cover (2nd
 * to 98th percentile of the mean over kept values), so that a coarse picture still shows where weights are larger. null where
 * a tile stands for single values, or where nothing is kept.
 */
export function blockScale(tile: Tile, signed: boolean): Scale | null {
  if (tile.step === 1) return null;
  const means: number[] = [];
  for (let i = 0; i < tile.levels.length; i++) {
    const kept = 255 - tile.zeroShare[i]!;
    if (kept === 0 || tile.nonFinite.has(i)) continue;
    const level = signed ? Math.abs(tile.levels[i]! - 128) / 127 : tile.levels[i]! / 255;
    means.push(level * tile.high * (255 / kept));
  }
  if (means.length === 0) return null;
  means.sort((a, b) => a - b);
  const at = (share: number): number => means[Math.min(means.length - 1, Math.floor(share * means.length))]!;
  const [low, high] = [signed ? 0 : at(0.02), at(0.98)];
  return high > low ? { low, high } : null;
}
