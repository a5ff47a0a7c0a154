import type { Parameter } from '@espalier/base';
import { methodOf, type Schema } from './schema.js';

/** What an option is set to in one point of a sweep. */
export type SweepValue = string | number | boolean;

/** Values that are tried for one option. Every combination of the axes is a point. */
export interface SweepAxis {
  /** `sparsity`: of every step that has the option; `prune-1.sparsity`: of one step; `default.scheme`: within a group; `seed`: of the recipe; `method`. */
  readonly key: string;
  readonly values: readonly SweepValue[];
}

/** More points than this are a mistake more often than a wish. */
export const MOST_POINTS = 256;

/** A step as far as a sweep needs it. */
export interface SweptStep {
  readonly id: string;
  readonly verb: string;
  readonly method: string;
}

/** Where an axis applies: options of steps, by their places in the recipe; no place and the option `seed`: the recipe's own. */
export interface SweepTarget {
  readonly option: string;
  readonly steps: readonly number[];
}

/** The methods that a step may have in some point: its own, or those that the sweep names. */
export function methodsInSweep(
  step: SweptStep,
  at: number,
  axes: readonly SweepAxis[],
  steps: readonly SweptStep[],
  schema: Schema,
): readonly string[] {
  for (const axis of axes) {
    const target = methodTarget(axis, steps, schema);
    if (target === at) return axis.values.map(String);
  }
  return [step.method];
}

/** The step whose method an axis sets; null where it sets another option, or none or several steps could be meant. */
export function methodTarget({ key, values }: SweepAxis, steps: readonly SweptStep[], schema: Schema): number | null {
  const named = splitKey(key, steps);
  if (named.option !== 'method') return null;
  if (named.step !== null) return named.step;
  const fit = [...steps.keys()].filter((at) =>
    values.every((value) => methodOf(schema, steps[at]!.verb, String(value)) !== undefined),
  );
  return fit.length === 1 ? fit[0]! : null;
}

/** `prune-1.sparsity` names its step; a key without one means every step. */
export function splitKey(
  key: string,
  steps: readonly SweptStep[],
): { readonly step: number | null; readonly option: string } {
  const at = steps.findIndex(({ id }) => key.startsWith(`${id}.`));
  return at < 0 ? { step: null, option: key } : { step: at, option: key.slice(steps[at]!.id.length + 1) };
}

/** Where an axis applies; no steps where nothing has such an option. */
export function targetOf(
  axis: SweepAxis,
  axes: readonly SweepAxis[],
  steps: readonly SweptStep[],
  schema: Schema,
): SweepTarget {
  const { step, option } = splitKey(axis.key, steps);
  if (option === 'method') {
    const at = methodTarget(axis, steps, schema);
    return { option, steps: at === null ? [] : [at] };
  }
  const places = step === null ? [...steps.keys()] : [step];
  return { option, steps: places.filter((at) => parametersOf(option, at, axes, steps, schema).length > 0) };
}

/** The descriptions of an option, one for each method that the step may have and that knows it. */
export function parametersOf(
  option: string,
  at: number,
  axes: readonly SweepAxis[],
  steps: readonly SweptStep[],
  schema: Schema,
): readonly Parameter[] {
  const { verb } = steps[at]!;
  return methodsInSweep(steps[at]!, at, axes, steps, schema).flatMap((name) => {
    const found = flat(methodOf(schema, verb, name)?.parameters ?? {}).find(([path]) => path === option);
    return found === undefined ? [] : [found[1]];
  });
}

/** Options by the way to them: `default.scheme` is the option `scheme` of the group `default`. Those within lists are left out: they have no name. */
function flat(parameters: Readonly<Record<string, Parameter>>): (readonly [path: string, parameter: Parameter])[] {
  return Object.entries(parameters).flatMap(([name, parameter]): (readonly [string, Parameter])[] => {
    if (parameter.kind === 'list') return [];
    if (parameter.kind !== 'group') return [[name, parameter]];
    return flat(parameter.item).map(([path, own]) => [`${name}.${path}`, own]);
  });
}

/** Every option that a sweep of these steps may name, with what it means. */
export function sweepable(
  axes: readonly SweepAxis[],
  steps: readonly SweptStep[],
  schema: Schema,
): ReadonlyMap<string, Parameter> {
  const found = new Map<string, Parameter>();
  for (const [at, step] of steps.entries()) {
    for (const name of methodsInSweep(step, at, axes, steps, schema)) {
      for (const [option, parameter] of flat(methodOf(schema, step.verb, name)?.parameters ?? {}))
        if (!found.has(option)) found.set(option, parameter);
    }
  }
  return found;
}
