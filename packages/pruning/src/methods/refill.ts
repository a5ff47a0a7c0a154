import { type Parameter, seeded } from '@espalier/base';
import { kernelMatrix } from '../kernelMatrix.js';
import type { PrunableLayer } from '../layer.js';
import { isKept, type Mask, maskOf } from '../mask.js';
import { maskBits } from '../maskBits.js';
import { keepNan, nanNote } from '../masks/nan.js';
import type { MaskMethod, Note } from '../method.js';
import { allValues } from '../readLayer.js';
import { type RefillOptions, refillRows } from '../structure/refill.js';

const SOURCE = 'Chen et al., "Coarsening the Granularity", ICML 2022 (arXiv 2202.04736), §3.2';

const shared: Readonly<Record<string, Parameter>> = {
  criterion: {
    kind: 'oneOf',
    default: 'magnitude',
    doc: 'How rows are ranked.',
    values: [
      { value: 'magnitude', doc: 'Sum of |w| of the weights that remain; what the paper found best.' },
      { value: 'remain', doc: 'Number of weights that remain.' },
    ],
  },
  mode: {
    kind: 'oneOf',
    default: 'paper',
    doc: 'How many rows are filled, and what becomes of ties.',
    values: [
      { value: 'paper', doc: '⌈density × channels⌉ full rows, the rest empty.' },
      { value: 'compat', doc: 'As the released code: one more where that is a whole number; tied rows stay partial.' },
    ],
  },
  seed: { kind: 'integer', minimum: 0, maximum: 2 ** 32 - 1, default: 1, doc: 'Seed of the draw among ties (compat).' },
};

export const refill: MaskMethod = {
  description: {
    verb: 'structure',
    name: 'refill',
    summary: 'Fill the strongest output channels again and empty all others, as many as the mask had weights for.',
    source: SOURCE,
    parameters: shared,
  },
  masks: (layers, options, { work }) => refillAll(layers, optionsOf(options, 0), options['seed'] as number, work),
};

export const refillPlus: MaskMethod = {
  description: {
    verb: 'structure',
    name: 'refill-plus',
    summary: 'As refill, and keep a share of the other output channels besides.',
    source: SOURCE,
    parameters: {
      extra: { kind: 'ratio', default: 0.1, doc: 'Share of the other channels that is kept besides.' },
      ...shared,
    },
  },
  masks: (layers, options, { work }) =>
    refillAll(layers, optionsOf(options, options['extra'] as number), options['seed'] as number, work),
};

const optionsOf = (options: Readonly<Record<string, unknown>>, extra: number): RefillOptions => ({
  mode: options['mode'] as RefillOptions['mode'],
  criterion: options['criterion'] as RefillOptions['criterion'],
  extra,
});

async function refillAll(
  layers: readonly PrunableLayer[],
  options: RefillOptions,
  seed: number,
  work: Parameters<MaskMethod['masks']>[2]['work'],
): ReturnType<MaskMethod['masks']> {
  const rng = seeded(seed);
  const masks = new Map<string, Mask>();
  const notes: Note[] = [];
  for (const [done, layer] of layers.entries()) {
    work.progress({ done, total: layers.length, label: layer.head.name });
    const matrix = kernelMatrix(layer.head);
    // Scores are of the weights that remain: those of the masked layer. What is filled again has the values from before the mask.
    const values = await allValues(layer, work);
    const before = layer.mask === undefined ? null : await maskBits(layer, layer.mask, work);
    const stays = (index: number): boolean => (before === null ? values[index] !== 0 : isKept(before, index));
    const scores = new Float64Array(matrix.rows);
    let remaining = 0;
    for (let row = 0; row < matrix.rows; row++) {
      for (let column = 0; column < matrix.columns; column++) {
        const index = matrix.index(row, column);
        if (!stays(index)) continue;
        remaining++;
        // A sum with a NaN ranks nothing: NaN is kept by itself, below.
        const size = Math.abs(values[index]!);
        scores[row]! += options.criterion === 'remain' ? 1 : Number.isNaN(size) ? 0 : size;
      }
    }
    const rows = refillRows(scores, remaining, matrix.columns, options, rng);
    const kept = new Uint8Array(values.length);
    for (let row = 0; row < matrix.rows; row++) {
      for (let column = 0; column < matrix.columns; column++) {
        const index = matrix.index(row, column);
        kept[index] = (rows[row] ?? (stays(index) ? 1 : 0)) ? 1 : 0;
      }
    }
    const { mask, nan } = await keepNan(
      layer,
      maskOf(kept.length, (i) => kept[i] === 1),
      work,
    );
    masks.set(layer.head.name, mask);
    if (nan > 0) notes.push(nanNote(layer.head.name, nan));
    const partial = rows.filter((row) => row === null).length;
    if (partial > 0) {
      notes.push({
        code: 'prune/rows-partial',
        severity: 'warning',
        message: `${layer.head.name}: ${partial} tied rows keep their unstructured mask, as the released code leaves them.`,
        tensor: layer.head.name,
      });
    }
  }
  return { ok: true, value: { masks, notes } };
}
