import { type Document, isMap, isPair, isScalar, isSeq, type Pair } from 'yaml';

/** What stands at an offset: a key or a value, with the way to it from the top. */
export interface Located {
  readonly kind: 'key' | 'value';
  /** Keys and places in lists; of a key the last one is itself. */
  readonly path: readonly (string | number)[];
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** The key or the plain value at an offset; null between them. */
export function locate(document: Document, offset: number): Located | null {
  return inside(document.contents, offset, []);
}

function inside(node: unknown, offset: number, path: readonly (string | number)[]): Located | null {
  if (isMap(node)) {
    for (const pair of node.items.filter(isPair)) {
      const key = keyText(pair);
      const here = [...path, key];
      const found = scalarAt(pair.key, offset, here, 'key') ?? inside(pair.value, offset, here);
      if (found !== null) return found;
    }
    return null;
  }
  if (isSeq(node)) {
    for (const [i, item] of node.items.entries()) {
      const found = inside(item, offset, [...path, i]);
      if (found !== null) return found;
    }
    return null;
  }
  return scalarAt(node, offset, path, 'value');
}

function scalarAt(
  node: unknown,
  offset: number,
  path: readonly (string | number)[],
  kind: Located['kind'],
): Located | null {
  if (!isScalar(node) || !node.range) return null;
  const [from, to] = node.range;
  if (offset < from || offset > to || from === to) return null;
  return { kind, path, text: String(node.value), from, to };
}

export const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : '');
