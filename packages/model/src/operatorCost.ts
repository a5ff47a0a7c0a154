/** Cost of one operator of the graph in one run; where the file leaves the batch open it is 1. */
export interface OperatorCost {
  readonly name: string;
  readonly operator: string;
  /** The layer whose weight it uses. */
  readonly layer?: string;
  /** Enclosing branches and loop bodies, outermost first. */
  readonly path?: readonly string[];
  readonly inputShapes: readonly (readonly (number | null)[] | null)[];
  readonly outputShape: readonly (number | null)[] | null;
  /** Multiply-accumulates, over all rounds of the loops around it; null: the operator, a shape it needs or the number of rounds is not known. */
  readonly macs: number | null;
  /** Elements of all outputs, of one round; null as above. */
  readonly activations: number | null;
  /** What is not known, where a number is null: `operator`, `shape`, `trip count`, `size` (too large to be exact). */
  readonly unknown?: string;
  /** False where it does not run beside the others: in a branch beside a costlier one, in a training graph or a function that is only defined. */
  readonly inTotal?: false;
}
