import type { Mask } from '../mask.js';
import { magnitudeMasks } from '../masks/magnitude.js';
import { nanNote } from '../masks/nan.js';
import type { MaskMethod, Note } from '../method.js';

export const magnitude: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'magnitude',
    summary: 'Zero the weights with the smallest absolute value.',
    source: 'Han et al., "Learning both Weights and Connections", NeurIPS 2015; exact counts, ties by file order',
    parameters: {
      sparsity: { kind: 'ratio', default: 0.5, open: 'high', doc: 'Fraction of weights set to zero.' },
      scope: {
        kind: 'oneOf',
        default: 'model',
        doc: 'Where weights are ranked together.',
        values: [
          { value: 'model', doc: 'All layers together, by one threshold.' },
          { value: 'layer', doc: 'Each layer by itself, all to the same sparsity.' },
        ],
      },
    },
  },
  async masks(layers, options, { work }) {
    const sparsity = options['sparsity'] as number;
    const groups = options['scope'] === 'layer' ? layers.map((layer) => [layer]) : [layers];
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const group of groups) {
      const found = await magnitudeMasks(group, sparsity, work);
      if (!found.ok) return found;
      for (const [name, mask] of found.value.masks) masks.set(name, mask);
      for (const [name, nan] of found.value.nan) notes.push(nanNote(name, nan));
    }
    return { ok: true, value: { masks, notes } };
  },
};
