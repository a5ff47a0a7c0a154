import { kernelMatrix } from '../kernelMatrix.js';
import type { Mask } from '../mask.js';
import { blockMask } from '../masks/blocks.js';
import { sparedNote } from '../masks/nan.js';
import type { MaskMethod, Note } from '../method.js';

const SHAPES: Readonly<Record<string, readonly [number, number]>> = { '4x1': [4, 1], '1x4': [1, 4], '16x16': [16, 16] };

export const block: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'block',
    summary: 'Zero whole blocks of the kernel matrix, those with the smallest mean of |w|.',
    source: 'Gray et al., "GPU Kernels for Block-Sparse Weights", 2017; rows of the matrix are output channels',
    parameters: {
      sparsity: {
        kind: 'ratio',
        default: 0.5,
        open: 'high',
        doc: 'Fraction of the blocks of each layer that is zeroed.',
      },
      shape: {
        kind: 'oneOf',
        default: '4x1',
        doc: 'Rows × columns of a block.',
        values: [
          { value: '4x1', doc: 'Four output channels share a column: what the 4x1 kernel takes.' },
          { value: '1x4', doc: 'Four consecutive weights of one output channel.' },
          { value: '16x16', doc: 'Squares, for block-sparse products on a GPU.' },
        ],
      },
    },
  },
  async masks(layers, options, { work }) {
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      work.progress({ done, total: layers.length, label: layer.head.name });
      const { name } = layer.head;
      const shape = SHAPES[options['shape'] as string]!;
      const { mask, spared } = await blockMask(
        layer,
        kernelMatrix(layer.head),
        shape,
        options['sparsity'] as number,
        work,
      );
      masks.set(name, mask);
      if (spared > 0) notes.push(sparedNote(name, spared, 'blocks'));
    }
    return { ok: true, value: { masks, notes } };
  },
};
