import type { Cells } from './cells.js';
import { type ClipMethod, ranksOf } from './clip.js';
import { addToHistogram, KL_BINS, klClip } from './klClip.js';
import { candidateClip, MagnitudeBins, squaredError } from './mseClip.js';

/** Bins of all cells together, for `mse`: about 100 MB. */
const ALL_BINS = 1 << 22;
const MOST_BINS = 1 << 16;

/**
 * Clips of cells that are too large to be held: values pass by several times, window after window, and the answer is that of `clipValue` on all of them. `passes`
 * come after the one that told the largest magnitudes; each has an `add` for the windows and an `end`.
 */
export interface ClipStream {
  readonly passes: readonly { add(values: ArrayLike<number>, begin: number): void; end(): void }[];
  clips(): Float64Array;
}

export function clipStream(
  cells: Cells,
  maxima: Float64Array,
  { clip, bits, percentile }: { readonly clip: ClipMethod; readonly bits: number; readonly percentile: number },
): ClipStream {
  switch (clip) {
    case 'max':
      return { passes: [], clips: () => maxima };
    case 'percentile':
      return percentiles(cells, percentile);
    case 'mse':
      return leastErrors(cells, maxima, bits);
    case 'kl':
      return divergences(cells, maxima, bits);
  }
}

function divergences(cells: Cells, maxima: Float64Array, bits: number): ClipStream {
  const bins = Array.from(maxima, () => new Float64Array(KL_BINS));
  const add = (values: ArrayLike<number>, begin: number): void =>
    cells.walk(begin, values.length, (offset, length, cell) => {
      if (maxima[cell]! > 0) addToHistogram(bins[cell]!, values, offset, offset + length, maxima[cell]!);
    });
  return {
    passes: [{ add, end: () => {} }],
    clips: () => maxima.map((max, cell) => (max === 0 ? 0 : klClip(bins[cell]!, max, bits).clip)),
  };
}

/** One pass into bins, and one for the exact errors of the candidates that these leave; of a cell with one left the second does nothing. */
function leastErrors(cells: Cells, maxima: Float64Array, bits: number): ClipStream {
  const count = Math.max(256, Math.min(MOST_BINS, 2 ** Math.floor(Math.log2(ALL_BINS / cells.count))));
  const bins = Array.from(maxima, (max) => (Number.isFinite(count / max) ? new MagnitudeBins(max, count) : null));
  const every = Array.from({ length: 100 }, (_, i) => i + 1);
  const left: { readonly steps: readonly number[]; readonly errors: Float64Array }[] = [];
  return {
    passes: [
      {
        add: (values, begin) =>
          cells.walk(begin, values.length, (offset, length, cell) => bins[cell]?.add(values, offset, offset + length)),
        end() {
          for (const own of bins) {
            const steps = own?.candidates(bits) ?? every;
            left.push({ steps, errors: new Float64Array(steps.length) });
          }
          bins.length = 0;
        },
      },
      {
        add: (values, begin) =>
          cells.walk(begin, values.length, (offset, length, cell) => {
            const { steps, errors } = left[cell]!;
            if (steps.length === 1) return;
            for (const [at, i] of steps.entries())
              errors[at]! += squaredError(values, offset, offset + length, candidateClip(maxima[cell]!, i), bits);
          }),
        end: () => {},
      },
    ],
    clips: () =>
      maxima.map((max, cell) => {
        const { steps, errors } = left[cell]!;
        return max === 0 ? 0 : candidateClip(max, steps[errors.indexOf(Math.min(...errors))]!);
      }),
  };
}

/** Bits of a magnitude that each pass settles, from the leading ones on; the sign is no part of it. */
const DIGITS = [11, 10, 10] as const;

/** Magnitudes of f32 are ordered as their bits are: two ranks are found digit by digit, exactly, in three passes. */
function percentiles(cells: Cells, percentile: number): ClipStream {
  const sizes = new Float64Array(cells.count);
  /** For each cell the prefixes of both ranks, and the ranks among what has the prefix. */
  const found: { prefix: number; rank: number }[][] = [];
  const word = new Float32Array(1);
  const bitsOf = new Uint32Array(word.buffer);
  const widest = 2 ** Math.max(...DIGITS);
  let tables: Float64Array[][] = Array.from({ length: cells.count }, () => [new Float64Array(widest)]);
  let settled = 0;
  const passes = DIGITS.map((digits, pass) => {
    const shift = 31 - DIGITS.slice(0, pass + 1).reduce((sum: number, each) => sum + each, 0);
    const mask = 2 ** digits - 1;
    return {
      add(values: ArrayLike<number>, begin: number): void {
        const above = shift + digits;
        cells.walk(begin, values.length, (offset, length, cell) => {
          const own = tables[cell]!;
          const wanted = found[cell];
          if (pass === 0) sizes[cell]! += length;
          for (let i = offset; i < offset + length; i++) {
            word[0] = values[i]!;
            const size = bitsOf[0]! & 0x7fffffff;
            if (wanted === undefined) own[0]![size >>> shift]!++;
            else {
              const prefix = size >>> above;
              for (let at = 0; at < own.length; at++)
                if (wanted[at]!.prefix === prefix) own[at]![(size >>> shift) & mask]!++;
            }
          }
        });
      },
      end(): void {
        for (let cell = 0; cell < cells.count; cell++) {
          if (pass === 0) {
            const { low, high } = ranksOf(sizes[cell]!, percentile);
            found[cell] = [low, high].map((rank) => ({ prefix: 0, rank }));
          }
          found[cell] = found[cell]!.map(({ prefix, rank }, at) => {
            const table = tables[cell]![at] ?? tables[cell]![0]!;
            let [digit, rest] = [0, rank];
            while (digit < mask && rest >= table[digit]!) rest -= table[digit++]!;
            return { prefix: prefix * (mask + 1) + digit, rank: rest };
          });
        }
        settled += digits;
        tables = settled === 31 ? [] : found.map((ranks) => ranks.map(() => new Float64Array(widest / 2)));
      },
    };
  });
  return {
    passes,
    clips: () =>
      Float64Array.from(found, ([low, high], cell) => {
        const magnitudeOf = ({ prefix }: { readonly prefix: number }): number => {
          bitsOf[0] = prefix;
          return word[0]!;
        };
        const [first, second] = [magnitudeOf(low!), magnitudeOf(high!)];
        return first + ranksOf(sizes[cell]!, percentile).share * (second - first);
      }),
  };
}
