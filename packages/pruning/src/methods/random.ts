import { seeded } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import type { Mask } from '../mask.js';
import { keepNan, nanNote } from '../masks/nan.js';
import { bernoulliMask, randomMask } from '../masks/random.js';
import type { MaskMethod, Note } from '../method.js';
import type { RatioLayer } from '../ratios/ratioLayer.js';
import { exactCount, layerDensities, RATIOS, type Ratio } from '../ratios/ratios.js';

const MEANING: Readonly<Record<Ratio, string>> = {
  uniform: 'Every layer has the same density.',
  'uniform+': 'The first layer is dense, the classifier keeps at least 20 %, all others are equal.',
  er: 'Erdős–Rényi: denser where a layer has few inputs and outputs.',
  erk: 'Erdős–Rényi kernel: as er, and the size of the kernel counts.',
  'erk+': 'As erk, with a density of its own for the classifier.',
  balanced: 'Equally many weights in every layer.',
  pyramidal: 'Each layer keeps a fixed share of what the one before it keeps.',
};

export const random: MaskMethod = {
  description: {
    verb: 'prune',
    name: 'random',
    summary: 'Zero weights at random, each layer to a density of its own.',
    source: 'Liu et al., "The Unreasonable Effectiveness of Random Pruning", ICLR 2022; Gadhikar et al., ICML 2023',
    parameters: {
      sparsity: { kind: 'ratio', default: 0.5, open: 'high', doc: 'Fraction of all weights set to zero.' },
      ratio: {
        kind: 'oneOf',
        default: 'erk',
        doc: 'How the layers share the weights that stay.',
        values: RATIOS.map((value) => ({ value, doc: MEANING[value] })),
      },
      counts: {
        kind: 'oneOf',
        default: 'exact',
        doc: 'How many weights of a layer stay.',
        values: [
          { value: 'exact', doc: 'The rounded number, exactly.' },
          { value: 'bernoulli', doc: 'Each weight by its own chance: the number is right on average.' },
        ],
      },
      classifierDensity: { kind: 'ratio', default: 1, open: 'low', doc: 'Density of the classifier, for erk+.' },
      compat: { kind: 'flag', default: false, doc: 'uniform+ and balanced as the released code computes them.' },
      seed: { kind: 'integer', minimum: 0, maximum: 2 ** 32 - 1, default: 1, doc: 'Seed of chance.' },
    },
  },
  async masks(layers, options, { work }) {
    const found = layerDensities(
      options['ratio'] as Ratio,
      layers.map(({ head }) => ratioLayerOf(head)),
      1 - (options['sparsity'] as number),
      { classifierDensity: options['classifierDensity'] as number, compat: options['compat'] as boolean },
    );
    if (!found.ok) return found;
    const rng = seeded(options['seed'] as number);
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [i, layer] of layers.entries()) {
      const { head } = layer;
      work.signal.throwIfAborted();
      work.progress({ done: i, total: layers.length, label: head.name });
      const density = found.value.densities[i]!;
      const drawn =
        options['counts'] === 'bernoulli'
          ? bernoulliMask(head.elements, density, rng)
          : randomMask(head.elements, exactCount(density, head.elements), rng);
      // The draw does not look at the values, so that a seed means one mask; what it hits that is NaN stays besides.
      const { mask, nan } = await keepNan(layer, drawn, work);
      masks.set(head.name, mask);
      if (nan > 0) notes.push(nanNote(head.name, nan));
    }
    return { ok: true, value: { masks, notes } };
  },
};

/** A weight as the ratios see it. */
export function ratioLayerOf({ name, shape, axes, elements, role }: PrunableLayer['head']): RatioLayer {
  const product = (chosen: readonly number[]): number => chosen.reduce((all, axis) => all * shape[axis]!, 1);
  const isLinear = role === 'linear' || role === 'attention';
  return { name, shape, outputs: product(axes.output), inputs: product(axes.input), elements, linear: isLinear };
}
