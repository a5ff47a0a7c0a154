import type { Fault } from '@espalier/base';
import type { Answer } from './checkpoint.js';
import { request } from './request.js';

/** What an option is set to. */
export type SweptValue = string | number | boolean;

/** What the points of a sweep gave, for comparison: written after every point, drawn by the sweep page, printed by the terminal. */
export interface SweepReport {
  readonly schemaVersion: 1;
  readonly kind: 'sweep';
  /** `resnet18.safetensors · 9 points`. */
  readonly title: string;
  /** `9 of 9 points; 50.0 to 90.0 % of the weights zero; 51.3 to 98.1 % of the energy kept`. */
  readonly verdict: string;
  /** The text of the whole recipe, and the folder from which its paths start. */
  readonly recipe: string;
  readonly folder: string;
  readonly input: { readonly path: string; readonly name: string; readonly bytes: number; readonly sha256: string };
  readonly axes: readonly { readonly key: string; readonly values: readonly SweptValue[] }[];
  readonly points: readonly SweepResult[];
  readonly machine: string;
  readonly startedAt: string;
}

/** One point and what became of it. */
export interface SweepResult {
  /** Hex digits that stand for what the point does: the same digits, the same result. */
  readonly id: string;
  /** The value of each axis; null where it makes no difference. */
  readonly values: Readonly<Record<string, SweptValue | null>>;
  /** Its methods without their numbers: points of one series are joined in charts. */
  readonly series: string;
  /** The recipe of this point alone. */
  readonly recipe: string;
  readonly state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'failed'; readonly fault: Fault }
    | ({ readonly kind: 'done' } & SweepFigures);
}

/** What is compared. */
export interface SweepFigures {
  readonly output: string;
  readonly report: string;
  /** Of the weights of convolutions and linear layers. */
  readonly prunableElements: number;
  readonly prunableZeros: number;
  /** The share of Σw² that stays; null where it is not known. */
  readonly energyKept: number | null;
  /** Signal to noise of the layer that quantization hurts most, in decibels; null: nothing is quantized, or nothing is lost. */
  readonly lowestSqnrDb: number | null;
  /** Of the files that were written. */
  readonly outputBytes: number;
  /** Of all tensors in the smaller of CSR and bit masks, where that is smaller than as they are. */
  readonly sparseBytes: number;
  /** Share of the multiply-adds that are left if zeros are skipped; null where the graph is unknown. */
  readonly effectiveMacs: number | null;
  /** Times of the model before and after, measured in the same run, in ms; null: not measured. */
  readonly msBefore: number | null;
  readonly msAfter: number | null;
  /** What `evaluate` said of the result; null: not measured. */
  readonly accuracy: number | null;
  /** The same of the input. */
  readonly accuracyBefore: number | null;
  readonly seconds: number;
  /** Of the product that made it. */
  readonly version: string;
}

/** The comparison of a sweep, by the path that its job names. */
export const sweep = request<{ readonly path: string }, Answer<SweepReport>>('change/sweep');
