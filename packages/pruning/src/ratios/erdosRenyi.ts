import type { Densities, RatioLayer } from './ratioLayer.js';

/**
 * Densities proportional to `raw`, capped at 1: the layers with the largest `raw` become dense until none would exceed 1, and ε follows from
 * what is left, so that Σ dₗ·nₗ = D·N. (Evci et al., "Rigging the Lottery", ICML 2020, ERK; the capacity check is that of its code.)
 */
export function erdosRenyi(layers: readonly RatioLayer[], density: number, raw: readonly number[]): Densities {
  const dense = layers.map(() => false);
  for (;;) {
    let rhs = 0;
    let divisor = 0;
    let largest = 0;
    for (const [i, { elements }] of layers.entries()) {
      if (dense[i]) rhs -= (1 - density) * elements;
      else {
        rhs += density * elements;
        divisor += raw[i]! * elements;
        largest = Math.max(largest, raw[i]!);
      }
    }
    // Every layer is full: only at a density of 1.
    if (divisor === 0) return { densities: layers.map(() => 1), factor: null };
    const epsilon = rhs / divisor;
    if (epsilon * largest > 1) {
      for (const [i, value] of raw.entries()) if (!dense[i] && value === largest) dense[i] = true;
    } else return { densities: layers.map((_, i) => (dense[i] ? 1 : epsilon * raw[i]!)), factor: epsilon };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Σ dims / Π dims over every axis: independent of the layout. */
export const kernelRaw = ({ shape, elements }: RatioLayer): number => (elements === 0 ? 0 : sum(shape) / elements);

/** (out + in) / (out · in): the area of the kernel does not count. */
export const plainRaw = ({ outputs, inputs }: RatioLayer): number =>
  outputs * inputs === 0 ? 0 : (outputs + inputs) / (outputs * inputs);
