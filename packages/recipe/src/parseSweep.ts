import { type MethodDescription, nearest, type OptionProblem, parseOptions } from '@espalier/base';
import { isMap, isPair, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import { keyText } from './locate.js';
import type { Problem } from './problem.js';
import { methodOf, methodsOf, type Schema } from './schema.js';
import {
  MOST_POINTS,
  methodsInSweep,
  parametersOf,
  type SweepAxis,
  type SweepValue,
  type SweptStep,
  splitKey,
  sweepable,
  targetOf,
} from './sweep.js';

type Say = (node: unknown, code: string, message: string, fix?: Problem['fix'], severity?: Problem['severity']) => void;

interface Axis extends SweepAxis {
  readonly pair: Pair;
  readonly nodes: readonly unknown[];
}

/** The axes of a recipe's sweep. What is wrong is said where it stands; values are checked against the methods that they are for. */
export function parseSweep(root: YAMLMap, steps: readonly SweptStep[], schema: Schema, say: Say): readonly SweepAxis[] {
  const pair = root.items.find((item) => keyText(item as Pair) === 'sweep') as Pair | undefined;
  if (pair === undefined) return [];
  if (!isMap(pair.value)) {
    say(pair.value ?? pair.key, 'recipe/type', 'sweep names options and for each a list of values.');
    return [];
  }
  const axes = pair.value.items.filter(isPair).flatMap((item) => axisOf(item, say) ?? []);
  for (const axis of axes) checkAxis(axis, axes, steps, schema, say);
  const points = axes.reduce((product, { values }) => product * values.length, 1);
  if (points > MOST_POINTS)
    say(pair.key, 'recipe/sweep-size', `The sweep has ${points} points; at most ${MOST_POINTS} are run.`);
  return axes.map(({ key, values }) => ({ key, values }));
}

function axisOf(pair: Pair, say: Say): Axis | null {
  const { value } = pair;
  const nodes: readonly unknown[] = isSeq(value) ? value.items : [value];
  const key = keyText(pair);
  if (nodes.length === 0) {
    say(value, 'recipe/sweep-size', `${key} has no value: there would be no point.`);
    return null;
  }
  const values: SweepValue[] = [];
  for (const node of nodes) {
    const found: unknown = isScalar(node) ? node.value : undefined;
    if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') {
      say(node ?? pair.key, 'recipe/type', `${key} lists numbers, texts, true or false.`);
      return null;
    }
    if (values.includes(found)) say(node, 'recipe/sweep-twice', `${key} lists ${found} twice.`);
    values.push(found);
  }
  return { key, values, pair, nodes };
}

function checkAxis(axis: Axis, axes: readonly Axis[], steps: readonly SweptStep[], schema: Schema, say: Say): void {
  const { key, values, nodes, pair } = axis;
  const { step, option } = splitKey(key, steps);
  if (option === 'method') {
    checkMethods(axis, step, steps, schema, say);
    return;
  }
  const target = targetOf(axis, axes, steps, schema);
  if (target.steps.length === 0) {
    if (key === 'seed') {
      say(
        pair.key,
        'recipe/sweep-no-effect',
        'No step draws anything: the seed changes nothing.',
        undefined,
        'warning',
      );
      return;
    }
    const known = [...sweepable(axes, steps, schema).keys(), 'method', 'seed'];
    const meant = nearest(key, known);
    const fix = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    say(
      pair.key,
      'recipe/sweep-unknown',
      `No step has an option ${key}. Options are ${[...new Set(known)].join(', ')}.`,
      fix,
    );
    return;
  }
  for (const [i, value] of values.entries()) {
    const problem = problemOf(option, value, target.steps, axes, steps, schema);
    if (problem === undefined) continue;
    const text = problem.suggestion === undefined ? undefined : String(problem.suggestion);
    say(nodes[i], problem.code, problem.message, text === undefined ? undefined : { title: `Change to ${text}`, text });
  }
}

function problemOf(
  option: string,
  value: SweepValue,
  places: readonly number[],
  axes: readonly Axis[],
  steps: readonly SweptStep[],
  schema: Schema,
): OptionProblem | undefined {
  for (const at of places) {
    for (const parameter of parametersOf(option, at, axes, steps, schema)) {
      const [problem] = parseOptions({ parameters: { [option]: parameter } }, { [option]: value }).problems;
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function checkMethods(
  { key, values, nodes, pair }: Axis,
  step: number | null,
  steps: readonly SweptStep[],
  schema: Schema,
  say: Say,
): void {
  const verbs = [...new Set((step === null ? steps : [steps[step]!]).map(({ verb }) => verb))];
  const known = verbs.flatMap((verb) => methodsOf(schema, verb).map(({ name }) => name));
  let unknown = false;
  for (const [i, value] of values.entries()) {
    if (known.includes(String(value))) continue;
    unknown = true;
    const meant = nearest(String(value), known);
    const fix = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    say(nodes[i], 'recipe/unknown-method', `There is no method ${value}. Methods are ${known.join(', ')}.`, fix);
  }
  if (unknown || step !== null) return;
  const fit = steps.filter(({ verb }) => values.every((value) => methodOf(schema, verb, String(value)) !== undefined));
  if (fit.length === 1) return;
  const example = `${steps[0]?.id ?? 'prune-1'}.${key}`;
  say(pair.key, 'recipe/sweep-ambiguous', `It is not clear whose methods these are: name the step, as in ${example}.`);
}

/** What a method needs and only the sweep gives: its first value. */
export function firstTried(
  root: YAMLMap,
  id: string,
  { parameters }: MethodDescription,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const sweep: unknown = root.get('sweep', true);
  const found: Record<string, unknown> = {};
  for (const pair of isMap(sweep) ? sweep.items.filter(isPair) : []) {
    const key = keyText(pair);
    const option = key.startsWith(`${id}.`) ? key.slice(id.length + 1) : key;
    if (!Object.hasOwn(parameters, option) || !parameters[option]!.required || Object.hasOwn(given, option)) continue;
    const first: unknown = isSeq(pair.value) ? pair.value.items[0] : pair.value;
    if (isScalar(first)) found[option] = first.value;
  }
  return found;
}

/** The places of options that a step's own method does not have and another method of the sweep does: they are for that one. */
export function optionsOfOtherMethods(
  root: YAMLMap,
  axes: readonly SweepAxis[],
  steps: readonly SweptStep[],
  schema: Schema,
): ReadonlySet<number> {
  const places = new Set<number>();
  const list: unknown = root.get('steps', true);
  if (!isSeq(list) || axes.length === 0) return places;
  for (const [at, step] of steps.entries()) {
    const item = list.items[at];
    const given: unknown = isMap(item) ? item.get(step.verb, true) : undefined;
    if (!isMap(given)) continue;
    const others = methodsInSweep(step, at, axes, steps, schema);
    for (const pair of given.items.filter(isPair)) {
      const isKnown = others.some((name) =>
        Object.hasOwn(methodOf(schema, step.verb, name)?.parameters ?? {}, keyText(pair)),
      );
      if (isKnown && isScalar(pair.key) && pair.key.range) places.add(pair.key.range[0]);
    }
  }
  return places;
}
