import { textDigest } from '@espalier/base';
import { stringify } from 'yaml';
import { type ParsedRecipe, parseRecipe } from './parse.js';
import { plain } from './plain.js';
import type { Recipe } from './recipe.js';
import { methodOf, type Schema, schema as standardSchema } from './schema.js';
import { methodsInSweep, type SweepValue, targetOf } from './sweep.js';

/** One run of a sweep. */
export interface SweepPoint {
  /** What the point does, whatever its output is called: the same digits, the same result. */
  readonly id: string;
  /** The value of each axis; null where it makes no difference: a seed for a method that draws nothing. */
  readonly values: Readonly<Record<string, SweepValue | null>>;
  /** Its recipe, with an output of its own in the folder of the sweep. */
  readonly text: string;
}

/**
 * The points of a sweep, the first axis changing slowest. Options that the method of a point does not have are left out of it; points that do the same are
 * one. Empty where the recipe has no sweep, or something is wrong with it.
 */
export function sweepPoints(
  { recipe, document }: ParsedRecipe,
  schema: Schema = standardSchema,
): readonly SweepPoint[] {
  if (recipe === null || recipe.sweep.length === 0) return [];
  const { sweep: _, ...base } = plain(document) as Record<string, unknown>;
  const points = new Map<string, { values: SweepPoint['values']; own: Record<string, unknown> }>();
  for (const values of combinations(recipe.sweep)) {
    const own = pointRecipe(base, recipe, values, schema);
    const id = textDigest(identityOf(own, schema));
    const known = points.get(id);
    points.set(id, known === undefined ? { values, own } : { ...known, values: common(known.values, values) });
  }
  return [...points].map(([id, { values, own }]) => ({ id, values, text: textOf(recipe, own, id, values) }));
}

/** The folder that a sweep writes to, relative to the recipe: `out/resnet.safetensors` gives `out/resnet.sweep`. */
export function sweepFolder({ outputs: [output] }: Recipe): string | null {
  return output === undefined ? null : `${output.path.replace(/[\\/]$/, '').replace(EXTENSION, '')}.sweep`;
}

const EXTENSION = /\.[a-z0-9]+$/i;

function textOf(recipe: Recipe, own: Record<string, unknown>, id: string, values: SweepPoint['values']): string {
  const folder = sweepFolder(recipe);
  if (folder === null) return stringify(own);
  const extension = EXTENSION.exec(recipe.outputs[0]!.path)?.[0] ?? '';
  const path = `${folder}/${fileName(id, values)}${extension}`;
  const { output } = own;
  return stringify({ ...own, output: typeof output === 'object' && output !== null ? { ...output, path } : path });
}

/** `sparsity-0.8-seed-1-0f3a…`: readable, and never that of another point. */
function fileName(id: string, values: SweepPoint['values']): string {
  const label = Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}-${value}`.replaceAll(/[^\w.-]+/g, '_'))
    .join('-');
  return label === '' ? id : `${label.slice(0, 80)}-${id}`;
}

function combinations(axes: Recipe['sweep']): Record<string, SweepValue>[] {
  let all: Record<string, SweepValue>[] = [{}];
  for (const { key, values } of axes) all = all.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  return all;
}

function pointRecipe(
  base: Record<string, unknown>,
  { sweep: axes, steps }: Recipe,
  values: Readonly<Record<string, SweepValue>>,
  schema: Schema,
): Record<string, unknown> {
  const own = structuredClone(base);
  const list = own['steps'] as Record<string, unknown>[];
  const options = list.map((item, at): Record<string, unknown> => {
    const given = item[steps[at]!.verb];
    return typeof given === 'string' ? { method: given } : { ...(given as object) };
  });
  for (const axis of axes) {
    const target = targetOf(axis, axes, steps, schema);
    const value = values[axis.key]!;
    if (axis.key === 'seed') own['seed'] = value;
    for (const at of target.steps) options[at] = withOption(options[at]!, target.option.split('.'), value);
  }
  for (const [at, step] of steps.entries()) {
    const known = methodOf(schema, step.verb, String(options[at]!['method']))?.parameters ?? {};
    const others = methodsInSweep(step, at, axes, steps, schema).map((name) => methodOf(schema, step.verb, name)!);
    for (const option of Object.keys(options[at]!)) {
      const isOthers = others.some((other) => Object.hasOwn(other.parameters, option));
      if (option !== 'method' && !Object.hasOwn(known, option) && isOthers) delete options[at]![option];
    }
    list[at] = { ...list[at], [step.verb]: options[at] };
  }
  return own;
}

/** The options with one of them set, which may lie within groups. */
function withOption(
  options: Readonly<Record<string, unknown>>,
  [first, ...rest]: readonly string[],
  value: SweepValue,
): Record<string, unknown> {
  if (rest.length === 0) return { ...options, [first!]: value };
  const group = options[first!];
  const own = typeof group === 'object' && group !== null ? (group as Record<string, unknown>) : {};
  return { ...options, [first!]: withOption(own, rest, value) };
}

/** Steps with all their options, seeds among them: the recipe's own seed matters only through them. */
function identityOf(own: Record<string, unknown>, schema: Schema): string {
  const { recipe } = parseRecipe(stringify(own), schema);
  if (recipe === null) return JSON.stringify(own);
  const { inputs, exclude, steps, evaluate, outputs } = recipe;
  return JSON.stringify({ inputs, exclude, steps, evaluate, masks: outputs[0]?.masks ?? 'zeros' });
}

function common(
  a: Readonly<Record<string, SweepValue | null>>,
  b: Readonly<Record<string, SweepValue>>,
): Record<string, SweepValue | null> {
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, value === b[key] ? value : null]));
}
