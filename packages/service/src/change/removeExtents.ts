import type { Graph, GraphEdit, GraphNode, TensorEntry } from '@espalier/checkpoint';
import { valuesOutput } from '@espalier/checkpoint';
import type { Extent, Segment } from '@espalier/pruning';
import { withValues } from './withValues.js';

/** Numbers of a graph that follow the widths of channels. */
export interface ExtentChanges {
  readonly edits: readonly GraphEdit[];
  /** Small constants with other values, by name. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** The numbers at one place of the file that change together. */
interface Place {
  readonly at: Extent['at'];
  readonly numbers: number[];
  changed: boolean;
}

/**
 * What becomes of numbers that are widths of channels: sizes of splits, borders of slices, shapes, groups of convolutions. A constant that several nodes read is written anew for
 * the node that needs another one.
 *
 * @param left how many channels of a space stay, and of how many; undefined where all do
 */
export function extentChanges(
  graph: Graph,
  extents: readonly Extent[],
  left: (space: number) => { readonly kept: number; readonly channels: number } | undefined,
  constantOf: (name: string) => { readonly entry: TensorEntry; readonly numbers: readonly number[] } | undefined,
): ExtentChanges {
  const widthLeft = (segments: readonly Segment[]): number =>
    segments.reduce((total, { space, width }) => {
      const { kept, channels } = left(space) ?? { kept: 1, channels: 1 };
      return total + (width / channels) * kept;
    }, 0);
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const places = new Map<string, Place>();
  for (const { at, index, segments } of extents) {
    if (segments.every(({ space }) => left(space) === undefined)) continue;
    const key = `${at.node}/${at.kind === 'attribute' ? at.attribute : at.input}`;
    const place = places.get(key) ?? { at, numbers: [...numbersAt(at, nodes, constantOf)], changed: false };
    places.set(key, place);
    const width = widthLeft(segments);
    if (place.numbers[index ?? 0] === width) continue;
    place.numbers[index ?? 0] = width;
    place.changed = true;
  }
  const readers = readersOf(graph);
  const edits: GraphEdit[] = [];
  const entries = new Map<string, TensorEntry>();
  for (const { at, numbers, changed } of places.values()) {
    if (!changed) continue;
    if (at.kind === 'attribute') {
      const single = !Array.isArray(nodes.get(at.node)!.attributes[at.attribute]);
      edits.push({
        kind: 'set-attribute',
        node: at.node,
        attribute: at.attribute,
        value: single ? numbers[0]! : numbers,
      });
      continue;
    }
    const entry = withValues(constantOf(at.tensor)!.entry, Float64Array.from(numbers));
    if (readers.get(at.tensor) === 1) {
      entries.set(at.tensor, entry);
      continue;
    }
    const name = `${at.tensor}_of_${at.node}`;
    const tensor = { name, shape: entry.shape, ...valuesOutput({ ...entry, name }) };
    edits.push({ kind: 'add-initializer', tensor }, { kind: 'rewire', node: at.node, input: at.input, value: name });
  }
  return { edits, entries };
}

function numbersAt(
  at: Extent['at'],
  nodes: ReadonlyMap<string, GraphNode>,
  constantOf: (name: string) => { readonly numbers: readonly number[] } | undefined,
): readonly number[] {
  if (at.kind === 'input') return constantOf(at.tensor)!.numbers;
  const given = nodes.get(at.node)!.attributes[at.attribute];
  return Array.isArray(given) ? given.map(Number) : [Number(given)];
}

function readersOf({ nodes, outputs }: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}
