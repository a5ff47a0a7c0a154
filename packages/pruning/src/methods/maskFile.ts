import type { PrunableLayer } from '../layer.js';
import type { Mask } from '../mask.js';
import { keepNan, nanNote } from '../masks/nan.js';
import { nonZeros } from '../masks/nonZeros.js';
import type { MaskMethod, Note } from '../method.js';

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
    const file = options['file'] as string;
    const opened = await open(file);
    if (!opened.ok) return opened;
    const byName = new Map(opened.value.map((layer) => [layer.head.name, layer]));
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      const { name } = layer.head;
      work.progress({ done, total: layers.length, label: name });
      const other = namesOf(layer)
        .map((candidate) => byName.get(candidate))
        .find((found) => found !== undefined);
      const why = whyUnfit(layer, other);
      if (other === undefined || why !== null) {
        const message = `${name} is left alone: ${why}.`;
        notes.push({ code: 'prune/no-mask', severity: 'warning', message, tensor: name });
        continue;
      }
      const { mask, nan } = await keepNan(layer, await nonZeros(other, work), work);
      masks.set(name, mask);
      if (nan > 0) notes.push(nanNote(name, nan));
    }
    if (masks.size > 0 || layers.length === 0) return { ok: true, value: { masks, notes } };
    const first = notes[0]?.message ?? '';
    return {
      ok: false,
      fault: {
        code: 'prune/no-mask',
        message: `${file} has no mask for any of the ${layers.length} weights. ${first}`,
        file,
        expected: layers.length,
        found: 0,
      },
    };
  },
};

/** Names under which a mask for a weight is kept: PyTorch's `X_mask`, TensorFlow's `layer/mask:0`, or the weight's own. */
function namesOf({ head: { name, layer } }: PrunableLayer): string[] {
  const own = name.replace(/_orig$/, '');
  return [`${own}_mask`, `${own}.mask`, `${layer}/mask:0`, `${layer}/mask`, `${layer}.mask`, name, own];
}

function whyUnfit({ head: { shape } }: PrunableLayer, other: PrunableLayer | undefined): string | null {
  if (other === undefined) return 'the file has no such tensor';
  if (other.head.shape.join() !== shape.join()) return `the file has it as ${other.head.shape.join('×')}`;
  return other.entry.data.kind === 'none' ? 'its values in the file cannot be read' : null;
}
