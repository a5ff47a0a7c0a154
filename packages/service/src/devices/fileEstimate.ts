import { type DeviceProfile, estimateProduct, type TensorHead } from '@espalier/analysis';
import { macsByLayer } from '../change/layerMacs.js';
import type { FileFacts } from '../fileFacts.js';
import { productOf } from '../latency/readProduct.js';
import { strictPatterns } from '../strictPatterns.js';
import { typeOf } from './deviceTimes.js';

/** What the roofline tells of a checkpoint as a whole. */
export interface FileEstimate {
  /** Of the layers that are estimated, for one run of the graph. */
  readonly ms: number;
  /** Layers that are products and whose times are not in it: how often they are applied, or how, is not known. */
  readonly missing: readonly TensorHead[];
}

/** Time of the weight layers of a checkpoint on a device; null where no graph tells how often each layer is applied. Zeros count where their pattern was read. */
export function fileEstimate({ head, facts }: FileFacts, device: DeviceProfile): FileEstimate | null {
  if (head.operators === undefined) return null;
  const macs = macsByLayer(head.operators);
  let ms = 0;
  const missing: TensorHead[] = [];
  for (const tensor of head.tensors) {
    if (!tensor.prunable || tensor.role === 'embedding' || tensor.elements === 0) continue;
    const product = productOf(tensor, macs.get(tensor.layer) ?? null, null);
    if (typeof product === 'string' || product.columnsFrom !== 'graph' || product.groups !== undefined) {
      missing.push(tensor);
      continue;
    }
    const stats = facts.get(tensor.name)?.stats;
    const patterns = stats === undefined ? [] : strictPatterns(stats);
    ms += estimateProduct({ ...product, type: typeOf(tensor.storage, device), patterns }, device).ms;
  }
  return { ms, missing };
}
