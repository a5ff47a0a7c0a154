import type { Parameter } from '@espalier/base';

export interface RecipeCompletion {
  readonly label: string;
  /** What is inserted in place of the word at the cursor. */
  readonly insert: string;
  readonly kind: 'key' | 'method' | 'value' | 'layer';
  readonly detail: string;
}

export const keyItems = (entries: readonly (readonly [string, string])[]): RecipeCompletion[] =>
  entries.map(([label, detail]) => ({ label, insert: `${label}: `, kind: 'key', detail }));

const value = (label: string, detail: string): RecipeCompletion => ({ label, insert: label, kind: 'value', detail });

export function valuesOf(parameter: Parameter | undefined): RecipeCompletion[] {
  switch (parameter?.kind) {
    case 'oneOf':
      return parameter.values.map((choice) => value(choice.value, choice.doc));
    case 'flag':
      return [value('true', ''), value('false', '')];
    case 'ratio':
      return [0.5, 0.7, 0.8, 0.9, 0.95].map((share) => value(String(share), parameter.doc));
    default:
      return [];
  }
}

/** Names of layers, and globs over what is below them. */
export function globItems(layers: readonly string[]): RecipeCompletion[] {
  const prefixes = new Set<string>();
  for (const name of layers) {
    const parts = name.split('.');
    for (let i = 1; i < parts.length - 1; i++) prefixes.add(`${parts.slice(0, i).join('.')}.**`);
  }
  return itemsOf([...prefixes, ...layers].slice(0, 300), 'layer', 'layer');
}

/** One item for each word; names of layers are quoted, since a glob may begin as an alias does. */
export const itemsOf = (words: readonly string[], kind: RecipeCompletion['kind'], detail: string): RecipeCompletion[] =>
  words.map((label) => ({ label, insert: kind === 'layer' ? JSON.stringify(label) : label, kind, detail }));
