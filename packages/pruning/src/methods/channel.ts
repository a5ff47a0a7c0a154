import { readValues } from '@espalier/checkpoint';
import { kernelMatrix } from '../kernelMatrix.js';
import type { PrunableLayer } from '../layer.js';
import type { Mask } from '../mask.js';
import { rowMask, rowNorms } from '../masks/channels.js';
import { keepNan, nanNote, sparedNote } from '../masks/nan.js';
import { keepRanked } from '../masks/ranked.js';
import type { MaskMethod, MethodContext, Note } from '../method.js';
import { normOf } from '../normOf.js';

export const channel: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'channel',
    summary: 'Zero whole output channels, those with the smallest norm.',
    source:
      'Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017; Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017 (batch-norm)',
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
          {
            value: 'batch-norm',
            doc: 'Magnitude of the scale of the batch normalization that follows; layers without one are left alone.',
          },
        ],
      },
    },
  },
  async masks(layers, options, context) {
    const { work } = context;
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      work.signal.throwIfAborted();
      const { name } = layer.head;
      work.progress({ done, total: layers.length, label: name });
      const matrix = kernelMatrix(layer.head);
      const norm = options['norm'] as 'l1' | 'l2' | 'batch-norm';
      const scores = norm === 'batch-norm' ? await scalesOf(layer, context) : await rowNorms(layer, matrix, norm, work);
      if (scores === null) {
        notes.push({
          code: 'prune/no-norm',
          severity: 'warning',
          message: `${name} is left alone: no batch normalization is known to follow it.`,
          tensor: name,
        });
        continue;
      }
      const { kept, spared } = keepRanked(scores, options['sparsity'] as number);
      if (spared > 0) notes.push(sparedNote(name, spared, 'channels'));
      const mask = rowMask(matrix, kept);
      if (norm !== 'batch-norm') masks.set(name, mask);
      else {
        const safe = await keepNan(layer, mask, work);
        masks.set(name, safe.mask);
        if (safe.nan > 0) notes.push(nanNote(name, safe.nan));
      }
    }
    if (masks.size > 0 || layers.length === 0) return { ok: true, value: { masks, notes } };
    return {
      ok: false,
      fault: {
        code: 'prune/no-norm',
        message: `No batch normalization is known to follow any of the ${layers.length} weights: rank channels by l1 or l2.`,
        expected: layers.length,
        found: 0,
      },
    };
  },
};

async function scalesOf(
  { head }: PrunableLayer,
  { tensors = [], graph, work }: MethodContext,
): Promise<Float64Array | null> {
  const norm = normOf(
    head,
    tensors.map((tensor) => tensor.head),
    graph,
  );
  const entry = norm === null ? undefined : tensors.find((tensor) => tensor.head.name === norm.name)?.entry;
  if (entry === undefined || entry.data.kind === 'none') return null;
  return Float64Array.from(await readValues(entry, 0, entry.elements, work.signal), Math.abs);
}
