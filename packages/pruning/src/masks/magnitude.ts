import { attempt, type Fault, type Result, type Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { keepAll, numberOf, type ThresholdMask } from '../mask.js';
import { roundHalfEven } from '../roundHalfEven.js';
import { thresholdByCounting } from './countedThreshold.js';
import { thresholdInOneRead } from './threshold.js';

export interface MagnitudeMasks {
  readonly masks: ReadonlyMap<string, ThresholdMask>;
  /** How many weights of a layer are NaN, where some are. */
  readonly nan: ReadonlyMap<string, number>;
}

/**
 * Exactly round-half-even(sparsity × weights) of all layers together go, those with the smallest |w|; of equal ones the first in file order, then
 * in C order. One read of the values, three where a sample of them misleads. Values wider than f32 are compared as f32. NaN never goes. Faults: of the sources, and
 * `prune/too-many-nan`.
 */
export function magnitudeMasks(
  layers: readonly PrunableLayer[],
  sparsity: number,
  work: Work,
): Promise<Result<MagnitudeMasks, Fault>> {
  return attempt(async () => {
    const elements = layers.reduce((sum, { entry }) => sum + entry.elements, 0);
    const k = roundHalfEven(sparsity * elements);
    if (k === 0) {
      const masks = layers.map(({ head, entry }): [string, ThresholdMask] => [head.name, keepAll(entry.elements)]);
      return { masks: new Map(masks), nan: new Map() };
    }
    const quick = await thresholdInOneRead(layers, k, work);
    const { word, layers: counts } = quick ?? (await thresholdByCounting(layers, k, work));
    let ties = k - counts.reduce((sum, { below }) => sum + below, 0);
    const magnitude = numberOf(word);
    const masks = layers.map(({ head, entry }, i): [string, ThresholdMask] => {
      const own = Math.min(ties, counts[i]!.equal);
      ties -= own;
      const kept = entry.elements - counts[i]!.below - own;
      const { zeros } = counts[i]!;
      const known = zeros === undefined ? {} : { zeros };
      return [head.name, { kind: 'threshold', elements: entry.elements, kept, magnitude, ties: own, ...known }];
    });
    const nan = layers.flatMap(({ head }, i): [string, number][] =>
      counts[i]!.nan > 0 ? [[head.name, counts[i]!.nan]] : [],
    );
    return { masks: new Map(masks), nan: new Map(nan) };
  });
}
