/** Cost of one operator of the graph at batch 1. */
export interface OperatorCost {
  readonly name: string;
  readonly operator: string;
  readonly layer?: string;
  readonly inputShapes: readonly (readonly (number | null)[] | null)[];
  readonly outputShape: readonly (number | null)[] | null;
  /** Multiply-accumulates; null: the operator or a shape it needs is not understood. */
  readonly macs: number | null;
  /** Elements of all outputs; null as above. */
  readonly activations: number | null;
  readonly unknown?: string;
}
