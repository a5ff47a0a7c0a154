import { type BoundBy, type DeviceProfile, type DeviceType, estimateProduct } from '@espalier/analysis';
import type { TensorHead } from '@espalier/model';
import type { DeviceTotal, Figure, LayerChange, LayerLatency } from '@espalier/protocol';
import { type ProductOfLayer, productOf } from '../latency/readProduct.js';

/** A layer that a step touches, as it was and as it is. */
export interface ChangedProduct {
  readonly change: LayerChange;
  readonly before: TensorHead;
  readonly after: TensorHead;
  readonly macs: number | null;
}

type Estimates = LayerLatency['devices'];

/** Estimates for every layer that is a product, by its name, and the totals of each device. */
export function deviceTimes(
  layers: readonly ChangedProduct[],
  devices: readonly DeviceProfile[],
): {
  readonly layers: ReadonlyMap<string, { readonly problem: string; readonly devices: Estimates }>;
  readonly totals: readonly DeviceTotal[];
} {
  const found = new Map<string, { problem: string; devices: Estimates }>();
  const products = layers.flatMap(({ change, before, after, macs }) => {
    const [then, now] = [productOf(before, macs, null), productOf(after, macs, null)];
    // The roofline knows products, not many small ones.
    return typeof then === 'string' || typeof now === 'string' || then.groups !== undefined
      ? []
      : [{ change, then, now: { ...now, columns: then.columns } }];
  });
  const totals = devices.map((device): DeviceTotal => {
    let [beforeMs, afterMs, sparse] = [0, 0, 0];
    const boundBy: Partial<Record<BoundBy, number>> = {};
    for (const { change, then, now } of products) {
      const { storage, patterns, name } = change;
      const before = estimateProduct({ ...then, type: typeOf(storage.before, device), patterns: [] }, device);
      const after = estimateProduct({ ...now, type: typeOf(storage.after, device), patterns }, device);
      beforeMs += before.ms;
      afterMs += after.ms;
      if (after.sparse) sparse++;
      boundBy[after.boundBy] = (boundBy[after.boundBy] ?? 0) + 1;
      const known = found.get(name)?.devices ?? [];
      const estimate = {
        device: device.name,
        beforeMs: figure(before.ms, device),
        afterMs: figure(after.ms, device),
        boundBy: after.boundBy,
      };
      found.set(name, { problem: problemOf(then), devices: [...known, estimate] });
    }
    return {
      device: device.name,
      label: device.label,
      beforeMs: figure(beforeMs, device),
      afterMs: figure(afterMs, device),
      boundBy,
      sparse: { layers: sparse, of: products.length },
      sources: device.sources,
    };
  });
  return { layers: found, totals };
}

/** Floats run in what people use there; codes of up to eight bits as bytes. */
export const typeOf = (storage: string, { runs }: DeviceProfile): DeviceType =>
  /^(?:int[2-8]-|I8$|U8$|Q8_0|Q4_0|binary)/.test(storage) ? 'int8' : runs;

const figure = (value: number, { label }: DeviceProfile): Figure => ({
  value,
  how: { kind: 'estimate', profile: label },
});

const problemOf = ({ rows, inner, columns, columnsFrom }: ProductOfLayer): string =>
  `${rows}×${inner} by ${columns}${columnsFrom === 'assumed' ? ' (assumed)' : ''}`;
