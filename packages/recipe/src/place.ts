import { type Document, isMap, isPair, isSeq } from 'yaml';
import { keyText } from './locate.js';

/** UTF-16 offsets of something in a text. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

/** Where a node stands; the whole text for what has no place. */
export function placeOf(node: unknown, text: string): readonly [number, number] {
  const range = typeof node === 'object' && node !== null ? (node as { range?: readonly number[] | null }).range : null;
  if (range === undefined || range === null)
    return [0, Math.min(text.length, Math.max(0, text.indexOf('\n')) || text.length)];
  const [from, to] = range as readonly [number, number];
  // A block ends where the next one begins: the spaces between them are not its own.
  const own = text.slice(from, to).trimEnd().length;
  return [from, from + own];
}

/** Where the value at a path stands, or its key; the nearest thing above it where the text does not say it. */
export function placeAt(
  { document, text }: { readonly document: Document; readonly text: string },
  path: readonly (string | number)[],
  part: 'key' | 'value' = 'value',
): Place {
  let node: unknown = document.contents;
  let key: unknown = node;
  for (const [depth, name] of path.entries()) {
    const pair = isMap(node) ? node.items.filter(isPair).find((item) => keyText(item) === String(name)) : undefined;
    const next: unknown = pair !== undefined ? pair.value : isSeq(node) ? node.items[Number(name)] : undefined;
    if (pair !== undefined) key = pair.key;
    else if (next !== undefined) key = next;
    if (next === undefined || next === null) {
      if (pair !== undefined && depth === path.length - 1) node = pair.key;
      break;
    }
    node = next;
  }
  const [from, to] = placeOf(part === 'key' ? key : node, text);
  return { from, to };
}
