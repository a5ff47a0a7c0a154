import { type Fault, FaultError } from '@espalier/base';
import type { Dataset } from './dataset.js';
import type { Hdf5, Hdf5Object } from './hdf5.js';
import type { Link } from './link.js';

/** What was met on the way through a file. */
export type Found =
  | {
      readonly kind: 'dataset';
      /** Without the leading slash. */
      readonly path: string;
      readonly dataset: Dataset;
      readonly object: Hdf5Object;
      /** Path of an earlier dataset that is the very same object (a hard link). */
      readonly same?: string;
    }
  | { readonly kind: 'group'; readonly path: string; readonly object: Hdf5Object }
  /** A link into another file. It is not followed. */
  | { readonly kind: 'external'; readonly path: string }
  /** An object whose header cannot be read; the others can. */
  | { readonly kind: 'broken'; readonly path: string; readonly fault: Fault };

/** Models nest a few levels per enclosing model. */
const MAX_DEPTH = 100;
/** Objects looked at. The largest checkpoints have some ten thousand. */
const MAX_OBJECTS = 500_000;

/** Every object of a file, groups before what is in them, in the order of their links. Each group is entered once. */
export async function* walkHdf5(file: Hdf5): AsyncGenerator<Found> {
  const groups = new Set<number>();
  const datasets = new Map<number, string>();
  let objects = 0;
  yield* visit(await file.root(), '', 0);

  async function* visit(object: Hdf5Object, path: string, depth: number): AsyncGenerator<Found> {
    const links = await object.links();
    if (links === null) {
      const dataset = await object.dataset();
      if (dataset === null) return;
      const same = datasets.get(object.address);
      if (same === undefined) datasets.set(object.address, path);
      yield { kind: 'dataset', path, dataset, object, ...(same === undefined ? {} : { same }) };
      return;
    }
    if (groups.has(object.address) || depth > MAX_DEPTH) return;
    groups.add(object.address);
    yield { kind: 'group', path, object };
    for (const link of inNumberOrder(links)) {
      const at = path === '' ? link.name : `${path}/${link.name}`;
      if (link.kind === 'external') yield { kind: 'external', path: at };
      if (link.kind !== 'hard') continue;
      if (++objects > MAX_OBJECTS) {
        if (objects === MAX_OBJECTS + 1) yield { kind: 'broken', path: at, fault: tooMany(file) };
        return;
      }
      try {
        yield* visit(await file.object(link.address), at, depth + 1);
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        yield { kind: 'broken', path: at, fault: error.fault };
      }
    }
  }
}

const tooMany = (file: Hdf5): Fault => ({
  code: 'checkpoint/too-complex',
  file: file.bytes.source.name,
  expected: MAX_OBJECTS,
  message: `The file has more than ${MAX_OBJECTS} objects; the others are not listed.`,
});

/** Variables of Keras 3 are called 0, 1, 2 …: a group of numbers alone is put in the order of the numbers. */
function inNumberOrder(links: readonly Link[]): readonly Link[] {
  if (!links.every(({ name }) => /^\d{1,9}$/.test(name))) return links;
  return [...links].sort((a, b) => Number(a.name) - Number(b.name));
}
