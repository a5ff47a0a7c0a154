import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { Obtained, TensorStats } from '../facts.js';
import { sizesOf } from '../sizes.js';
import { deadOf } from '../structure/channels.js';
import { blocksReport, patternsOf } from '../structure/structure.js';
import { digestText } from './digest.js';
import { isComplex, modeOf } from './mode.js';
import type { ResolvedOptions } from './options.js';
import type { OrderFacts } from './order.js';
import type { ElementRange, FirstAnswer } from './question.js';
import { sampleError } from './sample.js';

/** Dead channels that are listed by number. */
const LISTED_CHANNELS = 64;

/** The answers as they are reported. Counts of a sample are scaled to the whole tensor. */
export function statsOf(
  entry: TensorEntry,
  head: TensorHead,
  first: FirstAnswer,
  order: OrderFacts,
  options: ResolvedOptions,
  sample: readonly ElementRange[] | null,
): TensorStats {
  const finite = first.elements - first.nan - first.inf;
  const kept = finite - first.zeros;
  const obtained = obtainedFrom(first, entry.elements, options, sample);
  const scale = (count: number): number =>
    sample === null ? count : Math.round((count * entry.elements) / first.elements);
  // What a sample saw alone may still differ elsewhere: only a whole read says that all are zero.
  const zeros = sample === null ? first.zeros : Math.min(scale(first.zeros), entry.elements - 1);
  const patterns = first.structure === null ? {} : patternsOf(first.structure);
  const complex = isComplex(entry.dtype);
  const ordered = finite > 0 && !complex;
  const outputs = deadOf(first.structure?.livingOutputs ?? null, LISTED_CHANNELS);
  const inputs = deadOf(first.structure?.livingInputs ?? null, LISTED_CHANNELS);
  return {
    zeros,
    exactZeros: scale(first.exactZeros),
    nearZeros: scale(order.nearZeros),
    nan: scale(first.nan),
    inf: scale(first.inf),
    firstNonFinite: first.firstNonFinite,
    min: ordered ? first.min + 0 : null,
    max: ordered ? first.max + 0 : null,
    mean: ordered ? first.sum / finite : null,
    std: ordered ? Math.sqrt(order.squaredDeviations / finite) / order.scale : null,
    absmax: ordered ? Math.max(Math.abs(first.min), Math.abs(first.max)) : null,
    kept: {
      count: scale(kept),
      absmin: ordered ? order.absmin : null,
      std:
        ordered && kept > 0
          ? keptStd(order.squaredDeviations, first.sum * order.scale, finite, kept) / order.scale
          : null,
      absMedian: ordered ? order.absMedian : null,
      abs99: ordered ? order.abs99 : null,
    },
    quantiles: ordered ? order.quantiles : null,
    histogram:
      ordered && order.histogram !== null ? { ...order.histogram, counts: order.histogram.counts.map(scale) } : null,
    deadOutputChannels: outputs.count,
    deadInputChannels: inputs.count,
    deadOutputs: outputs.first,
    deadInputs: inputs.first,
    patterns,
    blocks: first.structure === null ? {} : blocksReport(head, first.structure, first.zeros),
    digest:
      first.digest === null ? null : digestText(first.digest, entry.elements, modeOf(entry).kind === 'float64' ? 2 : 1),
    sizes: sizesOf(entry, head, zeros, patterns['2:4']),
    obtained,
  };
}

function obtainedFrom(
  first: FirstAnswer,
  elements: number,
  options: ResolvedOptions,
  sample: readonly ElementRange[] | null,
): Obtained {
  if (sample === null) return { kind: 'exact' };
  const share = first.elements / elements;
  return { kind: 'sampled', share, error: sampleError(first.shares, share), seed: options.sample!.seed };
}

/**
 * Standard deviation of the kept values: Σx² is the same with and without the zeros, so
 * Σ(x − m')² over the kept = Σ(x − m)² over all + n m² − k m'², where m' = n m / k. What is left below the rounding of Σx² is 0.
 */
function keptStd(squaredDeviations: number, sum: number, finite: number, kept: number): number {
  const squares = squaredDeviations + (sum * sum) / finite;
  const left = squares - (sum * sum) / kept;
  return left <= squares * Math.sqrt(finite) * 2 ** -50 ? 0 : Math.sqrt(left / kept);
}
