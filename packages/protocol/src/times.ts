import type { LayerTimes } from '@espalier/analysis';
import type { Answer, CheckpointQuery } from './checkpoint.js';
import { stream } from './request.js';

export interface TimesQuery extends CheckpointQuery {
  /** Globs over names of tensors and layers; without one every weight matrix. */
  readonly layers?: readonly string[];
  /** To how many columns each layer is applied; without it what the graph tells, else 256. */
  readonly columns?: number;
  /** Measure also what was measured before. */
  readonly again?: boolean;
}

/** One layer, or why there is nothing to time about it. */
export interface TimesItem {
  readonly tensor: string;
  readonly times: LayerTimes | null;
  readonly why: string | null;
  /** How many layers of how many. */
  readonly done: number;
  readonly total: number;
}

export interface TimesEnd {
  /** All layers together, as a sentence. */
  readonly summary: string;
  /** What was measured on. */
  readonly machine: string;
}

/** Times of layers on this machine, as they are measured. Largest first. */
export const times = stream<TimesQuery, TimesItem, Answer<TimesEnd>>('latency/times');
