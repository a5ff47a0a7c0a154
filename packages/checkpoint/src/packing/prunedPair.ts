import type { DecodedData, TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import type { Packing } from './packing.js';

/**
 * A weight that PyTorch prunes while it trains: `X_orig` with every value and `X_mask` of zeros and ones; the module computes with their product. (torch/nn/utils/prune.py,
 * BasePruningMethod.apply_mask.) What the mask drops is +0 here, whatever the sign of the value; NaN stays NaN, as in the product.
 */
export const prunedPair: Packing = {
  name: 'pruned-pair',
  suffixes: ['_orig'],
  async fold(base, parts) {
    const [original, mask] = [parts.find(`${base}_orig`), parts.find(`${base}_mask`)];
    if (original === undefined || mask === undefined || original.shape.join() !== mask.shape.join()) return undefined;
    if (original.data.kind === 'none' || mask.data.kind === 'none') return undefined;
    const data: DecodedData = {
      kind: 'decoded',
      blockElements: original.data.kind === 'decoded' ? original.data.blockElements : 1,
      async read(begin, count, signal) {
        const values = (await readValues(original, begin, count, signal)).slice();
        const kept = await readValues(mask, begin, count, signal);
        for (let i = 0; i < values.length; i++) values[i] = values[i]! * kept[i]! + 0;
        return values;
      },
    };
    const { sharesStorageWith: _, ...stored } = original;
    const entry: TensorEntry = {
      ...stored,
      name: base,
      storage: `${original.storage} with a mask`,
      bytes: original.bytes + mask.bytes,
      data,
      packedFrom: [original.name, mask.name],
    };
    return entry;
  },
};
