import type { OperatorCost } from '../operatorCost.js';

/** What one run of the model costs. */
export interface TotalCost {
  /** Operators that are counted; of alternatives, those of the costliest. */
  readonly operators: number;
  /** Multiply-accumulates that are known. */
  readonly macs: number;
  /** Operators whose multiply-accumulates are not known. Where there are any, `macs` is a lower bound. */
  readonly unknown: number;
  /** Elements of all outputs that are known. */
  readonly activations: number;
}

/** Sums what is known, and tells how much is not. */
export function totalCost(operators: readonly OperatorCost[]): TotalCost {
  let [count, macs, unknown, activations] = [0, 0, 0, 0];
  for (const operator of operators) {
    if (operator.inTotal === false) continue;
    count++;
    if (operator.macs === null) unknown++;
    macs += operator.macs ?? 0;
    activations += operator.activations ?? 0;
  }
  return { operators: count, macs, unknown, activations };
}
