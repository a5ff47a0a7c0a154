import { invariant } from '@espalier/base';
import { applyMaskStep } from './applyMaskStep.js';
import { applyQuantizeStep } from './applyQuantizeStep.js';
import type { ApplyStep } from './step.js';

/** How the steps of each verb are applied, one line each. */
const STEPS: Readonly<Record<string, ApplyStep>> = {
  prune: applyMaskStep,
  structure: applyMaskStep,
  quantize: applyQuantizeStep,
};

export const applyStep: ApplyStep = (state, step, ...rest) => {
  const apply = STEPS[step.verb];
  invariant(apply !== undefined, `no step ${step.verb}`);
  return apply(state, step, ...rest);
};
