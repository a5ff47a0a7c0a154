import { invariant } from '@espalier/base';
import { applyMaskStep } from './applyMaskStep.js';
import { applyQuantizeStep } from './applyQuantizeStep.js';
import { applyRemoveStep } from './applyRemoveStep.js';
import type { ApplyStep } from './step.js';

/** How the steps of each verb are applied, one line each; of a method that is not applied as others of its verb its own line. */
const STEPS: Readonly<Record<string, ApplyStep>> = {
  prune: applyMaskStep,
  structure: applyMaskStep,
  'structure remove': applyRemoveStep,
  quantize: applyQuantizeStep,
};

export const applyStep: ApplyStep = (state, step, ...rest) => {
  const apply = STEPS[`${step.verb} ${step.method}`] ?? STEPS[step.verb];
  invariant(apply !== undefined, `no step ${step.verb}`);
  return apply(state, step, ...rest);
};
