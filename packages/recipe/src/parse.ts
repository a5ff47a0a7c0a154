import { type MethodDescription, nearest, type OptionProblem, parseOptions } from '@espalier/base';
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { type Budget, RECIPE_BUDGET } from './budget/budget.js';
import { budgetOf } from './budget/parseBudget.js';
import { firstTried, optionsOfOtherMethods, parseSweep } from './parseSweep.js';
import { placeAt, placeOf } from './place.js';
import type { Problem } from './problem.js';
import type { Exclusions, Recipe, RecipeOutput, RecipeStep } from './recipe.js';
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
import { yamlDocument, yamlProblems } from './yamlDocument.js';

export interface ParsedRecipe {
  /** null where a problem of severity `error` stands in the way. */
  readonly recipe: Recipe | null;
  readonly problems: readonly Problem[];
  readonly document: Document;
  readonly text: string;
}

const NO_EXCLUSIONS: Exclusions = { layers: [], roles: [], minElements: 0, preset: 'none' };

/** Text to recipe. Total: any text gives a document and problems with their places; a recipe only where nothing is wrong. */
export function parseRecipe(text: string, schema: Schema = standardSchema): ParsedRecipe {
  const document = yamlDocument(text);
  const problems: Problem[] = [];
  const say = (
    node: unknown,
    code: string,
    message: string,
    fix?: Problem['fix'],
    severity: Problem['severity'] = 'error',
  ): void => {
    const [from, to] = placeOf(node, text);
    problems.push({ code, severity, message, from, to, ...(fix === undefined ? {} : { fix }) });
  };
  problems.push(...yamlProblems(document, text, 'recipe/yaml'));
  if (problems.length > 0) return { recipe: null, problems, document, text };
  const root = document.contents;
  if (!isMap(root)) {
    say(root, 'recipe/empty', 'A recipe has an input, steps and an output.');
    return { recipe: null, problems, document, text };
  }
  knownKeys(root, Object.keys(TOP_KEYS), say);
  const input = textOf(root, 'input', document, say, true);
  const output = outputOf(root, document, say);
  const evaluate = textOf(root, 'evaluate', document, say, false);
  const seed = numberOf(root, 'seed', document, say) ?? 1;
  const exclude = exclusionsOf(root, document, say);
  const devices = listOf(root, 'devices', document, say);
  const budget = budgetIn(root, { document, text }, problems);
  const steps = stepsOf(root, { root, schema, seed, document, say });
  const sweep = parseSweep(root, steps, schema, say);
  const forOthers = optionsOfOtherMethods(root, sweep, steps, schema);
  const isForAnother = ({ code, from }: Problem): boolean => code === 'option/unknown' && forOthers.has(from);
  if (forOthers.size > 0) problems.splice(0, problems.length, ...problems.filter((problem) => !isForAnother(problem)));
  const failed = problems.some(({ severity }) => severity === 'error');
  const recipe: Recipe | null =
    failed || input === null
      ? null
      : {
          inputs: [{ name: 'model', path: input }],
          exclude,
          steps,
          outputs: output === null ? [] : [output],
          devices,
          budget,
          evaluate,
          seed,
          sweep,
        };
  return { recipe, problems: problems.sort((a, b) => a.from - b.from), document, text };
}

type Say = (node: unknown, code: string, message: string, fix?: Problem['fix'], severity?: Problem['severity']) => void;

interface Context {
  readonly root: YAMLMap;
  readonly schema: Schema;
  readonly seed: number;
  readonly document: Document;
  readonly say: Say;
}

function stepsOf(root: YAMLMap, context: Context): RecipeStep[] {
  const { say } = context;
  const node = named(root.get('steps', true), context.document);
  if (node === undefined) {
    say(root, 'recipe/no-steps', 'The recipe has no steps.');
    return [];
  }
  if (!isSeq(node)) {
    say(node, 'recipe/type', 'steps is a list.');
    return [];
  }
  if (node.items.length === 0) say(node, 'recipe/no-steps', 'The recipe has no steps.', undefined, 'warning');
  const ids = new Set<string>();
  return node.items.flatMap((item, at) => {
    const step = stepOf(named(item, context.document), at, context);
    if (step === null) return [];
    if (ids.has(step.id)) say(item, 'recipe/duplicate-id', `Two steps are called ${step.id}.`);
    ids.add(step.id);
    return [step];
  });
}

