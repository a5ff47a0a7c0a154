import { type Document, isMap, isPair, isScalar, isSeq, type Pair } from 'yaml';
import { keyText } from './locate.js';
import { type Place, placeOf } from './place.js';

/** A part of a recipe or a budget, as an outline lists it. */
export interface YamlSymbol {
  readonly name: string;
  /** The value, where it is one word or number. */
  readonly detail: string;
  readonly kind: 'key' | 'item' | 'list';
  /** All of it, and the part that names it. */
  readonly whole: Place;
  readonly named: Place;
  readonly children: readonly YamlSymbol[];
}

/** Deeper parts are values, not landmarks. */
const DEPTH = 4;

/** The outline of a recipe or a budget: keys, and items of lists by what names them. */
export function yamlSymbols({ document, text }: { readonly document: Document; readonly text: string }): YamlSymbol[] {
  return below(document.contents, text, DEPTH);
}

function below(node: unknown, text: string, depth: number): YamlSymbol[] {
  if (depth === 0) return [];
  if (isMap(node)) return node.items.filter(isPair).flatMap((pair) => ofPair(pair, text, depth));
  if (isSeq(node)) return node.items.flatMap((item, at) => (isMap(item) ? [ofItem(item, at, text, depth)] : []));
  return [];
}

function ofPair(pair: Pair, text: string, depth: number): YamlSymbol[] {
  const name = keyText(pair);
  // An outline has no entry without a name.
  if (name.trim() === '') return [];
  const named = place(pair.key, text);
  const whole = pair.value === null ? named : { from: named.from, to: Math.max(named.to, place(pair.value, text).to) };
  const detail = isScalar(pair.value) && pair.value.value !== null ? String(pair.value.value) : '';
  return [
    {
      name,
      detail,
      kind: isSeq(pair.value) ? 'list' : 'key',
      whole,
      named,
      children: below(pair.value, text, depth - 1),
    },
  ];
}

/** `prune` of a step, with its id or its method beside it. */
function ofItem(item: unknown, at: number, text: string, depth: number): YamlSymbol {
  const whole = place(item, text);
  const children = below(item, text, depth - 1);
  const first = children.find(({ name }) => name !== 'id' && name !== 'exclude');
  const id = children.find(({ name }) => name === 'id')?.detail;
  const method = first?.children.find(({ name }) => name === 'method')?.detail ?? first?.detail;
  return {
    name: id || first?.name || String(at + 1),
    detail: [id ? first?.name : '', method].filter(Boolean).join(' '),
    kind: 'item',
    whole,
    named: first?.named ?? whole,
    children,
  };
}

function place(node: unknown, text: string): Place {
  const [from, to] = placeOf(node, text);
  return { from, to };
}
