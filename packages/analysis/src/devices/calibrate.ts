import type { LayerProduct } from '../latency/layerProduct.js';
import { estimateProduct } from './estimate.js';
import type { DeviceProfile, DeviceType } from './profile.js';

/** A product whose time was measured on the device. */
export interface TimedProduct extends LayerProduct {
  readonly name: string;
  readonly type: DeviceType;
  readonly seconds: number;
}

export interface Calibration {
  readonly device: DeviceProfile;
  /** What the estimate says of each product, by a profile that was fitted without it. */
  readonly products: readonly { readonly product: TimedProduct; readonly estimatedSeconds: number }[];
  /** Half of the products are at most so far off, as a share of the measured time; of products that the profile had not seen. */
  readonly medianError: number;
  /** How many products each limit binds. */
  readonly boundBy: Readonly<Record<string, number>>;
}

/** Below this a fit tells nothing: three figures and a rate for each type are sought. */
export const FEWEST_PRODUCTS = 5;
/** Fits for the error: each leaves out a share of the products. */
const MAX_FOLDS = 20;
const MULTIPLES = [1, 4, 8, 16] as const;
/** Each figure is moved by these factors until nothing gets better. */
const FACTORS = [4, 2, 1.4, 1.2, 1.1, 1.05, 1.02, 1.01] as const;
const MAX_ROUNDS = 50;
/** Less than a nanosecond is none. */
const LEAST_SECONDS = 1e-9;

/**
 * Finds the peak rates, the memory rate and the overhead with which the roofline comes nearest to measured times: least sum of |log(estimate / measured)|, by moving one
 * figure after the other. Deterministic. A rate that binds nowhere stays at the highest that was seen. Raises no faults; needs at least `FEWEST_PRODUCTS`.
 */
export function calibrate(
  products: readonly TimedProduct[],
  { name, label, sources }: Pick<DeviceProfile, 'name' | 'label' | 'sources'>,
): Calibration {
  const fitted = fit(products);
  const device: DeviceProfile = { ...fitted, name, label, sources };
  const folds = Math.min(products.length, MAX_FOLDS);
  const unseen = Array.from({ length: folds }, (_, fold) => fit(products.filter((_, i) => i % folds !== fold)));
  const compared = products.map((product, i) => ({
    product,
    estimatedSeconds: secondsOf(product, unseen[i % folds]!),
  }));
  const errors = compared.map(({ product, estimatedSeconds }) => Math.abs(estimatedSeconds / product.seconds - 1));
  const boundBy: Record<string, number> = {};
  for (const product of products) {
    const { boundBy: by } = estimateProduct({ ...product, patterns: [] }, device);
    boundBy[by] = (boundBy[by] ?? 0) + 1;
  }
  return { device, products: compared, medianError: medianOf(errors), boundBy };
}

const secondsOf = (product: TimedProduct, device: DeviceProfile): number =>
  estimateProduct({ ...product, patterns: [] }, device).ms / 1000;

function fit(products: readonly TimedProduct[]): DeviceProfile {
  let best = fitWith(products, MULTIPLES[0]);
  let least = lossOf(products, best);
  for (const multiple of MULTIPLES.slice(1)) {
    const found = fitWith(products, multiple);
    const loss = lossOf(products, found);
    // A larger multiple has to pay.
    if (loss < 0.98 * least) [best, least] = [found, loss];
  }
  return best;
}

function fitWith(products: readonly TimedProduct[], channelMultiple: number): DeviceProfile {
  const types = [...new Set(products.map(({ type }) => type))];
  let figures = [
    Math.min(...products.map(({ seconds }) => seconds)) / 2,
    Math.max(...products.map(bytesPerSecond)),
    ...types.map((type) => Math.max(...products.filter((product) => product.type === type).map(operationsPerSecond))),
  ];
  const deviceOf = ([overheadSeconds, memoryBytesPerSecond, ...rates]: readonly number[]): DeviceProfile => ({
    name: '',
    label: '',
    peak: Object.fromEntries(types.map((type, i) => [type, round(rates[i]!)])),
    runs: types.includes('f32') ? 'f32' : 'f16',
    memoryBytesPerSecond: round(memoryBytesPerSecond!),
    overheadSeconds: overheadSeconds! < LEAST_SECONDS ? 0 : round(overheadSeconds!),
    channelMultiple,
    sparse: [],
    sources: [],
  });
  let least = lossOf(products, deviceOf(figures));
  for (const factor of FACTORS) {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = least;
      for (const i of figures.keys()) {
        for (const by of [factor, 1 / factor]) {
          const moved = figures.with(i, figures[i]! * by);
          const loss = lossOf(products, deviceOf(moved));
          if (loss < least) [figures, least] = [moved, loss];
        }
      }
      if (least === before) break;
    }
  }
  return deviceOf(figures);
}

const lossOf = (products: readonly TimedProduct[], device: DeviceProfile): number =>
  products.reduce((sum, product) => sum + Math.abs(Math.log(secondsOf(product, device) / product.seconds)), 0);

const operationsPerSecond = ({ rows, inner, columns, seconds }: TimedProduct): number =>
  (2 * rows * inner * columns) / seconds;
const bytesPerSecond = ({ rows, inner, columns, type, seconds }: TimedProduct): number =>
  ((rows * inner + (rows + inner) * columns) * { f32: 4, f16: 2, int8: 1 }[type]) / seconds;

/** More digits than times have are noise. */
const round = (value: number): number => Number(value.toPrecision(4));

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