function stepOf(item: unknown, at: number, context: Context): RecipeStep | null {
  const { root, document, seed, say } = context;
  const list = VERBS.join(', ');
  if (!isMap(item)) {
    say(item, 'recipe/type', `A step names what it does: ${list}.`);
    return null;
  }
  const pairs = item.items.filter(isPair);
  const verbs = pairs.filter((pair) => !['id', 'exclude'].includes(keyOf(pair)));
  if (verbs.length === 0) {
    say(item, 'recipe/no-verb', `A step names what it does: ${list}.`);
    return null;
  }
  const [first, second] = verbs as [Pair, Pair | undefined];
  if (second !== undefined) say(second.key, 'recipe/two-verbs', 'A step does one thing; write another step.');
  const verb = keyOf(first);
  if (!VERBS.some((known) => known === verb)) {
    const meant = nearest(verb, VERBS);
    const fix = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    say(first.key, 'recipe/unknown-verb', `There is no step ${verb}. Steps are ${list}.`, fix);
    return null;
  }
  const id = textOf(item, 'id', document, say, false) ?? `${verb}-${at + 1}`;
  const exclude = exclusionsOf(item, document, say);
  const found = methodAndOptions(first, verb, context);
  if (found === null) return null;
  const { method, given } = found;
  const needsSeed = Object.hasOwn(method.parameters, 'seed') && !Object.hasOwn(given, 'seed');
  const tried = firstTried(root, id, method, given);
  const { options, problems } = parseOptions(method, { ...tried, ...(needsSeed ? { seed } : {}), ...given });
  for (const problem of problems) sayOption(problem, first, say);
  return { id, verb, method: method.name, options, exclude };
}

function methodAndOptions(
  pair: Pair,
  verb: string,
  { schema, document, say }: Context,
): { readonly method: MethodDescription; readonly given: Readonly<Record<string, unknown>> } | null {
  const known = methodsOf(schema, verb).map(({ name }) => name);
  const value = named(pair.value, document) as Node | null;
  const isShort = isScalar(value) && typeof value.value === 'string';
  const node = isShort ? value : isMap(value) ? named(value.get('method', true), document) : undefined;
  const name = isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
  if (name === undefined) {
    say(value ?? pair.key, 'recipe/no-method', `${verb} names its method: ${known.join(', ')}.`);
    return null;
  }
  const method = methodOf(schema, verb, name);
  if (method === undefined) {
    const meant = nearest(name, known);
    const fix = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    say(node, 'recipe/unknown-method', `There is no method ${name}. Methods of ${verb} are ${known.join(', ')}.`, fix);
    return null;
  }
  const given = isMap(value) ? (value.toJS(document) as Record<string, unknown>) : {};
  const { method: _, ...options } = given;
  return { method, given: options };
}

/** Options know the way to their place; the text knows where it is. */
function sayOption({ code, path, message, suggestion }: OptionProblem, step: Pair, say: Say): void {
  let node: unknown = step.value;
  let key: unknown = step.key;
  for (const part of path) {
    const pair = isMap(node) ? node.items.find((item) => keyOf(item as Pair) === part) : undefined;
    const next: unknown = pair === undefined ? (isSeq(node) ? node.items[Number(part)] : undefined) : pair.value;
    if (pair !== undefined) key = pair.key;
    if (next === undefined || next === null) break;
    node = next;
  }
  const place = code === 'option/unknown' || code === 'option/missing' ? key : node;
  const text = suggestion === undefined ? undefined : String(suggestion);
  say(place, code, message, text === undefined ? undefined : { title: `Change to ${text}`, text });
}

