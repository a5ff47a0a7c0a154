import type { Fault, Result, Work } from '@espalier/base';
import type { PrunableLayer } from '@espalier/pruning';
import type { Exclusions, RecipeStep } from '@espalier/recipe';
import type { EditState } from './edited.js';
import type { FindRuntime } from './modelRuntime.js';

/** Opens a file that an option names. */
export type OpenLayers = (path: string) => Promise<Result<readonly PrunableLayer[], Fault>>;

/** Finds what runs models beside a recipe; null where nothing may run, `planning` where nothing is to run yet. */
export type StepRuntime = (() => ReturnType<FindRuntime>) | null | 'planning';

/** What a step makes of a state. Faults: those of the method and of the sources. */
export type ApplyStep = (
  state: EditState,
  step: RecipeStep,
  exclude: Exclusions,
  open: OpenLayers,
  work: Work,
  runtime: StepRuntime,
) => Promise<Result<EditState, Fault>>;
