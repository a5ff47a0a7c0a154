import { seeded } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { ResolvedOptions } from './options.js';
import type { ElementRange } from './question.js';

/** A sample is made of blocks of this many stored bytes. */
export const SAMPLE_BLOCK_BYTES = 64 * 1024;

/**
 * Seeded blocks, ascending and distinct, of at most `maxBytes` together; null where everything is to be read. Elements of a block are a
 * multiple of 8.
 */
export function sampleRanges(entry: TensorEntry, sample: ResolvedOptions['sample']): ElementRange[] | null {
  if (sample === null || entry.bytes <= sample.maxBytes || entry.elements === 0) return null;
  const perByte = entry.elements / Math.max(1, entry.bytes);
  const blockElements = Math.max(1024, Math.floor((SAMPLE_BLOCK_BYTES * perByte) / 1024) * 1024);
  const blocks = Math.ceil(entry.elements / blockElements);
  const wanted = Math.max(2, Math.floor(sample.maxBytes / SAMPLE_BLOCK_BYTES));
  if (wanted >= blocks) return null;
  return chooseDistinct(blocks, wanted, sample.seed).map((block) => ({
    begin: block * blockElements,
    end: Math.min(entry.elements, (block + 1) * blockElements),
  }));
}

/** `wanted` of the numbers below `bound`, ascending (Floyd's algorithm, 1987). */
export function chooseDistinct(bound: number, wanted: number, seed: number): number[] {
  const rng = seeded(seed);
  const chosen = new Set<number>();
  for (let last = bound - wanted; last < bound; last++) {
    const candidate = rng.below(last + 1);
    chosen.add(chosen.has(candidate) ? last : candidate);
  }
  return [...chosen].sort((a, b) => a - b);
}

/**
 * Half width of the 95 % interval of a ratio from the ratios of sampled blocks: 1.96 standard errors of a cluster sample, with the
 * correction for a finite population (Cochran, Sampling Techniques, 1977, section 9). Where all blocks are alike, that says nothing of those that were
 * not read: with 95 % confidence at most 3 in as many blocks as were read are other ones (Hanley and Lippman-Hand, JAMA 249, 1983).
 */
export function sampleError(shares: readonly number[], sampledShare: number): number {
  const count = shares.length;
  if (count < 2) return 1;
  const mean = shares.reduce((sum, share) => sum + share, 0) / count;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (count - 1);
  if (variance === 0) return Math.min(1, 3 / count) * Math.max(0, 1 - sampledShare);
  return 1.96 * Math.sqrt((variance / count) * Math.max(0, 1 - sampledShare));
}
