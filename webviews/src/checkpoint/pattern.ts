import type { BlockShape, NmPattern, TensorHead, TensorStats } from '@espalier/protocol';

/** The regular pattern of a tensor's zeros that says most about it. `share` is 1 only where it holds without exception. */
export type Pattern =
  /** N:M along one axis; `share` of the groups that fit. */
  | { readonly kind: 'groups'; readonly name: NmPattern; readonly share: number; readonly strict: boolean }
  /** Whole rows (output channels) are zero; `share` of the rows. */
  | { readonly kind: 'rows'; readonly share: number }
  /** Zeros lie in whole blocks; `share` of the zeros. */
  | { readonly kind: 'blocks'; readonly name: BlockShape; readonly share: number };

/** Strongest first: each of these implies the ones after it. */
const NM_BY_STRENGTH: readonly NmPattern[] = ['1:4', '1:2', '2:4', '4:8'];
/** Largest first, because zeros in large blocks lie in small ones as well. */
const BLOCKS_BY_SIZE: readonly BlockShape[] = ['16x16', '4x4', '4x1', '1x4'];

const ROWS_SHARE = 0.1;
/** Smaller blocks hold at least as many of the zeros as larger ones; they are named only where they hold this much more. */
const SMALLER_BLOCKS_GAIN = 0.05;
/** How much of the way from chance to perfection a share must have come to be called a pattern. */
const BEYOND_CHANCE = 0.5;

/** A strict N:M, else zero rows, else blocks, else an N:M that nearly holds; null where the zeros lie as chance would have them. */
export function patternOf(head: TensorHead, stats: TensorStats): Pattern | null {
  if (stats.zeros === 0 || stats.zeros === head.elements) return null;
  const strict = NM_BY_STRENGTH.find((name) => stats.patterns[name]?.some((along) => along.strict));
  if (strict !== undefined) return { kind: 'groups', name: strict, share: 1, strict: true };

  if (stats.deadOutputChannels !== null && head.outputChannels !== null) {
    const share = stats.deadOutputChannels / head.outputChannels;
    if (share >= ROWS_SHARE) return { kind: 'rows', share };
  }

  const sparsity = stats.zeros / head.elements;
  let best: Pattern | null = null;
  for (const name of BLOCKS_BY_SIZE) {
    const share = stats.blocks[name]?.zerosInBlocks ?? 0;
    // If zeros fell independently, the others of a zero's block would be zero with this chance.
    const chance = sparsity ** (blockSize(name) - 1);
    const beyond = share > chance + BEYOND_CHANCE * (1 - chance);
    if (beyond && (best === null || share > best.share + SMALLER_BLOCKS_GAIN)) best = { kind: 'blocks', name, share };
  }
  if (best !== null) return best;

  for (const name of NM_BY_STRENGTH) {
    const share = nearestShare(stats, name);
    const chance = chanceOfFit(name, sparsity);
    if (share >= 0.9 && share > chance + BEYOND_CHANCE * (1 - chance))
      return { kind: 'groups', name, share, strict: false };
  }
  return null;
}

/** Share of groups that fit, along the axis where most do. */
export function nearestShare(stats: TensorStats, name: NmPattern): number {
  return Math.max(
    0,
    ...(stats.patterns[name] ?? []).map(({ groups, compliantGroups }) => (groups === 0 ? 0 : compliantGroups / groups)),
  );
}

function blockSize(name: BlockShape): number {
  const [rows = 1, columns = 1] = name.split('x').map(Number);
  return rows * columns;
}

/** Chance that M values, each zero with this probability, hold at most N others: a binomial tail. */
export function chanceOfFit(name: NmPattern, sparsity: number): number {
  const [most = 0, length = 0] = name.split(':').map(Number);
  let chance = 0;
  let ways = 1;
  for (let kept = 0; kept <= most; kept++) {
    chance += ways * (1 - sparsity) ** kept * sparsity ** (length - kept);
    ways = (ways * (length - kept)) / (kept + 1);
  }
  return chance;
}
