import { type Fault, fail, ok, type Result } from '@espalier/base';
import { erdosRenyi, kernelRaw, plainRaw } from './erdosRenyi.js';
import { classifierOf, type Densities, firstOf, type RatioLayer, totalElements } from './ratioLayer.js';

export const RATIOS = ['uniform', 'uniform+', 'er', 'erk', 'erk+', 'balanced', 'pyramidal'] as const;
export type Ratio = (typeof RATIOS)[number];

export interface RatioOptions {
  /** `erk+`: density of the classifier. */
  readonly classifierDensity?: number;
  /** As the released code does it, where that differs: `uniform+` divides by all weights, `balanced` loses what small layers cannot hold. */
  readonly compat?: boolean;
}

/**
 * The density of every layer at an overall density D (0 < D ≤ 1). Sources: Liu et al., "The Unreasonable Effectiveness of Random Pruning",
 * ICLR 2022; Gadhikar et al., "Why Random Pruning Is All We Need to Start Sparse", ICML 2023 (balanced, pyramidal). Fault
 * `prune/ratio-impossible` where no densities from 0 to 1 reach D.
 */
export function layerDensities(
  ratio: Ratio,
  layers: readonly RatioLayer[],
  density: number,
  options: RatioOptions = {},
): Result<Densities, Fault> {
  if (!(density > 0 && density <= 1))
    return impossible(ratio, `The density is more than 0 and at most 1; found ${density}.`);
  if (layers.length === 0 || totalElements(layers) === 0) return impossible(ratio, 'There are no weights to prune.');
  // Every ratio is dense at 1; the equations of some divide by nothing there.
  if (density === 1) return ok({ densities: layers.map(() => 1), factor: null });
  switch (ratio) {
    case 'uniform':
      return ok({ densities: layers.map(() => density), factor: null });
    case 'uniform+':
      return uniformPlus(layers, density, options.compat === true);
    case 'er':
      return ok(erdosRenyi(layers, density, layers.map(plainRaw)));
    case 'erk':
      return ok(erdosRenyi(layers, density, layers.map(kernelRaw)));
    case 'erk+':
      return erkPlus(layers, density, options.classifierDensity ?? 1);
    case 'balanced':
      return ok(balanced(layers, density, options.compat === true));
    case 'pyramidal':
      return ok(pyramidal(layers, density));
  }
}

/** The first convolution is dense, the classifier keeps at least 20 %, all others are equal. */
function uniformPlus(layers: readonly RatioLayer[], density: number, compat: boolean): Result<Densities, Fault> {
  const total = totalElements(layers);
  const last = classifierOf(layers);
  const start = firstOf(layers);
  const classifier = Math.max(0.2, density);
  const first = layers[start]!.elements;
  const end = last === start ? 0 : layers[last]!.elements;
  const left = density * total - first - classifier * end;
  const others = total - first - end;
  const body = compat ? (density >= 0.2 ? density : left / total) : left / others;
  if (!(body > 0) || others === 0) {
    const least = (first + classifier * end) / total;
    return impossible(
      'uniform+',
      `The first layer and a fifth of the classifier alone are ${percent(least)} of the weights, the density asked for is ${percent(density)}.`,
    );
  }
  return ok({
    densities: layers.map((_, i) => (i === start ? 1 : i === last ? classifier : Math.min(1, body))),
    factor: body,
  });
}

/** The classifier keeps its own density, the rest shares what is left by ERK. */
function erkPlus(layers: readonly RatioLayer[], density: number, classifierDensity: number): Result<Densities, Fault> {
  const total = totalElements(layers);
  const last = classifierOf(layers);
  const { elements } = layers[last]!;
  const body = (density * total - classifierDensity * elements) / (total - elements);
  if (!(body > 0)) {
    return impossible(
      'erk+',
      `The classifier ${layers[last]!.name} alone is ${percent((classifierDensity * elements) / total)} of the weights, the density asked for is ${percent(density)}.`,
    );
  }
  const rest = layers.filter((_, i) => i !== last);
  if (body >= 1) return ok({ densities: layers.map((_, i) => (i === last ? classifierDensity : 1)), factor: null });
  const { densities, factor } = erdosRenyi(rest, body, rest.map(kernelRaw));
  return ok({ densities: [...densities.slice(0, last), classifierDensity, ...densities.slice(last)], factor });
}

/** Equally many weights in every layer; what a small layer cannot hold goes to the others. */
function balanced(layers: readonly RatioLayer[], density: number, onePass: boolean): Densities {
  const budget = density * totalElements(layers);
  let full = new Set<number>();
  for (;;) {
    const held = [...full].reduce((sum, i) => sum + layers[i]!.elements, 0);
    const share = (budget - held) / (layers.length - full.size);
    const more = layers.flatMap(({ elements }, i) => (full.has(i) || elements > share ? [] : [i]));
    if (onePass || more.length === 0 || full.size + more.length === layers.length) {
      return {
        densities: layers.map(({ elements }, i) => (full.has(i) ? 1 : Math.min(1, share / elements))),
        factor: share,
      };
    }
    full = new Set([...full, ...more]);
  }
}

/** dₗ = pˡ in forward order, with the one p in (0, 1) that gives the density: the sum grows with p. */
function pyramidal(layers: readonly RatioLayer[], density: number): Densities {
  const budget = density * totalElements(layers);
  const kept = (p: number): number => layers.reduce((sum, { elements }, i) => sum + elements * p ** (i + 1), 0);
  let low = 0;
  let high = 1;
  // As many halvings as a double has bits, and some more.
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (kept(middle) < budget) low = middle;
    else high = middle;
  }
  const p = (low + high) / 2;
  return { densities: layers.map((_, i) => p ** (i + 1)), factor: p };
}

/** Whole weights of a layer: half rounds up, at least one stays and at most all. */
export const exactCount = (density: number, elements: number): number =>
  elements === 0 ? 0 : Math.min(elements, Math.max(1, Math.floor(density * elements + 0.5)));

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const impossible = (ratio: Ratio, why: string): Result<Densities, Fault> =>
  fail({ code: 'prune/ratio-impossible', message: `${ratio} cannot reach this density. ${why}` });
