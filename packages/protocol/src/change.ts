import type { SizesAsStored } from '@espalier/analysis';
import type { Fault, OptionProblem } from '@espalier/base';
import type { Answer } from './checkpoint.js';
import type { ReportFormat } from './page.js';
import { request, stream } from './request.js';

/** A recipe to plan or run: its text, and the folder from which its paths start. */
export interface RecipeQuery {
  readonly recipe: string;
  readonly folder: string;
}

/** How a figure was obtained; pages draw a mark and a label for each. */
export type How =
  | { readonly kind: 'exact' }
  | { readonly kind: 'sampled'; readonly error: number }
  | { readonly kind: 'measured'; readonly runs: number; readonly spread: number; readonly baseline: string }
  | { readonly kind: 'estimate'; readonly error?: number; readonly profile: string }
  | { readonly kind: 'published'; readonly source: string };

export interface Figure {
  readonly value: number;
  readonly how: How;
}

/** Before and after; `after` is null while unknown. */
export interface Pair<T> {
  readonly before: T;
  readonly after: T;
}

/** What a recipe does to one tensor. */
export interface LayerChange {
  readonly name: string;
  readonly role: string;
  readonly storage: Pair<string>;
  readonly shape: Pair<readonly number[]>;
  readonly elements: Pair<number>;
  readonly zeros: Pair<number>;
  /** Σw²; null where there are no values. */
  readonly energy: Pair<number> | null;
  /** The share of it that stays, 0 to 1; null where it is not known or there is none. */
  readonly energyKept: number | null;
  readonly sizes: Pair<SizesAsStored>;
  /** Multiply-adds for one input; null where the graph is unknown. */
  readonly macs: Pair<{ readonly dense: number; readonly effective: number }> | null;
  /** Why no step touches it; null: a step does. */
  readonly leftAlone: string | null;
  /** `2:4`, `4x1`, `channel` …: the patterns that hold strictly afterwards. */
  readonly patterns: readonly string[];
  readonly latency: LayerLatency | null;
  /** Where its numbers are stored with few bits. */
  readonly quantization?: LayerQuantization;
}

/** How the largest magnitude that codes represent is chosen. */
export type RangeMethod = 'max' | 'percentile' | 'mse' | 'kl';

/** How a tensor is stored with few bits, and what that loses. */
export interface LayerQuantization {
  /** `int8-sym`, `binary`, `Q8_0` … */
  readonly scheme: string;
  /** Of a code. */
  readonly bits: number;
  /** Scales included. */
  readonly bitsPerWeight: number;
  /** `tensor`, `channel`, `group of 128`, `blocks of 32`. */
  readonly granularity: string;
  /** Signal to noise in decibels; `inf` where nothing is lost, null where there was nothing to lose. */
  readonly sqnrDb: number | 'inf' | null;
  readonly mse: number;
  readonly maxAbsError: number;
  readonly cosine: number | null;
  /** Share of the weights beyond what the codes reach. */
  readonly clippedShare: number;
  /** How many codes are used, of how many; null where there are none to count. */
  readonly levels: { readonly used: number; readonly all: number } | null;
  /** What each way of choosing the largest magnitude would keep, of symmetric codes: from so many values, evenly spread. */
  readonly ranges?: {
    readonly sqnrDb: Readonly<Record<RangeMethod, number | 'inf' | null>>;
    readonly best: RangeMethod;
    readonly values: number;
    readonly of: number;
  };
  /** How the input of its layer is quantized, where samples told its range. */
  readonly input?: {
    readonly bits: number;
    /** A code q stands for scale · q. */
    readonly scale: number;
    /** Magnitudes beyond are cut. */
    readonly clip: number;
    readonly calibration: RangeMethod;
    /** What each way of choosing the clip would keep of the samples, as `sqnrDb` above. */
    readonly sqnrDb: Readonly<Record<RangeMethod, number | 'inf' | null>>;
    readonly best: RangeMethod;
    readonly samples: number;
  };
}

