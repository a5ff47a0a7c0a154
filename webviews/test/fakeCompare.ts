import type { CompareTileQuery, StructureDiff, TensorHead, TileQuery, ValueDiff, WireTile } from '@espalier/protocol';
import { diffOf, layoutOf, shareTile, tileOf } from './fakeAnalysis.js';
import { type FakeTensor, headOf, retrained } from './fakeModel.js';

const UNTOUCHED = /^(conv1|bn1|fc|layer2\.0\.downsample)/;
const RENAMED: readonly [string, string] = ['layer2.0.downsample.0.weight', 'layer2.0.shortcut.0.weight'];

/** The later file: most weights moved on, one layer lost a quarter of its outputs, one was renamed, one added, one removed. */
export function laterModel(before: readonly FakeTensor[], kind: 'changed' | 'equal'): FakeTensor[] {
  if (kind === 'equal') return [...before];
  const after: FakeTensor[] = [];
  for (const [i, tensor] of before.entries()) {
    const { name } = tensor.head;
    if (name === 'fc.bias') continue;
    if (name === RENAMED[0]) {
      after.push({ head: { ...tensor.head, name: RENAMED[1], layer: 'layer2.0.shortcut.0' }, values: tensor.values });
      continue;
    }
    const changed = UNTOUCHED.test(name) ? tensor : retrained(tensor, 0.08 + 0.2 * ((i * 7) % 10) * 0.1);
    if (/^layer4\.0\.(conv1|bn1)/.test(name)) after.push(shortened(changed, 0, 0.75));
    else if (name === 'layer4.0.conv2.weight') after.push(shortened(changed, 1, 0.75));
    else after.push(changed);
  }
  after.push({ head: { ...headOf('quant.input_scale', [], 'scale') }, values: () => Float32Array.of(0.0173) });
  return after;
}

/** The first part of an axis. */
function shortened(tensor: FakeTensor, axis: 0 | 1, share: number): FakeTensor {
  const { head } = tensor;
  const shape = head.shape.map((length, i) => (i === axis ? Math.round(length * share) : length));
  const made = headOf(head.name, shape, head.role);
  return {
    head: made,
    values: () => {
      const values = tensor.values();
      const inner = values.length / (head.shape[0]! * (axis === 1 ? head.shape[1]! : 1));
      if (axis === 0) return values.slice(0, shape[0]! * inner);
      const rows = head.shape[0]!;
      const kept = shape[1]! * inner;
      const out = new Float32Array(rows * kept);
      for (let row = 0; row < rows; row++)
        out.set(values.subarray(row * head.shape[1]! * inner, row * head.shape[1]! * inner + kept), row * kept);
      return out;
    },
  };
}

export function structureOf(before: readonly TensorHead[], after: readonly TensorHead[]): StructureDiff {
  const earlier = new Map(before.map((head) => [head.name, head]));
  const later = new Map(after.map((head) => [head.name, head]));
  const isRenamed = later.has(RENAMED[1]) && earlier.has(RENAMED[0]);
  return {
    added: after.filter(({ name }) => !earlier.has(name) && !(isRenamed && name === RENAMED[1])),
    removed: before.filter(({ name }) => !later.has(name) && !(isRenamed && name === RENAMED[0])),
    renamed: isRenamed ? [{ before: RENAMED[0], after: RENAMED[1], how: 'values identical' }] : [],
    reshaped: after.flatMap(({ name, shape }) => {
      const was = earlier.get(name)?.shape;
      return was === undefined || was.join() === shape.join() ? [] : [{ name, before: was, after: shape }];
    }),
    retyped: [],
  };
}

/** The part of the earlier values that both shapes have. */
function overlapping(before: FakeTensor, after: FakeTensor): Float32Array {
  const values = before.values();
  if (before.head.shape.join() === after.head.shape.join()) return values;
  const axis = before.head.shape[0] === after.head.shape[0] ? 1 : 0;
  return shortened(before, axis, after.head.shape[axis]! / before.head.shape[axis]!).values();
}

export const pairDiff = (before: FakeTensor, after: FakeTensor): ValueDiff => {
  const diff = diffOf(after.head, overlapping(before, after), after.values());
  return before.head.name === after.head.name ? diff : { ...diff, nameBefore: before.head.name };
};

export function pairTile(before: FakeTensor, after: FakeTensor, query: CompareTileQuery) {
  const a = overlapping(before, after);
  const b = after.values();
  const layout = layoutOf(after.head, query.layout, query.channel);
  const delta = b.map((value, i) => value - a[i]!);
  const scale = (values: Float32Array) => {
    const kept = values
      .filter((value) => value !== 0)
      .map(Math.abs)
      .sort();
    return { low: kept[0] ?? 0, high: kept[Math.floor(kept.length * 0.99)] ?? 0 };
  };
  const [sa, sb, sd] = [scale(a), scale(b), scale(delta)];
  const high = Math.max(sa.high, sb.high);
  const tile = (values: Float32Array, signed: boolean, low: number, top: number): WireTile =>
    tileOf(layout, values, { ...query, signed } satisfies TileQuery, low, top);
  return {
    before: tile(a, false, sa.low, high),
    after: tile(b, false, sb.low, high),
    delta: tile(delta, true, sd.low, sd.high),
    newZero: shareTile(layout, query, (at) => a[at] !== 0 && b[at] === 0),
    newKept: shareTile(layout, query, (at) => a[at] === 0 && b[at] !== 0),
  };
}

/** Shares of zeros of a model that was pruned step by step. */
export function trendOf(tensors: readonly FakeTensor[], files: number) {
  const layers = tensors.filter(({ head }) => head.prunable);
  return layers.map(({ head, values }, i) => {
    const end = values().filter((value) => value === 0).length / head.elements;
    const at = (file: number): number | null => {
      // One layer came later than the others.
      if (i === 7 && file === 0) return null;
      return files === 1 ? end : end * (file / (files - 1)) ** (i % 3 === 0 ? 0.6 : 1.4);
    };
    return { name: head.name, sparsity: Array.from({ length: files }, (_, file) => at(file)) };
  });
}
