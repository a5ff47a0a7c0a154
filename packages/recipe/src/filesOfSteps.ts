import type { Parameter } from '@espalier/base';
import type { ParsedRecipe } from './parse.js';
import { type Place, placeAt } from './place.js';
import { methodOf, schema } from './schema.js';

/** The files that options of steps name, and where they are written. */
export function filesOfSteps(parsed: ParsedRecipe): (Place & { readonly path: string })[] {
  return (parsed.recipe?.steps ?? []).flatMap(({ verb, method, options }, at) =>
    filesIn(methodOf(schema, verb, method)?.parameters ?? {}, options).map(({ way, path }) => ({
      path,
      ...placeAt(parsed, ['steps', at, verb, ...way]),
    })),
  );
}

function filesIn(
  parameters: Readonly<Record<string, Parameter>>,
  options: Readonly<Record<string, unknown>>,
): { readonly way: readonly string[]; readonly path: string }[] {
  return Object.entries(parameters).flatMap(([name, parameter]) => {
    const value = options[name];
    if (parameter.kind === 'path') return typeof value === 'string' ? [{ way: [name], path: value }] : [];
    if (parameter.kind !== 'group' || typeof value !== 'object' || value === null) return [];
    const own = filesIn(parameter.item, value as Record<string, unknown>);
    return own.map(({ way, path }) => ({ way: [name, ...way], path }));
  });
}
