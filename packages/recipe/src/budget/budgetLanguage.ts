import type { Parameter } from '@espalier/base';
import type { Document } from 'yaml';
import type { Completions } from '../complete.js';
import { globItems, itemsOf, keyItems, type RecipeCompletion, valuesOf } from '../completionItems.js';
import { siteAt, wordAt } from '../completionSite.js';
import { parameterText, type RecipeHover } from '../hover.js';
import { type LayerGlob, textGlobs } from '../layerGlobs.js';
import { locate } from '../locate.js';
import { plain } from '../plain.js';
import { BUDGET, budgetParameter } from './budget.js';
import { SEVERITIES } from './failOn.js';
import { FINDING_CODES } from './findingCodes.js';

type Table = Readonly<Record<string, Parameter>>;
type Path = readonly (string | number)[];

/** What a key or a value of a budget means; null where there is nothing to say. */
export function budgetHover(document: Document, offset: number): RecipeHover | null {
  const found = locate(document, offset);
  if (found === null) return null;
  const path = ownPath(found.path);
  const last = path.filter((part) => typeof part === 'string').at(-1);
  const parameter = budgetParameter(path);
  if (parameter === null || last === undefined) return null;
  const markdown = parameterText(String(last), parameter, found.kind === 'value' ? found.text : null);
  return { markdown, from: found.from, to: found.to };
}

/** What may stand at an offset of a budget. `layers` are names of weights that its globs may mean. */
export function completeBudget(text: string, offset: number, layers: readonly string[] = []): Completions {
  const { from, to } = wordAt(text, offset);
  const site = siteAt(text, from, to);
  if (site === null) return { items: [], from, to };
  const { path, kind } = site.located;
  const [at] = path;
  const given: unknown = typeof at === 'number' && Array.isArray(site.recipe) ? site.recipe[at] : site.recipe;
  return { items: budgetItems(ownPath(path), kind, given, layers), from, to };
}

/** What may stand at a path within a budget; `given` is what it says already. */
export function budgetItems(
  path: Path,
  kind: 'key' | 'value',
  given: unknown,
  layers: readonly string[],
  table: Table = BUDGET,
): readonly RecipeCompletion[] {
  if (path.length === 0 || (kind === 'key' && path.length === 1)) return keyItems(absent(table, given));
  const [key, at, option] = path;
  const parameter = typeof key === 'string' && Object.hasOwn(BUDGET, key) ? BUDGET[key] : undefined;
  if (key === 'forbid') return itemsOf([...SEVERITIES, ...FINDING_CODES], 'value', '');
  if (parameter?.kind !== 'list') return kind === 'value' ? valuesOf(parameter) : [];
  const items = (given as Record<string, unknown> | null)?.[key as string];
  const item: unknown = Array.isArray(items) && typeof at === 'number' ? items[at] : undefined;
  // A word alone in a list reads as a value.
  if (path.length === (kind === 'key' ? 3 : 2)) return keyItems(absent(parameter.item, item));
  if (kind !== 'value' || typeof option !== 'string') return [];
  return option === 'match' ? globItems(layers) : valuesOf(parameter.item[option]);
}

const absent = (table: Table, given: unknown): (readonly [string, string])[] =>
  Object.entries(table)
    .filter(([key]) => !Object.hasOwn((given ?? {}) as object, key))
    .map(([key, { doc }]) => [key, doc]);

/** Every glob over names of layers in a budget. */
export function budgetGlobs(document: Document): LayerGlob[] {
  const all = plain(document);
  const budgets = Array.isArray(all) ? all.map((_, i) => [i]) : [[]];
  return budgets.flatMap((root) =>
    ['sparsity', 'pattern'].flatMap((key) => {
      const items: unknown = document.getIn([...root, key]);
      const count = (items as { readonly items?: readonly unknown[] } | undefined)?.items?.length ?? 0;
      return Array.from({ length: count }, (_, i) => document.getIn([...root, key, i, 'match'], true)).flatMap(
        textGlobs,
      );
    }),
  );
}

/** Of a list of budgets the first part is the place in it. */
const ownPath = (path: Path): Path => (typeof path[0] === 'number' ? path.slice(1) : path);
