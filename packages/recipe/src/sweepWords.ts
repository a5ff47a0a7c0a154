import type { Parameter } from '@espalier/base';
import { methodIn } from './methodIn.js';
import { methodsOf, type Schema, VERBS } from './schema.js';
import { type SweepAxis, type SweepValue, type SweptStep, splitKey, sweepable } from './sweep.js';

const METHOD = 'The methods of a step; options that a method does not have are left out of its points.';
const SEED = 'Seeds of chance for every step that draws.';

/** What the keys of a recipe's sweep mean, in a text that may be half-typed. */
export function sweepKeys(recipe: unknown, schema: Schema): ReadonlyMap<string, string> {
  const { steps, axes } = sweepIn(recipe);
  const found = new Map([...sweepable(axes, steps, schema)].map(([name, { doc }]) => [name, doc] as const));
  found.set('method', METHOD);
  found.set('seed', SEED);
  return found;
}

/** The option that a key of a sweep means, also where it names its step. */
export function sweepParameter(key: string, recipe: unknown, schema: Schema): Parameter | undefined {
  const { steps, axes } = sweepIn(recipe);
  const { step, option } = splitKey(key, steps);
  const own = step === null ? steps : [steps[step]!];
  if (option !== 'method') return sweepable(axes, own, schema).get(option);
  const known = [...new Set(own.map(({ verb }) => verb))].flatMap((verb) => methodsOf(schema, verb));
  const values = known.map(({ name, summary }) => ({ value: name, doc: summary }));
  return { kind: 'oneOf', doc: METHOD, values };
}

function sweepIn(recipe: unknown): { readonly steps: readonly SweptStep[]; readonly axes: readonly SweepAxis[] } {
  const { steps: list, sweep } = (recipe ?? {}) as { steps?: unknown; sweep?: unknown };
  const steps = (Array.isArray(list) ? list : []).flatMap((item: unknown, at): SweptStep[] => {
    const step = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    const verb = VERBS.find((known) => Object.hasOwn(step, known));
    const method = verb === undefined ? null : methodIn(recipe, at, verb);
    if (verb === undefined || method === null) return [];
    return [{ id: typeof step['id'] === 'string' ? step['id'] : `${verb}-${at + 1}`, verb, method }];
  });
  const entries = typeof sweep === 'object' && sweep !== null && !Array.isArray(sweep) ? Object.entries(sweep) : [];
  const axes = entries.map(
    ([key, value]): SweepAxis => ({ key, values: (Array.isArray(value) ? value : [value]) as SweepValue[] }),
  );
  return { steps, axes };
}
