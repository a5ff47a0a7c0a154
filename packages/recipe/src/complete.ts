import { RECIPE_BUDGET } from './budget/budget.js';
import { budgetItems } from './budget/budgetLanguage.js';
import { globItems, itemsOf, keyItems, type RecipeCompletion, valuesOf } from './completionItems.js';
import { siteAt, wordAt } from './completionSite.js';
import { rangeText } from './hover.js';
import type { Located } from './locate.js';
import { methodIn } from './methodIn.js';
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

export interface Completions {
  readonly items: readonly RecipeCompletion[];
  /** The word that they replace. */
  readonly from: number;
  readonly to: number;
}

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
      return itemsOf(['first', 'last', 'conv', 'depthwise-conv', 'linear', 'attention'], 'value', '');
    return valuesOf(EXCLUSIONS[String(name)]);
  }
  if (top === 'budget') {
    const given = (recipe as { budget?: unknown } | null)?.budget;
    return [...budgetItems(path.slice(1), kind, given, layers, RECIPE_BUDGET)];
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

const stepKeys = (): RecipeCompletion[] =>
  keyItems([
    ...VERBS.map((verb) => [verb, `A ${verb} step.`] as const),
    ['id', 'A name for the step.'],
    ['exclude', 'What this step leaves alone.'],
  ]);
