/** Factors for the input channels that share the burden of large activations with the weights: max|X|^a / max|W|^(1−a). (SmoothQuant, Xiao et al., ICML 2023.) */
export const smoothingFactors = (
  activationMaxima: readonly number[],
  weightMaxima: readonly number[],
  share = 0.5,
): number[] =>
  activationMaxima.map((x, j) => {
    const factor = x ** share / weightMaxima[j]! ** (1 - share);
    return Number.isFinite(factor) && factor > 0 ? factor : 1;
  });

/** b + (W − Ŵ) · mean(x): takes back what quantized weights shift on average. Matrices are outputs × inputs, row-major. */
export function correctedBias(
  bias: ArrayLike<number>,
  weights: ArrayLike<number>,
  quantized: ArrayLike<number>,
  meanInput: ArrayLike<number>,
): Float64Array {
  const inputs = meanInput.length;
  return Float64Array.from(bias, (b, row) => {
    let shift = 0;
    for (let j = 0; j < inputs; j++)
      shift += (weights[row * inputs + j]! - quantized[row * inputs + j]!) * meanInput[j]!;
    return b + shift;
  });
}

/** A layer in a plan of mixed precision: its error at each number of bits, fewest bits first. */
export interface MixedLayer {
  readonly parameters: number;
  readonly choices: readonly { readonly bits: number; readonly error: number }[];
}

/**
 * Bits for each layer under a budget of bytes: all begin at their fewest, and the upgrade that takes away most error for each byte follows, of equals that of the
 * earlier layer, until none fits. Null where the fewest bits do not fit.
 */
export function planMixed(
  layers: readonly MixedLayer[],
  budgetBytes: number,
): { readonly bits: readonly number[]; readonly bytes: number; readonly error: number } | null {
  const chosen = layers.map(() => 0);
  const bytesOf = (layer: MixedLayer, choice: number): number =>
    Math.ceil((layer.parameters * layer.choices[choice]!.bits) / 8);
  const total = (): number => layers.reduce((sum, layer, i) => sum + bytesOf(layer, chosen[i]!), 0);
  if (total() > budgetBytes) return null;
  for (;;) {
    const used = total();
    let best: { readonly layer: number; readonly gain: number } | null = null;
    for (const [i, layer] of layers.entries()) {
      const [now, next] = [chosen[i]!, chosen[i]! + 1];
      if (next >= layer.choices.length) continue;
      const extra = bytesOf(layer, next) - bytesOf(layer, now);
      if (used + extra > budgetBytes) continue;
      const drop = layer.choices[now]!.error - layer.choices[next]!.error;
      const gain = extra === 0 ? Number.POSITIVE_INFINITY : drop / extra;
      if (best === null || gain > best.gain) best = { layer: i, gain };
    }
    if (best === null) break;
    chosen[best.layer]!++;
  }
  return {
    bits: layers.map((layer, i) => layer.choices[chosen[i]!]!.bits),
    bytes: total(),
    error: layers.reduce((sum, layer, i) => sum + layer.choices[chosen[i]!]!.error, 0),
  };
}
