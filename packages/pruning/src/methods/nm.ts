import type { Mask } from '../mask.js';
import { nmMask } from '../masks/nm.js';
import type { MaskMethod, Note } from '../method.js';

export const nm: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'n-m',
    summary: 'Of every M consecutive weights along the inputs keep the N largest.',
    source: 'Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021 (arXiv 2104.08378)',
    parameters: {
      n: { kind: 'integer', minimum: 1, maximum: 32, default: 2, doc: 'Weights that stay in each group.' },
      m: { kind: 'integer', minimum: 2, maximum: 64, default: 4, doc: 'Weights in a group.' },
      along: {
        kind: 'oneOf',
        default: 'input',
        doc: 'The axis along which groups are consecutive.',
        values: [
          { value: 'input', doc: 'The input channels: what sparse tensor cores take.' },
          { value: 'output', doc: 'The output channels.' },
        ],
      },
    },
  },
  async masks(layers, options, { work }) {
    const [n, m] = [options['n'] as number, options['m'] as number];
    if (n >= m) {
      return {
        ok: false,
        fault: { code: 'prune/n-not-below-m', message: `n is below m; found ${n}:${m}.`, expected: m - 1, found: n },
      };
    }
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      work.progress({ done, total: layers.length, label: layer.head.name });
      const { name, shape, axes } = layer.head;
      const axis = (options['along'] === 'output' ? axes.output : axes.input).at(-1);
      if (axis === undefined || shape[axis]! % m !== 0) {
        const length = axis === undefined ? 'no such axis' : `${shape[axis]} ${options['along']} channels`;
        notes.push({
          code: 'prune/not-divisible',
          severity: 'warning',
          message: `${name} is left alone: ${length}, which do not divide by ${m}.`,
          tensor: name,
        });
        continue;
      }
      const { mask, broken } = await nmMask(layer, axis, n, m, work);
      masks.set(name, mask);
      if (broken > 0) {
        notes.push({
          code: 'prune/nan-kept',
          severity: 'warning',
          message: `${broken} groups of ${name} have more than ${n} NaN, which are not pruned: ${n}:${m} does not hold there.`,
          tensor: name,
        });
      }
    }
    return { ok: true, value: { masks, notes } };
  },
};
