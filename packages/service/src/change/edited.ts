import type { Fault } from '@espalier/base';
import {
  type Checkpoint,
  entryOutput,
  type GraphEdit,
  type OutputTensor,
  type TensorEntry,
} from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { ChangeNote, LayerQuantization } from '@espalier/protocol';
import { type Mask, maskedEntry, maskedOutput, type PrunableLayer } from '@espalier/pruning';
import type { RemovedChannels } from './shapeManifest.js';

/** A tensor on its way through the steps. Nothing is written; values are read through. */
export interface EditedTensor {
  readonly head: TensorHead;
  /** As it is in the input. */
  readonly entry: TensorEntry;
  /** What a step made of it that does more than to zero weights. */
  readonly after?: Replacement;
  /** What the steps leave of it, or of `after` where that is there: a replacement takes up the masks before it. */
  readonly mask?: Mask;
  /** Ids of the steps that changed it. */
  readonly steps: readonly string[];
  /** Why the last step that might have changed it did not. */
  readonly leftAlone: string | null;
}

/** What stands in place of a tensor: other values, another shape, another way of storing. */
export interface Replacement {
  readonly head: TensorHead;
  /** Its logical values. */
  readonly entry: TensorEntry;
  /** What a writer of a format stores in its place, where that is not the entry: quantized numbers and their scales. */
  readonly stored?: (format: string) => Stored;
  /** What was lost by storing it with few bits. */
  readonly quantization?: LayerQuantization;
}

export interface Stored {
  readonly outputs: readonly OutputTensor[];
  /** What a graph does to get the numbers back. */
  readonly graphEdits?: readonly GraphEdit[];
  /** What readers have to know, for the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Why a writer of this format has no place for it. */
  readonly refusal?: Fault;
}

/** A checkpoint between two steps. Steps make new states. */
export interface EditState {
  readonly checkpoint: Checkpoint;
  readonly tensors: readonly EditedTensor[];
  readonly notes: readonly ChangeNote[];
  /** What changes in the graph besides values and shapes of tensors, for formats that carry one. */
  readonly graphEdits?: readonly GraphEdit[];
  /** Channels that steps took out, for the manifest of shapes. */
  readonly removed?: readonly RemovedChannels[];
}

/** The tensor as it is without its mask. */
export const unmasked = ({ head, entry, after }: EditedTensor): Pick<EditedTensor, 'head' | 'entry'> =>
  after ?? { head, entry };

/** The tensor as a method that knows masks sees it. */
export const layerOf = (tensor: EditedTensor): PrunableLayer => ({
  ...unmasked(tensor),
  ...(tensor.mask === undefined ? {} : { mask: tensor.mask }),
});

/** The head of the tensor as the next reader sees it. */
export const headAfter = ({ head, after }: EditedTensor): TensorHead => after?.head ?? head;

/** The tensor as the next reader sees it. */
export function entryAfter(tensor: EditedTensor): TensorEntry {
  const { head, entry } = unmasked(tensor);
  return tensor.mask === undefined ? entry : maskedEntry({ head, entry }, tensor.mask);
}

/** What a writer stores of it. */
export function storedOf(tensor: EditedTensor, format: string): Stored {
  const { head, entry } = unmasked(tensor);
  if (tensor.mask !== undefined) return { outputs: [maskedOutput({ head, entry }, tensor.mask)] };
  return tensor.after?.stored?.(format) ?? { outputs: [entryOutput(entry)] };
}
