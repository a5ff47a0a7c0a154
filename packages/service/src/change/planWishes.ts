import {
  GZIP_FULL_BYTES,
  gzipSize,
  gzipSizeOfAll,
  gzipSizeOfWindows,
  type SizesAsStored,
  type Windowed,
} from '@espalier/analysis';
import { type Fault, ok, type Result, type Work } from '@espalier/base';
import type { LayerChange, Pair, Plan, PlanQuery } from '@espalier/protocol';
import { changedTimes } from '../latency/changedTimes.js';
import { modelLatency } from '../latency/modelTimes.js';
import { toLayerLatency } from '../latency/speedUp.js';
import { type EditedTensor, type EditState, storedOf } from './edited.js';
import { layerMacs } from './layerMacs.js';

type Gzip = SizesAsStored['gzip'];

/** The plan with what takes its time and was asked for: sizes after gzip, and times on this machine. Faults are those of the source; aborts fly. */
export async function withWishes(
  { gzip, measure }: PlanQuery,
  plan: Plan,
  edited: EditState,
  now: () => number,
  work: Work,
): Promise<Result<Plan, Fault>> {
  const zipped = gzip === true ? await gzipped(plan, edited, work) : ok(plan);
  if (!zipped.ok || measure !== true) return zipped;
  const heads = edited.tensors.map(({ head }) => head);
  const times = await changedTimes(edited.tensors, layerMacs(edited.checkpoint, heads), now, work);
  const total = modelLatency([...times.values()]);
  return ok({
    ...zipped.value,
    latency: total === null ? [] : [total],
    layers: zipped.value.layers.map((layer) => {
      const own = times.get(layer.name);
      return own === undefined
        ? layer
        : { ...layer, latency: { ...toLayerLatency(own), devices: layer.latency?.devices ?? [] } };
    }),
  });
}

/** Layer by layer where all are small enough to be compressed as a whole; else the totals alone, from a seeded sample. */
async function gzipped(plan: Plan, edited: EditState, work: Work): Promise<Result<Plan, Fault>> {
  const format = plan.outputs[0]?.format ?? plan.input.format;
  const own = edited.tensors.filter(({ head }) => head.sharesStorageWith === undefined);
  const { sizes } = plan.totals;
  if (Math.max(sizes.before.raw, sizes.after.raw) > GZIP_FULL_BYTES) {
    const before = await gzipSizeOfAll(
      own.map(({ entry }) => entry),
      work,
    );
    if (!before.ok) return before;
    const after = await gzipSizeOfWindows(
      own.flatMap((tensor) => bytesOf(tensor, format)),
      work,
    );
    return ok(withTotals(plan, { before: before.value, after }));
  }
  const found = new Map<string, Pair<Gzip>>();
  for (const [done, tensor] of own.entries()) {
    const { name } = tensor.head;
    work.progress({ done, total: own.length, label: name });
    const before = await gzipSize(tensor.entry, work);
    if (!before.ok) return before;
    const after =
      tensor.steps.length === 0 && before.value !== null
        ? before.value
        : await gzipSizeOfWindows(bytesOf(tensor, format), work);
    found.set(name, { before: before.value, after });
  }
  const sum = (side: 'before' | 'after'): Gzip => ({
    // What is packed already keeps its bytes.
    bytes: plan.layers.reduce((total, { name, sizes: own }) => {
      const pair = found.get(name);
      return pair === undefined ? total : total + (pair[side]?.bytes ?? own[side].raw);
    }, 0),
    obtained: { kind: 'exact' },
  });
  const layers = plan.layers.map((layer): LayerChange => {
    const pair = found.get(layer.name);
    return pair === undefined ? layer : { ...layer, sizes: withGzip(layer.sizes, pair) };
  });
  return ok(withTotals({ ...plan, layers }, { before: sum('before'), after: sum('after') }));
}

/** What a writer stores of a tensor: in the container's own type where it has one. */
const bytesOf = (tensor: EditedTensor, format: string): Windowed[] =>
  tensor.entry.data.kind === 'none' ? [] : storedOf(tensor, format).outputs.map((output) => output.stored ?? output);

const withGzip = (sizes: Pair<SizesAsStored>, { before, after }: Pair<Gzip>): Pair<SizesAsStored> => ({
  before: { ...sizes.before, gzip: before },
  after: { ...sizes.after, gzip: after },
});

const withTotals = (plan: Plan, pair: Pair<Gzip>): Plan => ({
  ...plan,
  totals: { ...plan.totals, sizes: withGzip(plan.totals.sizes, pair) },
});
