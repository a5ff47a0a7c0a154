import { type Document, isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import { keyText } from '../locate.js';
import { type Place, placeOf } from '../place.js';

/** One modifier of a recipe of another tool, in the order of the text. */
export interface Modifier extends Place {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where a recipe comes from: SparseML lists modifiers by tags, llm-compressor names them by keys. */
export interface ForeignRecipe {
  readonly tool: 'SparseML' | 'llm-compressor';
  readonly modifiers: readonly Modifier[];
}

/** Stages lie in recipes, and groups of modifiers in stages; deeper there are fields. */
const DEPTH = 3;

/**
 * Modifiers of a recipe of SparseML (lists of `!GMPruningModifier`) or llm-compressor (`SparseGPTModifier:` within a stage); null where the text is none.
 * Sources: the recipes guide of SparseML 1.x; the reference of llm-compressor, `llmcompressor.modifiers`.
 */
export function foreignRecipe({
  document,
  text,
}: {
  readonly document: Document;
  readonly text: string;
}): ForeignRecipe | null {
  const found: Modifier[] = [];
  let tagged = false;
  const add = (name: string, node: unknown, at: unknown): void => {
    const [from, to] = placeOf(at, text);
    found.push({ name, fields: fieldsOf(node, document), from, to: Math.max(from, Math.min(to, lineEnd(text, from))) });
  };
  const visit = (node: unknown, depth: number): void => {
    if (depth > DEPTH || !isMap(node)) return;
    for (const pair of node.items.filter(isPair)) {
      const key = keyText(pair);
      if (!/modifiers$/i.test(key)) {
        visit(pair.value, depth + 1);
        continue;
      }
      for (const item of isSeq(pair.value) ? pair.value.items : []) {
        const name = tagOf(item);
        if (name === null) continue;
        tagged = true;
        add(name, item, item);
      }
      for (const inner of isMap(pair.value) ? pair.value.items.filter(isPair) : [])
        if (/Modifier$/.test(keyText(inner))) add(keyText(inner), inner.value, inner.key);
    }
  };
  visit(document.contents, 1);
  return found.length === 0 ? null : { tool: tagged ? 'SparseML' : 'llm-compressor', modifiers: found };
}

const tagOf = (node: unknown): string | null => /^!(\w+Modifier)$/.exec((node as Node | null)?.tag ?? '')?.[1] ?? null;

function fieldsOf(node: unknown, document: Document): Readonly<Record<string, unknown>> {
  if (!isMap(node)) return {};
  return Object.fromEntries(
    node.items.filter(isPair).map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      try {
        return [name, (value as Node | null)?.toJS(document, { maxAliasCount: 100 }) ?? null];
      } catch {
        return [name, null];
      }
    }),
  );
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
