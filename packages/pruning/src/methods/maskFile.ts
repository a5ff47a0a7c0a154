import { type Mask, maskOf } from '../mask.js';
import type { MaskMethod, Note } from '../method.js';
import { allValues } from '../readLayer.js';

export const maskFile: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'mask',
    summary: 'Zero the weights that are zero in another file: a mask of zeros and ones, or another checkpoint.',
    source: 'PyTorch, torch.nn.utils.prune: `X_mask` belongs to `X_orig`',
    parameters: {
      file: { kind: 'path', accepts: 'mask', required: true, doc: 'The file whose zeros are taken.' },
    },
  },
  async masks(layers, options, { work, open }) {
    const opened = await open(options['file'] as string);
    if (!opened.ok) return opened;
    const byName = new Map(opened.value.map((layer) => [layer.head.name, layer]));
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      const { name, shape } = layer.head;
      work.progress({ done, total: layers.length, label: name });
      const other = byName.get(name) ?? byName.get(`${name}_mask`) ?? byName.get(name.replace(/_orig$/, '_mask'));
      if (other === undefined || other.head.shape.join() !== shape.join()) {
        const why =
          other === undefined ? 'the file has no such tensor' : `the file has it as ${other.head.shape.join('×')}`;
        notes.push({
          code: 'prune/no-mask',
          severity: 'warning',
          message: `${name} is left alone: ${why}.`,
          tensor: name,
        });
        continue;
      }
      const values = await allValues(other, work);
      masks.set(
        name,
        maskOf(values.length, (i) => values[i] !== 0),
      );
    }
    return { ok: true, value: { masks, notes } };
  },
};
