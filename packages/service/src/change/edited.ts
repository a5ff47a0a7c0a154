import type { Checkpoint, TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { ChangeNote } from '@espalier/protocol';
import { type Mask, maskedEntry } from '@espalier/pruning';

/** A tensor on its way through the steps. Nothing is written; values are read through. */
export interface EditedTensor {
  readonly head: TensorHead;
  /** As it is in the input. */
  readonly entry: TensorEntry;
  /** What the steps so far leave of it, together. */
  readonly mask?: Mask;
  /** Ids of the steps that changed it. */
  readonly steps: readonly string[];
  /** Why the last step that might have changed it did not. */
  readonly leftAlone: string | null;
}

/** A checkpoint between two steps. Steps make new states. */
export interface EditState {
  readonly checkpoint: Checkpoint;
  readonly tensors: readonly EditedTensor[];
  readonly notes: readonly ChangeNote[];
}

/** The tensor as the next reader sees it. */
export const entryAfter = ({ head, entry, mask }: EditedTensor): TensorEntry =>
  mask === undefined ? entry : maskedEntry({ head, entry }, mask);
