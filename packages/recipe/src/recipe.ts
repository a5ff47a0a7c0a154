import type { Options } from '@espalier/base';
import type { Budget } from './budget/budget.js';
import type { SweepAxis } from './sweep.js';

/** A recipe without problems, as plain data: defaults filled in, options checked against the method's table. */
export interface Recipe {
  /** Checkpoints by name; a recipe with one input calls it `model`. Paths as written, relative to the recipe's folder. */
  readonly inputs: readonly RecipeInput[];
  readonly exclude: Exclusions;
  readonly steps: readonly RecipeStep[];
  readonly outputs: readonly RecipeOutput[];
  /** Names of device profiles, the first is the target. */
  readonly devices: readonly string[];
  /** Limits of the result; null: there are none. */
  readonly budget: Budget | null;
  /** A command that measures the result; `{output}` and `{input}` are replaced. Runs only in trusted workspaces. */
  readonly evaluate: string | null;
  readonly seed: number;
  /** Values that are tried instead of those of the steps; empty: the recipe runs once. */
  readonly sweep: readonly SweepAxis[];
}

export interface RecipeInput {
  readonly name: string;
  readonly path: string;
}

/** What no step changes. */
export interface Exclusions {
  /** Globs over names of tensors and layers. */
  readonly layers: readonly string[];
  /** Globs as well: everything but these is left alone. */
  readonly allBut?: readonly string[];
  /** `first`, `last`, `norm`, `bias`, or a role such as `embedding`. */
  readonly roles: readonly string[];
  /** Tensors with fewer elements are left alone. */
  readonly minElements: number;
  /** A named set of exclusions: `structure-lth` leaves the first convolution and every linear layer alone. */
  readonly preset: 'none' | 'structure-lth';
}

export interface RecipeStep {
  readonly id: string;
  /** `prune`, `structure`, `remove`, `quantize`. */
  readonly verb: string;
  readonly method: string;
  readonly options: Options;
  /** Exclusions of this step alone, added to those of the recipe. */
  readonly exclude: Exclusions;
}

export interface RecipeOutput {
  readonly path: string;
  /** Name of a writer; null: by the extension, else the input's format. */
  readonly format: string | null;
  /** How weights that a step zeroed are written: as zeros, or as PyTorch's pairs of every value and a mask. */
  readonly masks: 'zeros' | 'pytorch';
}
