import { type Fix, type ParsedRecipe, placeAt } from '@espalier/recipe';

/** At most so many names are written out. */
const MOST = 20;

/** Leaves layers out of a step, as text that is inserted behind what it does; null where it excludes something already, or there are too many. */
export function excludeFix({ recipe, document, text }: ParsedRecipe, at: number, names: readonly string[]): Fix | null {
  const { verb } = recipe!.steps[at]!;
  if (names.length > MOST || document.hasIn(['steps', at, 'exclude'])) return null;
  const key = placeAt({ document, text }, ['steps', at, verb], 'key');
  const value = placeAt({ document, text }, ['steps', at, verb]);
  const list = `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;
  const lineBegin = text.lastIndexOf('\n', key.from - 1) + 1;
  const isFlow = /[{[]/.test(text.slice(lineBegin, key.from));
  const inserted = isFlow ? `, exclude: ${list}` : `\n${' '.repeat(key.from - lineBegin)}exclude: ${list}`;
  return { title: 'Exclude these layers', text: inserted, at: { from: value.to, to: value.to } };
}
