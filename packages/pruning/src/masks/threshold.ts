import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import type { PrunableLayer } from '../layer.js';
import { wordWindows } from '../wordWindows.js';
import { bracketOf } from './bracket.js';
import { selectWord } from './selectWord.js';

/** What a threshold means for one layer. */
export interface LayerCounts {
  /** Weights below the threshold, and equal to it. */
  readonly below: number;
  readonly equal: number;
  readonly nan: number;
  /** Absent where they were not counted. */
  readonly zeros?: number;
}

export interface Threshold {
  /** Bits of the magnitude as f32. */
  readonly word: number;
  /** In the order of the layers. */
  readonly layers: readonly LayerCounts[];
}

/** Elements that go through the kernel at once: they stay in the cache. */
const BLOCK_ELEMENTS = 1 << 16;

/** Magnitudes that are kept: 64 MB, or a small model whole. */
const MOST_COLLECTED = 1 << 24;

/**
 * The `k`-th smallest magnitude of all layers together, exactly, and what lies below it in each, in one read: a sample says between which magnitudes it lies, and
 * those between are collected while the smaller ones are counted. Null where the sample was wrong or too many are equal: then they have to be counted otherwise.
 */
export async function thresholdInOneRead(
  layers: readonly PrunableLayer[],
  k: number,
  work: Work,
  limits: { readonly small?: number; readonly collected?: number } = {},
): Promise<Threshold | null> {
  const { low, high } = await bracketOf(
    layers.map(({ entry }) => entry),
    k,
    work,
    limits.small,
  );
  const surveys: Survey[] = [];
  let collected = 0;
  for (const [done, { entry }] of layers.entries()) {
    work.progress({ done, total: layers.length, label: entry.name });
    const survey = await surveyOf(entry, low, high, (limits.collected ?? MOST_COLLECTED) - collected, work);
    if (survey === null) return null;
    collected += survey.within.length;
    surveys.push(survey);
  }
  const rank = k - 1 - surveys.reduce((sum, { below }) => sum + below, 0);
  if (rank < 0 || rank >= collected) return null;
  const parts = surveys.map(({ within }) => within);
  const word = selectWord(parts, rank);
  return {
    word,
    layers: surveys.map(({ below, nan, zeros, within }, i) => {
      let smaller = 0;
      let equal = 0;
      for (let i = 0; i < within.length; i++) {
        if (within[i]! < word) smaller++;
        else if (within[i] === word) equal++;
      }
      const counts = { below: below + smaller, equal, nan };
      return zerosAreExact(layers[i]!.entry) ? { ...counts, zeros } : counts;
    }),
  };
}

/** Wider numbers may round to 0 as f32, and quantized ones have a rule of their own. */
const zerosAreExact = ({ data, dtype }: TensorEntry): boolean =>
  (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') && !(data.kind === 'raw' && data.affine !== undefined);

interface Survey {
  readonly below: number;
  readonly nan: number;
  readonly zeros: number;
  /** Magnitudes in the bracket. */
  readonly within: Uint32Array;
}

async function surveyOf(
  entry: TensorEntry,
  low: number,
  high: number,
  room: number,
  work: Work,
): Promise<Survey | null> {
  const k = kernels();
  const region = k.take(4 * BLOCK_ELEMENTS);
  const found = new Uint32Array(region.buffer, region.byteOffset, BLOCK_ELEMENTS);
  let within = new Uint32Array(1024);
  let filled = 0;
  let below = 0;
  let nan = 0;
  let zeros = 0;
  try {
    for await (const { words } of wordWindows(entry, work)) {
      for (let at = 0; at < words.length; at += BLOCK_ELEMENTS) {
        const counts = k.countWithin32(words.subarray(at, at + BLOCK_ELEMENTS), low, high, found);
        below += counts.below;
        nan += counts.nan;
        zeros += counts.zeros;
        if (filled + counts.within > room) return null;
        if (filled + counts.within > within.length) {
          const larger = new Uint32Array(Math.max(2 * within.length, filled + counts.within));
          larger.set(within.subarray(0, filled));
          within = larger;
        }
        within.set(found.subarray(0, counts.within), filled);
        filled += counts.within;
      }
    }
  } finally {
    region.release();
  }
  return { below, nan, zeros, within: within.slice(0, filled) };
}
