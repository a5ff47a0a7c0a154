import { isMap, isPair, isScalar, isSeq, type Pair, Scalar, stringify } from 'yaml';
import { keyText, locate } from './locate.js';
import type { ParsedRecipe } from './parse.js';
import type { Place } from './place.js';
import { splitKey } from './sweep.js';

/** The name of a step, where it is written at an offset. */
export interface StepName extends Place {
  readonly id: string;
  readonly step: number;
}

export interface TextEdit extends Place {
  readonly text: string;
}

/** The name of a step at an offset: where it is given, or where a sweep refers to it. null elsewhere, and where the recipe has problems. */
export function stepNameAt({ document, recipe, text }: ParsedRecipe, offset: number): StepName | null {
  const found = recipe === null ? null : locate(document, offset);
  if (found === null) return null;
  const { path, kind, from, to } = found;
  const [top, at] = path;
  if (top === 'steps' && path.length === 3 && path[2] === 'id' && kind === 'value')
    return { id: recipe!.steps[at as number]!.id, step: at as number, from, to };
  if (top !== 'sweep' || path.length !== 2 || kind !== 'key') return null;
  const { step } = splitKey(String(at), recipe!.steps);
  if (step === null) return null;
  const { id } = recipe!.steps[step]!;
  const begin = text.indexOf(id, from);
  return begin < 0 || offset > begin + id.length ? null : { id, step, from: begin, to: begin + id.length };
}

/** Edits that give a step another name, with every reference of the sweep; a text says why that cannot be. */
export function renameStep(parsed: ParsedRecipe, offset: number, name: string): readonly TextEdit[] | string {
  const found = stepNameAt(parsed, offset);
  if (found === null) return 'There is no name of a step here.';
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return 'A name has letters, digits, - and _, and begins with a letter.';
  const { steps } = parsed.recipe!;
  if (steps.some(({ id }, at) => id === name && at !== found.step)) return `Another step is called ${name}.`;
  const edits: TextEdit[] = [];
  const { contents } = parsed.document;
  if (!isMap(contents)) return edits;
  const list: unknown = contents.get('steps', true);
  const item = isSeq(list) ? list.items[found.step] : undefined;
  if (isMap(item)) edits.push(...nameEdits(item.items.filter(isPair), name, parsed.text));
  const sweep: unknown = contents.get('sweep', true);
  for (const pair of isMap(sweep) ? sweep.items.filter(isPair) : []) {
    const { step, option } = splitKey(keyText(pair), steps);
    if (step === found.step && isScalar(pair.key) && pair.key.range)
      edits.push({ from: pair.key.range[0], to: pair.key.range[1], text: written(`${name}.${option}`, pair.key) });
  }
  return edits.sort((a, b) => a.from - b.from);
}

/** The given name, or a new line for one before what the step does. */
function nameEdits(pairs: readonly Pair[], name: string, text: string): TextEdit[] {
  const given = pairs.find((pair) => keyText(pair) === 'id')?.value;
  if (isScalar(given) && given.range) return [{ from: given.range[0], to: given.range[1], text: written(name, given) }];
  const [first] = pairs;
  if (!isScalar(first?.key) || !first.key.range) return [];
  const [at] = first.key.range;
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const isFlow = /[{[]/.test(text.slice(begin, at));
  return [{ from: at, to: at, text: isFlow ? `id: ${name}, ` : `id: ${name}\n${' '.repeat(at - begin)}` }];
}

/** In the quotes that it had. */
function written(value: string, { type }: Scalar): string {
  const scalar = new Scalar(value);
  if (type !== undefined) scalar.type = type;
  return stringify(scalar).trimEnd();
}
