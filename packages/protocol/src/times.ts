import type { LayerTimes } from '@espalier/analysis';
import type { Figure } from './change.js';
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
  /** The whole model in a runtime; null where nobody asked for all layers, or for formats that none runs. */
  readonly whole: (WholeModelTime & { /** As a sentence. */ readonly text: string }) | null;
}

/** Time of a whole model, or why there is none. */
export type WholeModelTime =
  | {
      readonly kind: 'timed';
      /** `onnxruntime 1.30.0, 1 thread`. */
      readonly engine: string;
      /** `ms for image 1×3×224×224`. */
      readonly per: string;
      readonly figure: Figure;
    }
  | { readonly kind: 'not-timed'; readonly why: string };

/** Times of layers on this machine, as they are measured. Largest first. */
export const times = stream<TimesQuery, TimesItem, Answer<TimesEnd>>('latency/times');
