import { type SizesAsStored, type TensorStats, tensorStats } from '@espalier/analysis';
import type { Fault, Result, Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { LayerChange } from '@espalier/protocol';
import type { EditedTensor } from './edited.js';

/** Multiply-adds of a tensor's operators for one input. */
export interface LayerMacs {
  readonly dense: number;
}

/** What reading a tensor told, as far as a change needs it. */
interface Seen {
  readonly zeros: number;
  readonly energy: number | null;
  readonly sizes: SizesAsStored;
  readonly stats: TensorStats | null;
}

/**
 * Before and after of one tensor, from its values: both are read. Tensors without values (texts, missing bytes) have neither zeros nor
 * energy. Faults are those of the source.
 */
export async function layerChange(
  tensor: EditedTensor,
  macs: { readonly before: LayerMacs; readonly after: LayerMacs } | null,
  work: Work,
): Promise<Result<LayerChange, Fault>> {
  const { original, head, entry } = tensor;
  const before = await look(original.entry, original.head, work);
  if (!before.ok) return before;
  const touched = tensor.steps.length > 0;
  const after = touched ? await look(entry, head, work) : before;
  if (!after.ok) return after;
  const energies =
    before.value.energy === null || after.value.energy === null
      ? null
      : { before: before.value.energy, after: after.value.energy };
  return {
    ok: true,
    value: {
      name: head.name,
      role: head.role,
      storage: { before: original.head.storage, after: head.storage },
      shape: { before: original.head.shape, after: head.shape },
      elements: { before: original.head.elements, after: head.elements },
      zeros: { before: before.value.zeros, after: after.value.zeros },
      energy: energies,
      energyKept: energies === null || energies.before === 0 ? null : Math.min(1, energies.after / energies.before),
      sizes: { before: before.value.sizes, after: after.value.sizes },
      macs:
        macs === null
          ? null
          : {
              before: {
                dense: macs.before.dense,
                effective: effective(macs.before.dense, before.value.zeros, original.head),
              },
              after: { dense: macs.after.dense, effective: effective(macs.after.dense, after.value.zeros, head) },
            },
      leftAlone: touched ? null : tensor.leftAlone,
      patterns: touched ? strictPatterns(after.value.stats) : [],
      latency: null,
    },
  };
}

/** Multiply-adds with weights that are not zero: every weight of a tensor takes part in equally many. */
const effective = (dense: number, zeros: number, { elements }: TensorHead): number =>
  elements === 0 ? 0 : Math.round((dense * (elements - zeros)) / elements);

async function look(entry: TensorEntry, head: TensorHead, work: Work): Promise<Result<Seen, Fault>> {
  if (entry.data.kind === 'none') {
    const nothing = { raw: entry.bytes, gzip: null, csr: entry.bytes, bitmask: entry.bytes, packed24: null };
    return { ok: true, value: { zeros: 0, energy: null, sizes: nothing, stats: null } };
  }
  const stats = await tensorStats(entry, head, { digest: false, structure: head.prunable }, work);
  if (!stats.ok) return stats;
  const { zeros, mean, std, nan, inf, sizes } = stats.value;
  const finite = head.elements - nan - inf;
  const energy = mean === null || std === null ? null : finite * (std * std + mean * mean);
  return { ok: true, value: { zeros, energy, sizes, stats: stats.value } };
}

/** Patterns that hold without an exception, and mean something: an all-zero or dense tensor holds none. */
function strictPatterns(stats: TensorStats | null): readonly string[] {
  if (stats === null || stats.zeros === 0) return [];
  return Object.entries(stats.patterns)
    .filter(([, along]) => along?.some(({ strict }) => strict))
    .map(([pattern]) => pattern);
}
