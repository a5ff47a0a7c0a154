import type { Parameter } from '@espalier/base';
import { type Document, isMap, isPair, isScalar, isSeq, type Pair } from 'yaml';
import { RECIPE_BUDGET } from './budget/budget.js';
import { keyText } from './locate.js';
import type { Place } from './place.js';
import { methodOf, type Schema, schema as standardSchema, VERBS } from './schema.js';

/** A glob over names of layers, and where it stands. */
export interface LayerGlob extends Place {
  readonly glob: string;
}

/** Every glob over names of layers in a recipe, in the order of the text: exclusions, and options of that kind. */
export function layerGlobs(document: Document, schema: Schema = standardSchema): LayerGlob[] {
  const root = document.contents;
  if (!isMap(root)) return [];
  const found = [...exclusions(root), ...options(valueAt(root.items.filter(isPair), 'budget'), RECIPE_BUDGET)];
  const steps: unknown = root.get('steps', true);
  for (const step of isSeq(steps) ? steps.items : []) {
    if (!isMap(step)) continue;
    found.push(...exclusions(step));
    for (const pair of step.items.filter(isPair)) {
      const verb = keyText(pair);
      if (!VERBS.some((known) => known === verb) || !isMap(pair.value)) continue;
      const method = methodOf(schema, verb, String(pair.value.get('method') ?? ''));
      if (method !== undefined) found.push(...options(pair.value, method.parameters));
    }
  }
  return found.sort((a, b) => a.from - b.from);
}

/** A text or a list is short for the globs of an exclusion. */
function exclusions(map: unknown): LayerGlob[] {
  const given = isMap(map) ? valueAt(map.items.filter(isPair), 'exclude') : undefined;
  if (!isMap(given)) return textGlobs(given);
  return ['layers', 'allBut'].flatMap((key) => textGlobs(valueAt(given.items.filter(isPair), key)));
}

function options(node: unknown, parameters: Readonly<Record<string, Parameter>>): LayerGlob[] {
  if (!isMap(node)) return [];
  return node.items.filter(isPair).flatMap((pair) => {
    const name = keyText(pair);
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    // A rule of quantize says with one glob what it is for.
    if ((parameter?.kind === 'globs' && name !== 'forbid') || (parameter?.kind === 'text' && name === 'match'))
      return textGlobs(pair.value);
    if (parameter?.kind === 'group') return options(pair.value, parameter.item);
    if (parameter?.kind !== 'list' || !isSeq(pair.value)) return [];
    return pair.value.items.flatMap((item) => options(item, parameter.item));
  });
}

const valueAt = (pairs: readonly Pair[], key: string): unknown => pairs.find((pair) => keyText(pair) === key)?.value;

export function textGlobs(node: unknown): LayerGlob[] {
  return (isSeq(node) ? node.items : [node]).flatMap((item) =>
    isScalar(item) && typeof item.value === 'string' && item.range
      ? [{ glob: item.value, from: item.range[0], to: item.range[1] }]
      : [],
  );
}