/** Time of a layer's products in ms, in several ways of computing them. */
export interface LayerLatency {
  /** `1024×1024 by 256`. */
  readonly problem: string;
  readonly ways: readonly {
    /** `dense`, `csr`, `block-4x1`, `regrouped`, `channels-removed`, `int8`. */
    readonly way: string;
    readonly ms: Figure;
  }[];
  /** Estimates by device: before → after with what binds. */
  readonly devices: readonly {
    readonly device: string;
    readonly beforeMs: Figure;
    readonly afterMs: Figure;
    readonly boundBy: 'compute' | 'memory' | 'overhead' | 'channels';
  }[];
}

export interface ChangeTotals {
  readonly parameters: Pair<number>;
  readonly zeros: Pair<number>;
  readonly prunableElements: Pair<number>;
  readonly prunableZeros: Pair<number>;
  readonly energyKept: number | null;
  readonly sizes: Pair<SizesAsStored>;
  readonly macs: Pair<{ readonly dense: number; readonly effective: number }> | null;
  /** How multiply-adds are counted, as one sentence. */
  readonly macConvention: string | null;
  /** The same quantities of the masked model, where channels were removed after masking. */
  readonly masked: Pick<ChangeTotals, 'zeros' | 'sizes' | 'macs'> | null;
}

/** Time of the whole model by one engine. */
export interface ModelLatency {
  /** `Espalier engine, 1 thread`, `onnxruntime 1.30, 1 thread`. */
  readonly engine: string;
  /** `ms per image`, `ms for 256 columns`: of what one run is. */
  readonly per: string;
  readonly before: Figure;
  readonly masked: Figure | null;
  readonly after: Figure;
}

/** From the time before to the time after: what zeros would give if they were free, and each loss on the way. */
export interface BridgeStep {
  readonly label: string;
  readonly ms: number;
  readonly kind: 'end' | 'ideal' | 'loss';
}

/** Something to watch, a layer that was left alone, a pattern that broke. */
export interface ChangeNote {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  readonly tensor?: string;
}

export interface PlannedStep {
  readonly id: string;
  readonly verb: string;
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** `Zero the 80 % of weights with the smallest absolute value, model-wide.` */
  readonly summary: string;
  readonly tensors: number;
}

export interface ChangeInput {
  readonly path: string;
  readonly name: string;
  readonly format: string;
  readonly formatLabel: string;
  readonly bytes: number;
}

export interface ChangeOutput {
  readonly path: string;
  readonly format: string;
  /** Estimated in a plan, measured in a report. */
  readonly bytes: number;
}

/** Estimated time of all products together on a device. */
export interface DeviceTotal {
  readonly device: string;
  readonly label: string;
  readonly beforeMs: Figure;
  readonly afterMs: Figure;
  /** How many layers are bound by what afterwards. */
  readonly boundBy: Readonly<Partial<Record<LayerLatency['devices'][number]['boundBy'], number>>>;
  /** How many layers skip zeros there, of how many. */
  readonly sparse: { readonly layers: number; readonly of: number };
  readonly sources: readonly string[];
}

/** What would happen. Nothing is written. */
export interface Plan {
  readonly input: ChangeInput;
  readonly steps: readonly PlannedStep[];
  readonly layers: readonly LayerChange[];
  readonly totals: ChangeTotals;
  readonly outputs: readonly ChangeOutput[];
  readonly notes: readonly ChangeNote[];
  /** Measured on this machine, where somebody asked for it. */
  readonly latency?: readonly ModelLatency[];
  /** Time on the devices that the recipe names, of all layers that steps touch. */
  readonly devices?: readonly DeviceTotal[];
  /** How much of the energy goes at 50, 70, 80, 90, 95 % in each layer that a step touches: aligned with SENSITIVITY_RATIOS. */
  readonly sensitivity: readonly { readonly name: string; readonly energyLost: readonly number[] }[];
}

