/** A weight tensor as the ratios see it: sizes alone. */
export interface RatioLayer {
  readonly name: string;
  /** Every axis, in any layout. */
  readonly shape: readonly number[];
  /** Product of the output axes, and of the input axes. */
  readonly outputs: number;
  readonly inputs: number;
  readonly elements: number;
  /** A linear layer: the last of them is the classifier. */
  readonly linear: boolean;
}

/** Densities of layers: the share of each layer's weights that stay. Aligned with the layers. */
export interface Densities {
  readonly densities: readonly number[];
  /** The factor ε of the Erdős–Rényi ratios, the x of `balanced`, the p of `pyramidal`; null where there is none. */
  readonly factor: number | null;
}

export const totalElements = (layers: readonly RatioLayer[]): number =>
  layers.reduce((sum, { elements }) => sum + elements, 0);

/** Position of the classifier: the last linear layer, else the last layer. */
export function classifierOf(layers: readonly RatioLayer[]): number {
  const last = layers.findLastIndex(({ linear }) => linear);
  return last < 0 ? layers.length - 1 : last;
}

/** Position of the first layer: the first convolution, else the first layer. Files that are sorted by name have the classifier before it. */
export function firstOf(layers: readonly RatioLayer[]): number {
  return Math.max(
    0,
    layers.findIndex(({ linear }) => !linear),
  );
}
