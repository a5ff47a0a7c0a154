import type { Work } from '@espalier/base';
import { type GraphEdit, readValues, type TensorEntry, valuesOutput } from '@espalier/checkpoint';
import { type Cut, cutEntry, type Fold, foldedOffset } from '@espalier/pruning';
import { withValues } from './withValues.js';

/** Offsets that take up the constants of channels that go. */
export interface FoldChanges {
  readonly edits: readonly GraphEdit[];
  /** Offsets with other values, by name; not cut yet. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** Adds what weights make of constants to their offsets; where a node has none, it gets one. */
export async function foldChanges(
  folds: readonly Fold[],
  entryOf: (tensor: string) => TensorEntry,
  cutsOf: (tensor: string) => readonly Cut[],
  work: Work,
): Promise<FoldChanges> {
  const sums = new Map<string, { readonly fold: Fold; readonly offset: Float64Array }>();
  for (const fold of folds) {
    const { bias, node, input } = fold.into;
    const key = bias ?? `${node}/${input}`;
    const added = await foldedOffset(entryOf(fold.weight), fold, work);
    const before = sums.get(key)?.offset;
    sums.set(key, { fold, offset: before === undefined ? added : added.map((value, i) => value + before[i]!) });
  }
  const edits: GraphEdit[] = [];
  const entries = new Map<string, TensorEntry>();
  for (const { fold, offset } of sums.values()) {
    const { bias, node, input, outputAxis, outputs } = fold.into;
    if (bias !== null) {
      const entry = entryOf(bias);
      const values = await readValues(entry, 0, entry.elements, work.signal);
      entries.set(
        bias,
        withValues(
          entry,
          offset.map((value, i) => value + Number(values[i]!)),
        ),
      );
      continue;
    }
    const weight = entryOf(fold.weight);
    const name = `${fold.weight}_offset`;
    const bytes = (weight.bytes / weight.elements) * outputs;
    const whole = withValues({ ...weight, name, shape: [outputs], elements: outputs, bytes }, offset);
    const own = cutsOf(fold.weight).filter(({ axis }) => axis === outputAxis);
    const entry = cutEntry(
      whole,
      own.map(({ kept }) => ({ axis: 0, kept })),
    );
    edits.push(
      { kind: 'add-initializer', tensor: { name, shape: entry.shape, ...valuesOutput(entry) } },
      { kind: 'rewire', node, input, value: name },
    );
  }
  return { edits, entries };
}