export const SENSITIVITY_RATIOS = [0.5, 0.7, 0.8, 0.9, 0.95] as const;

/** A recipe that cannot be planned: its problems with offsets in the text. */
export interface RecipeProblem {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  /** UTF-16 offsets in the recipe's text. */
  readonly from: number;
  readonly to: number;
  readonly fix?: { readonly title: string; readonly text: string };
}

export type PlanAnswer =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'problems'; readonly problems: readonly RecipeProblem[] }
  | { readonly kind: 'fault'; readonly fault: Fault };

export type PlanItem =
  | { readonly kind: 'layer'; readonly layer: LayerChange }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly label: string };

/** What a plan tells only when asked: it takes its time. What was told before of the same plan on this machine is told again without being asked. */
export interface PlanQuery extends RecipeQuery {
  /** Sizes after gzip, of each layer and in all. */
  readonly gzip?: boolean;
  /** Times of the layers that steps take, on this machine. */
  readonly measure?: boolean;
}

/** The plan of a recipe, layer by layer as they are worked out. */
export const plan = stream<PlanQuery, PlanItem, PlanAnswer>('change/plan');

/** One row of “does any runtime use this?”. */
export interface RuntimeRow {
  readonly runtime: string;
  readonly version: string;
  readonly pattern: string;
  readonly dtype: string;
  readonly condition: string;
  /** null: not applicable, and `why` says so. */
  readonly gain: Figure | null;
  readonly why: string;
  readonly source: string;
  /** ISO date on which the source was read. */
  readonly date: string;
}

/** One limit of the recipe's budget, checked on the file that was written. */
export interface CheckedLimit {
  /** `budget/size`, `budget/sparsity` … */
  readonly code: string;
  readonly verdict: 'kept' | 'broken' | 'unknown';
  readonly message: string;
}

/** What happened: written beside the output as JSON, drawn by the report page, printed by the terminal. */
export interface ChangeReport {
  readonly schemaVersion: 1;
  readonly title: string;
  /** Clauses of the verdict; the page sets each on its own line. `strong` marks the numbers and the deciding word. */
  readonly verdict: readonly (readonly { readonly text: string; readonly strong?: boolean }[])[];
  readonly plan: Plan;
  readonly latency: readonly ModelLatency[];
  /** null where time gained and work saved are about the same, or time was not measured. */
  readonly bridge: readonly BridgeStep[] | null;
  readonly runtimes: readonly RuntimeRow[];
  /** What `evaluate` said; null: not measured, and `why`. */
  readonly accuracy: { readonly before: number | null; readonly after: number; readonly command: string } | null;
  readonly accuracyMissing: string | null;
  /** How the output stands to the budget of the recipe, where that has one. */
  readonly limits?: readonly CheckedLimit[];
  readonly provenance: {
    readonly recipe: string;
    readonly seed: number;
    readonly engine: string;
    readonly version: string;
    readonly inputSha256: string;
    readonly outputs: readonly (ChangeOutput & { readonly sha256: string })[];
    readonly machine: string;
    readonly startedAt: string;
    readonly seconds: number;
  };
}

/** The report of a finished job, by the path that the job names. */
export const report = request<{ readonly path: string }, Answer<ChangeReport>>('change/report');

/** What became of a file since a run: `changed` where it was written to, as far as its time tells. */
export type FileSince = 'same' | 'changed' | 'gone';

export interface ReportFiles {
  readonly input: FileSince;
  /** Aligned with the outputs of the provenance. */
  readonly outputs: readonly FileSince[];
}

/** Whether the files of a report are still what the run read and wrote. */
export const reportFiles = request<{ readonly path: string }, Answer<ReportFiles>>('change/files');

/** A report as text for people, tables or programs. */
export const exportReport = request<{ readonly path: string; readonly format: ReportFormat }, Answer<string>>(
  'change/export',
);

/** What is wrong with options, for forms. */
export type { OptionProblem };
