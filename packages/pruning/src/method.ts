import type { Fault, MethodDescription, Options, Result, Work } from '@espalier/base';
import type { Graph } from '@espalier/checkpoint';
import type { PrunableLayer } from './layer.js';
import type { Mask } from './mask.js';

/** A method that decides which weights stay. Pure but for reading values; the same layers, options and seed give the same masks. */
export interface MaskMethod {
  readonly description: MethodDescription;
  /**
   * The mask of every layer, by the tensor's name, in the order of `layers` (file order). A layer whose mask stays as it is may be left out.
   * Options come from `parseOptions`. Faults: `prune/…`; a layer that would be empty, a ratio that cannot be reached.
   */
  masks(layers: readonly PrunableLayer[], options: Options, context: MethodContext): Promise<Result<MaskAnswer, Fault>>;
}

export interface MethodContext {
  readonly work: Work;
  /** Opens the file that an option of kind `path` names: a mask file, another checkpoint. */
  open(path: string): Promise<Result<readonly PrunableLayer[], Fault>>;
  /** Every tensor of the checkpoint, also those that the step does not change; needed by `channel` with the scale of batch normalization. */
  readonly tensors?: readonly PrunableLayer[];
  /** Operators, where the format carries them. */
  readonly graph?: Graph;
}

export interface MaskAnswer {
  readonly masks: ReadonlyMap<string, Mask>;
  /** What people should know: a layer left alone, ties cut, rows lost. */
  readonly notes: readonly Note[];
}

export interface Note {
  /** `prune/not-divisible`, `prune/layer-empty`, `regroup/rows-lost` … */
  readonly code: string;
  readonly severity: 'warning' | 'information';
  readonly message: string;
  readonly tensor?: string;
}
