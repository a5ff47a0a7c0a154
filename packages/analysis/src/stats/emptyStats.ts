import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TensorStats } from '../facts.js';
import { sizesOf } from '../sizes.js';

/** Of a tensor without elements: nothing is counted, nothing is known. */
export const emptyStats = (entry: TensorEntry, head: TensorHead): TensorStats => ({
  zeros: 0,
  exactZeros: 0,
  nearZeros: 0,
  nan: 0,
  inf: 0,
  firstNonFinite: null,
  min: null,
  max: null,
  mean: null,
  std: null,
  absmax: null,
  kept: { count: 0, absmin: null, std: null, absMedian: null, abs99: null },
  quantiles: null,
  histogram: null,
  deadOutputChannels: null,
  deadInputChannels: null,
  deadOutputs: [],
  deadInputs: [],
  patterns: {},
  blocks: {},
  digest: null,
  sizes: sizesOf(entry, head, 0),
  obtained: { kind: 'exact' },
});
