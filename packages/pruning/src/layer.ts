import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { Mask } from './mask.js';

/** A weight tensor that methods may change: what it is, its values by range, and the mask that earlier steps gave it. */
export interface PrunableLayer {
  readonly head: TensorHead;
  readonly entry: TensorEntry;
  readonly mask?: Mask;
}
