import type { LayerProduct } from '../latency/layerProduct.js';
import type { DeviceProfile, DeviceType } from './profile.js';

/** What limits a product on a device. */
export type BoundBy = 'compute' | 'memory' | 'overhead' | 'channels';

export interface EstimatedTime {
  readonly ms: number;
  readonly boundBy: BoundBy;
  /** Whether zeros are skipped. */
  readonly sparse: boolean;
}

export interface EstimatedProduct extends LayerProduct {
  readonly type: DeviceType;
  /** Patterns that hold without an exception. */
  readonly patterns: readonly string[];
}

const BYTES: Readonly<Record<DeviceType, number>> = { f32: 4, f16: 2, int8: 1 };
/** A weight in 2:4: half of the values, and two bits for each that is kept. */
const packedShare = (bytes: number): number => 0.5 + 0.125 / bytes;
/** From this much rounding up on, channels are what binds. */
const CHANNELS_BIND = 1.25;

/**
 * Time of a product by the roofline (Williams et al., CACM 2009): the longer of computing at the peak rate and of moving weights, inputs and outputs once, and the
 * overhead of an operator. Sizes are rounded up to what the device takes at once. Zeros count only in a pattern that the device skips, and from its minimal sizes on.
 * A type without a rate runs as f32.
 */
export function estimateProduct(product: EstimatedProduct, device: DeviceProfile): EstimatedTime {
  const { rows, inner, columns, patterns } = product;
  const type = device.peak[product.type] === undefined ? 'f32' : product.type;
  const peak = device.peak[type] ?? device.peak.f16!;
  const ability = device.sparse.find(
    ({ pattern, types, minimumRows, minimumInner }) =>
      patterns.includes(pattern) && types.includes(type) && rows >= minimumRows && inner >= minimumInner,
  );
  const up = (size: number): number => Math.ceil(size / device.channelMultiple) * device.channelMultiple;
  const operations = 2 * rows * inner * columns;
  const padded = 2 * up(rows) * up(inner) * columns;
  const computeSeconds = padded / peak / (ability?.gain ?? 1);
  const bytes = BYTES[type];
  const weights = rows * inner * bytes * (ability === undefined ? 1 : packedShare(bytes));
  const memorySeconds = (weights + (inner + rows) * columns * bytes) / device.memoryBytesPerSecond;
  const work = Math.max(computeSeconds, memorySeconds);
  const boundBy = ((): BoundBy => {
    if (device.overheadSeconds >= work) return 'overhead';
    if (memorySeconds >= computeSeconds) return 'memory';
    return padded > CHANNELS_BIND * operations ? 'channels' : 'compute';
  })();
  return { ms: 1000 * (work + device.overheadSeconds), boundBy, sparse: ability !== undefined };
}
