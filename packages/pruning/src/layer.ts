import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { Mask } from './mask.js';

/** A weight tensor that methods may change. */
export interface PrunableLayer {
  readonly head: TensorHead;
  /** Its values, without the mask. */
  readonly entry: TensorEntry;
  /** What earlier steps decided. Methods of the verb `structure` replace it; those of `prune` add to it: what is dropped stays so. */
  readonly mask?: Mask;
}
