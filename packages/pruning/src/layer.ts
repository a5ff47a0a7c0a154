import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { Mask } from './mask.js';

/** A weight tensor that methods may change. */
export interface PrunableLayer {
  readonly head: TensorHead;
  /** Its values, without the mask. */
  readonly entry: TensorEntry;
  /** What an earlier step decided. Methods of the verb `structure` replace it; others see masked values and no mask. */
  readonly mask?: Mask;
}
