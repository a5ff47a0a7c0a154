import type { Checkpoint, OutputTensor, TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { ChangeNote } from '@espalier/protocol';
import type { Mask } from '@espalier/pruning';

/** A tensor on its way through the steps. */
export interface EditedTensor {
  /** As it was read. */
  readonly original: { readonly head: TensorHead; readonly entry: TensorEntry };
  /** As later steps read it: masked, smaller, quantized. */
  readonly head: TensorHead;
  readonly entry: TensorEntry;
  readonly mask?: Mask;
  /** Its bytes, where they are not simply those of `entry`. */
  readonly output?: () => OutputTensor;
  /** Ids of the steps that changed it. */
  readonly steps: readonly string[];
  /** Why the last step that might have changed it did not. */
  readonly leftAlone: string | null;
  /** Patterns that a step established: `2:4`, `channel`, `block-4x1`. */
  readonly patterns: readonly string[];
}

/** A checkpoint between two steps. Steps make new states; nothing is written. */
export interface EditState {
  readonly checkpoint: Checkpoint;
  readonly tensors: readonly EditedTensor[];
  readonly notes: readonly ChangeNote[];
}