function exclusionsOf(map: YAMLMap, document: Document, say: Say): Exclusions {
  const pair = map.items.find((item) => keyOf(item as Pair) === 'exclude') as Pair | undefined;
  if (pair === undefined) return NO_EXCLUSIONS;
  const value = named(pair.value, document) as Node | null;
  // A list is short for its globs.
  const given = isSeq(value)
    ? { layers: value.toJS(document) as unknown }
    : isMap(value)
      ? (value.toJS(document) as unknown)
      : value;
  const { options, problems } = parseOptions(
    { parameters: EXCLUSIONS },
    isScalar(given) ? { layers: [given.value] } : given,
  );
  for (const problem of problems) sayOption(problem, pair, say);
  return { ...NO_EXCLUSIONS, ...options };
}

function outputOf(root: YAMLMap, document: Document, say: Say): RecipeOutput | null {
  const pair = root.items.find((item) => keyOf(item as Pair) === 'output') as Pair | undefined;
  const node = named(pair?.value, document);
  if (!isMap(node)) {
    const path = textOf(root, 'output', document, say, false);
    return path === null ? null : { path, format: null, masks: 'zeros' };
  }
  const { options, problems } = parseOptions({ parameters: OUTPUT }, node.toJS(document) as unknown);
  for (const problem of problems) sayOption(problem, pair!, say);
  const { path, format, masks } = options as { path?: string; format?: string; masks?: RecipeOutput['masks'] };
  if (path === undefined) return null;
  return { path, format: format === undefined || format === 'auto' ? null : format, masks: masks ?? 'zeros' };
}

function budgetIn(
  root: YAMLMap,
  parsed: { readonly document: Document; readonly text: string },
  problems: Problem[],
): Budget | null {
  const node = named(root.get('budget', true), parsed.document);
  if (node === undefined) return null;
  if (isMap(node)) return budgetOf(node.toJS(parsed.document), ['budget'], parsed, problems, RECIPE_BUDGET);
  const place = placeAt(parsed, ['budget']);
  problems.push({ code: 'recipe/type', severity: 'error', message: 'budget names its limits.', ...place });
  return null;
}

function knownKeys(map: YAMLMap, known: readonly string[], say: Say): void {
  for (const item of map.items) {
    const key = keyOf(item as Pair);
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const fix = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    say((item as Pair).key, 'recipe/unknown-key', `A recipe has no ${key}. It has ${known.join(', ')}.`, fix);
  }
}

function textOf(map: YAMLMap, key: string, document: Document, say: Say, required: boolean): string | null {
  const node = named(map.get(key, true), document);
  if (node === undefined || (isScalar(node) && node.value === null)) {
    if (required) say(map, 'recipe/missing', `The recipe has no ${key}. ${TOP_KEYS[key] ?? ''}`.trim());
    return null;
  }
  if (isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '') return node.value;
  say(node, 'recipe/type', `${key} is a text.`);
  return null;
}

function numberOf(map: YAMLMap, key: string, document: Document, say: Say): number | null {
  const node = named(map.get(key, true), document);
  if (node === undefined) return null;
  if (
    isScalar(node) &&
    typeof node.value === 'number' &&
    Number.isInteger(node.value) &&
    node.value >= 0 &&
    node.value < 2 ** 32
  )
    return node.value;
  say(node, 'recipe/type', `${key} is a whole number from 0 to ${2 ** 32 - 1}.`);
  return null;
}

function listOf(map: YAMLMap, key: string, document: Document, say: Say): string[] {
  const node = named(map.get(key, true), document);
  if (node === undefined) return [];
  const values = (isSeq(node) ? node.items : [node]).map((value) => named(value, document));
  return values.flatMap((value) => {
    if (isScalar(value) && typeof value.value === 'string') return [value.value];
    say(value, 'recipe/type', `${key} is a list of names.`);
    return [];
  });
}

/** What an alias stands for; any other node is itself. */
const named = (node: unknown, document: Document): unknown => (isAlias(node) ? node.resolve(document) : node);

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : '');
