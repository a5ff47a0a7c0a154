import { type SizesAsStored, tensorStats } from '@espalier/analysis';
import type { Fault, Result, Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { LayerChange } from '@espalier/protocol';
import { strictPatterns } from '../strictPatterns.js';
import { type EditedTensor, entryAfter, headAfter } from './edited.js';

/** What reading a tensor told, as far as a change needs it. */
interface Seen {
  readonly zeros: number;
  readonly energy: number | null;
  readonly sizes: SizesAsStored;
  readonly patterns: readonly string[];
}

/**
 * Before and after of one tensor, from its values: both are read. `macs` are its multiply-accumulates for one run, null where the graph is not
 * known. Faults are those of the source.
 */
export async function layerChange(
  tensor: EditedTensor,
  macs: number | null,
  work: Work,
): Promise<Result<LayerChange, Fault>> {
  const { head, entry } = tensor;
  const before = await look(entry, head, work);
  if (!before.ok) return before;
  const touched = tensor.steps.length > 0;
  const now = headAfter(tensor);
  const after = touched ? await look(entryAfter(tensor), now, work) : before;
  if (!after.ok) return after;
  const energies =
    before.value.energy === null || after.value.energy === null
      ? null
      : { before: before.value.energy, after: after.value.energy };
  // Each weight is multiplied as often as before, whatever channels are gone.
  const macsOf = (elements: number): number =>
    head.elements === 0 ? 0 : Math.round(((macs ?? 0) * elements) / head.elements);
  return {
    ok: true,
    value: {
      name: head.name,
      role: head.role,
      storage: { before: head.storage, after: now.storage },
      shape: { before: head.shape, after: now.shape },
      elements: { before: head.elements, after: now.elements },
      zeros: { before: before.value.zeros, after: after.value.zeros },
      energy: energies,
      energyKept: energies === null || energies.before === 0 ? null : Math.min(1, energies.after / energies.before),
      sizes: { before: before.value.sizes, after: after.value.sizes },
      macs:
        macs === null
          ? null
          : {
              before: { dense: macs, effective: macsOf(head.elements - before.value.zeros) },
              after: { dense: macsOf(now.elements), effective: macsOf(now.elements - after.value.zeros) },
            },
      leftAlone: touched ? null : tensor.leftAlone,
      patterns: touched ? after.value.patterns : [],
      latency: null,
      ...(tensor.after?.quantization === undefined ? {} : { quantization: tensor.after.quantization }),
    },
  };
}

async function look(entry: TensorEntry, head: TensorHead, work: Work): Promise<Result<Seen, Fault>> {
  if (entry.data.kind === 'none') {
    const sizes = { raw: entry.bytes, gzip: null, csr: entry.bytes, bitmask: entry.bytes, packed24: null };
    return { ok: true, value: { zeros: 0, energy: null, sizes, patterns: [] } };
  }
  const stats = await tensorStats(entry, head, { digest: false, structure: head.prunable }, work);
  if (!stats.ok) return stats;
  const { zeros, mean, std, nan, inf, sizes } = stats.value;
  const finite = head.elements - nan - inf;
  const energy = mean === null || std === null ? null : finite * (std * std + mean * mean);
  return { ok: true, value: { zeros, energy, sizes, patterns: strictPatterns(stats.value) } };
}
