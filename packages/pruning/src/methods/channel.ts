import { kernelMatrix } from '../kernelMatrix.js';
import type { Mask } from '../mask.js';
import { rowMask, rowNorms } from '../masks/channels.js';
import { keepRanked } from '../masks/ranked.js';
import type { MaskMethod } from '../method.js';
import { allValues } from '../readLayer.js';

export const channel: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'channel',
    summary: 'Zero whole output channels, those with the smallest norm.',
    source: 'Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017',
    parameters: {
      sparsity: {
        kind: 'ratio',
        default: 0.5,
        open: 'high',
        doc: 'Fraction of the output channels of each layer that is zeroed.',
      },
      norm: {
        kind: 'oneOf',
        default: 'l1',
        doc: 'How channels are ranked.',
        values: [
          { value: 'l1', doc: 'Sum of |w|.' },
          { value: 'l2', doc: 'Root of the sum of squares.' },
        ],
      },
    },
  },
  async masks(layers, options, { work }) {
    const masks = new Map<string, Mask>();
    for (const [done, layer] of layers.entries()) {
      work.progress({ done, total: layers.length, label: layer.head.name });
      const matrix = kernelMatrix(layer.head);
      const norms = rowNorms(await allValues(layer, work), matrix, options['norm'] as 'l1' | 'l2');
      masks.set(layer.head.name, rowMask(matrix, keepRanked(norms, options['sparsity'] as number)));
    }
    return { ok: true, value: { masks, notes: [] } };
  },
};
