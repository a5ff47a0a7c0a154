import { lightness, type Rgb } from '../shared/theme.js';

/** Least-squares polynomials of degree 8 through the 256 colours of viridis (Smith and van der Walt, 2015); within 2.4 of 255. */
const VIRIDIS = [
  [0.2627, 0.6895, -6.3467, 13.8058, 18.4901, -164.4752, 335.7658, -285.0862, 87.8964],
  [0.003, 1.5806, -2.6322, 12.6597, -46.9522, 99.0851, -112.5833, 64.0723, -14.3273],
  [0.3334, 1.1568, 6.5949, -81.7214, 336.507, -727.3618, 878.0452, -563.3114, 149.9046],
] as const;

/** The colour of viridis at a position from 0 (dark blue) to 1 (yellow). */
export function viridis(position: number): Rgb {
  const t = Math.max(0, Math.min(1, position));
  const channel = (coefficients: readonly number[]): number => {
    const sum = coefficients.reduceRight((value, coefficient) => value * t + coefficient, 0);
    return Math.max(0, Math.min(255, Math.round(sum * 255)));
  };
  return [channel(VIRIDIS[0]), channel(VIRIDIS[1]), channel(VIRIDIS[2])];
}

/**
 * 256 colours for magnitudes, smallest first. On dark paper viridis begins at 0.17, on light paper it ends at 0.93, so that
 * neither end sinks into the paper.
 */
export function magnitudeColours(darkPaper: boolean): readonly Rgb[] {
  const low = darkPaper ? 0.17 : 0;
  const high = darkPaper ? 1 : 0.93;
  return Array.from({ length: 256 }, (_, i) => viridis(low + (high - low) * (i / 255)));
}

/** The middle is softened on dark paper, so that weak values do not glare. */
const SIGNED = {
  dark: { negative: [58, 139, 240], middle: [190, 190, 190], positive: [236, 130, 32] },
  light: { negative: [22, 96, 190], middle: [232, 232, 232], positive: [204, 92, 0] },
} as const satisfies Record<string, Record<string, Rgb>>;

/** Blue, white, orange for values from −1 to 1. */
export function signedColour(value: number, darkPaper: boolean): Rgb {
  const { negative, middle, positive } = darkPaper ? SIGNED.dark : SIGNED.light;
  return mix(middle, value < 0 ? negative : positive, Math.min(1, Math.abs(value)));
}

/** 255 colours for levels −127 to 127. */
export function signedColours(darkPaper: boolean): readonly Rgb[] {
  return Array.from({ length: 255 }, (_, i) => signedColour((i - 127) / 127, darkPaper));
}

/** `share` of the second colour in the first, per channel as the screen mixes them. */
export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [channel(0), channel(1), channel(2)];
}

/** Black or white, whichever reads better on a colour. */
export const textOn = (colour: Rgb): Rgb => (lightness(colour) > 0.52 ? [0, 0, 0] : [255, 255, 255]);
