import type { Parameter } from '@espalier/base';
import { rangeText } from './hover.js';
import { type Located, locate } from './locate.js';
import { methodIn } from './methodIn.js';
import { plain } from './plain.js';
import {
  EXCLUSIONS,
  methodOf,
  methodsOf,
  OUTPUT,
  type Schema,
  schema as standardSchema,
  TOP_KEYS,
  VERBS,
} from './schema.js';
import { sweepKeys, sweepParameter } from './sweepWords.js';
import { yamlDocument } from './yamlDocument.js';

export interface RecipeCompletion {
  readonly label: string;
  /** What is inserted in place of the word at the cursor. */
  readonly insert: string;
  readonly kind: 'key' | 'method' | 'value' | 'layer';
  readonly detail: string;
}

export interface Completions {
  readonly items: readonly RecipeCompletion[];
  /** The word that they replace. */
  readonly from: number;
  readonly to: number;
}

/** A word that no recipe has. */
const MARK = 'zzespalierzz';

/** What may stand at an offset. `layers` are the names in the recipe's checkpoint, where it is known. */
export function completeRecipe(
  text: string,
  offset: number,
  layers: readonly string[] = [],
  schema: Schema = standardSchema,
): Completions {
  const { from, to } = wordAt(text, offset);
  const site = siteAt(text, from, to);
  return { items: site === null ? [] : itemsFor(site.located, site.recipe, layers, schema), from, to };
}

/** The word at an offset: what a completion replaces. */
export function wordAt(text: string, offset: number): { readonly from: number; readonly to: number } {
  let from = offset;
  while (from > 0 && /[\w+.*-]/.test(text[from - 1]!)) from--;
  let to = offset;
  while (to < text.length && /[\w+.*-]/.test(text[to]!)) to++;
  return { from, to };
}

/**
 * Where the word stands. A text is mostly half-typed here: a word alone on its line is a key that lacks its colon, within braces it may be
 * either. Whichever reading has fewer errors is taken.
 */
export function siteAt(
  text: string,
  from: number,
  to: number,
): { readonly located: Located; readonly recipe: unknown } | null {
  const readings = [MARK, `${MARK}: `].map((word) => {
    const document = yamlDocument(text.slice(0, from) + word + text.slice(to), false);
    return { document, located: locate(document, from + 1), errors: document.errors.length };
  });
  const best = readings.filter(({ located }) => located !== null).sort((a, b) => a.errors - b.errors)[0];
  if (best === undefined || best.located === null) return null;
  return { located: best.located, recipe: plain(best.document) };
}

function itemsFor(
  { kind, path }: Located,
  recipe: unknown,
  layers: readonly string[],
  schema: Schema,
): RecipeCompletion[] {
  const [top, index, verb, option] = path;
  if (path.length === 0 || (path.length === 1 && kind === 'key')) return keyItems(Object.entries(TOP_KEYS));
  const isExclusion = top === 'exclude' || (top === 'steps' && verb === 'exclude');
  if (isExclusion) {
    const name = top === 'exclude' ? index : option;
    const depth = top === 'exclude' ? 2 : 4;
    if (kind === 'key' && path.length === depth)
      return keyItems(Object.entries(EXCLUSIONS).map(([key, { doc }]) => [key, doc]));
    if (typeof name === 'number' || name === 'layers' || name === 'allBut' || name === undefined)
      return globItems(layers);
    if (name === 'roles')
      return ['first', 'last', 'conv', 'depthwise-conv', 'linear', 'attention'].map((role) => value(role, ''));
    return valuesOf(EXCLUSIONS[String(name)]);
  }
  if (top === 'output') {
    if (kind === 'key' && path.length === 2)
      return keyItems(Object.entries(OUTPUT).map(([key, { doc }]) => [key, doc]));
    return kind === 'value' && typeof index === 'string' ? valuesOf(OUTPUT[index]) : [];
  }
  if (top === 'sweep') {
    if (kind === 'key' && path.length === 2) {
      const given = Object.keys((recipe as { sweep?: object } | null)?.sweep ?? {});
      return keyItems([...sweepKeys(recipe, schema)].filter(([key]) => !given.includes(key)));
    }
    return kind === 'value' && typeof index === 'string' ? valuesOf(sweepParameter(index, recipe, schema)) : [];
  }
  if (top !== 'steps') return [];
  // A word alone in the list of steps reads as a value.
  if (path.length === (kind === 'key' ? 3 : 2)) return stepKeys();
  if (typeof verb !== 'string' || !VERBS.some((known) => known === verb)) return [];
  const named = (): RecipeCompletion[] =>
    methodsOf(schema, verb).map(({ name, summary }) => ({
      label: name,
      insert: name,
      kind: 'method',
      detail: summary,
    }));
  if (kind === 'value' && (path.length === 3 || option === 'method')) return named();
  const method = methodOf(schema, verb, methodIn(recipe, index, verb) ?? '');
  if (kind === 'key' && path.length === 4) {
    const given = Object.keys((stepOf(recipe, index)?.[verb] as Record<string, unknown> | null) ?? {});
    const missing = Object.entries(method?.parameters ?? {}).filter(([key]) => !given.includes(key));
    const method_ = given.includes('method')
      ? []
      : keyItems([
          [
            'method',
            `One of ${methodsOf(schema, verb)
              .map(({ name }) => name)
              .join(', ')}.`,
          ],
        ]);
    return [
      ...method_,
      ...keyItems(
        missing.map(([key, parameter]) => [key, [parameter.doc, rangeText(parameter)].filter(Boolean).join(' ')]),
      ),
    ];
  }
  return kind === 'value' && typeof option === 'string' ? valuesOf(method?.parameters[option]) : [];
}

const stepOf = (recipe: unknown, index: unknown): Record<string, unknown> | null => {
  const steps = (recipe as { steps?: unknown } | null)?.steps;
  return Array.isArray(steps) && typeof index === 'number' ? (steps[index] as Record<string, unknown> | null) : null;
};

export const keyItems = (entries: readonly (readonly [string, string])[]): RecipeCompletion[] =>
  entries.map(([label, detail]) => ({ label, insert: `${label}: `, kind: 'key', detail }));

const stepKeys = (): RecipeCompletion[] =>
  keyItems([
    ...VERBS.map((verb) => [verb, `A ${verb} step.`] as const),
    ['id', 'A name for the step.'],
    ['exclude', 'What this step leaves alone.'],
  ]);

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
