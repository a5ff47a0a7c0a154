import type { LayerChange, LayerQuantization } from '@espalier/protocol';

/** Heads of `quantizationCells`. */
export const QUANTIZATION_HEADS = [
  'Scheme',
  'Scale for',
  'Bits a weight',
  'SQNR dB',
  'Cosine',
  'By range, dB',
] as const;

/** How a layer is stored with few bits and what that loses, as texts; dashes where it is not. */
export function quantizationCells(quantization: LayerQuantization | undefined): string[] {
  if (quantization === undefined) return QUANTIZATION_HEADS.map(() => '–');
  const { scheme, granularity, bitsPerWeight, sqnrDb, cosine } = quantization;
  return [
    scheme,
    granularity,
    bitsPerWeight.toFixed(2),
    decibelText(sqnrDb),
    cosine === null ? '–' : cosine.toFixed(5),
    rangesText(quantization.ranges),
  ];
}

/** `max 43.2, percentile 43.1, mse 43.4 best, kl 12.2`: what each way of choosing the range would keep. */
export function rangesText(ranges: LayerQuantization['ranges']): string {
  if (ranges === undefined) return '–';
  return Object.entries(ranges.sqnrDb)
    .map(([method, db]) => `${method} ${decibelText(db)}${method === ranges.best ? ' best' : ''}`)
    .join(', ');
}

export function decibelText(db: LayerQuantization['sqnrDb']): string {
  return typeof db === 'number' ? db.toFixed(1) : (db ?? '–');
}

/**
 * SQNR of all quantized layers together: 10 log₁₀ of all signal over all noise, so that large layers count for what they hold. `inf` where nothing is lost, null where no layer
 * lost anything that counts.
 */
export function overallSqnr(layers: readonly LayerChange[]): LayerQuantization['sqnrDb'] {
  let [signal, noise] = [0, 0];
  for (const { quantization, elements, energy } of layers) {
    if (quantization === undefined) continue;
    const { sqnrDb, mse } = quantization;
    const own = mse * elements.after;
    noise += own;
    // Where nothing is lost, what is there afterwards is the signal.
    signal += typeof sqnrDb === 'number' ? own * 10 ** (sqnrDb / 10) : (energy?.after ?? 0);
  }
  if (signal === 0) return null;
  return noise === 0 ? 'inf' : 10 * Math.log10(signal / noise);
}
