import { globMatcher } from '@espalier/base';
import type { Graph } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import {
  chooseLayers,
  exactCount as kept,
  type LayerRules,
  layerDensities,
  type Ratio,
  ratioLayerOf,
  roundHalfEven,
} from '@espalier/pruning';
import { assignSchemes, type GgufType, ggufBytes, type PostTrainingOptions } from '@espalier/quantization';
import { layerGlobs, type ParsedRecipe, type Problem, placeAt, type RecipeStep } from '@espalier/recipe';
import { excludeFix } from './excludeFix.js';
import { nearestGlob } from './nearestGlob.js';
import { storedSize } from './storedSize.js';

/** What is known of a recipe once its checkpoint's head is: no weight was read. */
export interface RecipeOutlook {
  readonly problems: readonly Problem[];
  /** Of the steps that decide which weights stay; others are absent. */
  readonly steps: readonly StepOutlook[];
}

export interface StepOutlook {
  readonly id: string;
  /** Tensors that the step takes, and how many there are of its kind. */
  readonly tensors: number;
  readonly of: number;
  readonly elements: number;
  /** Weights that would be zero afterwards, where sizes alone tell: earlier zeros count as well. */
  readonly zeros: number | null;
  /** The first few tensors that it takes. */
  readonly names: readonly string[];
  /** Of a step that stores weights with few bits: bytes of these few, and of all that it takes; null after where only values tell. */
  readonly sizes?: readonly SizeOutlook[];
  readonly allSizes?: Omit<SizeOutlook, 'name'>;
}

export interface SizeOutlook {
  readonly name: string;
  readonly before: number;
  readonly after: number | null;
}

const SHOWN = 3;

/** What the sizes of a checkpoint say of a recipe, and what is wrong with it that only they tell. Pure. */
export function recipeOutlook(parsed: ParsedRecipe, heads: readonly TensorHead[], graph?: Graph): RecipeOutlook {
  const problems: Problem[] = globProblems(parsed, heads);
  const { recipe } = parsed;
  if (recipe === null) return { problems, steps: [] };
  const steps = recipe.steps.flatMap((step, at): StepOutlook[] => {
    if (step.verb === 'quantize') return quantizeOutlook(step, recipe.exclude, heads, graph);
    if (step.verb !== 'prune' && step.verb !== 'structure') return [];
    const { chosen, leftAlone } = chooseLayers(heads, [recipe.exclude, step.exclude], graph);
    const excluded = [...leftAlone.values()].filter(
      (why) => why.includes('excluded') || why.startsWith('fewer'),
    ).length;
    if (chosen.length === 0) {
      const message =
        excluded === 0
          ? `The checkpoint has no weight of a convolution or a linear layer to ${step.verb}.`
          : `No weight is left to ${step.verb}: all ${excluded} are excluded.`;
      problems.push({ code: 'prune/nothing-to-prune', severity: 'error', message, ...verbPlace(parsed, step, at) });
    }
    const zeros = zerosOf(parsed, step, at, chosen, problems);
    return [
      {
        id: step.id,
        tensors: chosen.length,
        of: chosen.length + excluded,
        elements: chosen.reduce((sum, { elements }) => sum + elements, 0),
        zeros,
        names: chosen.slice(0, SHOWN).map(({ name }) => name),
      },
    ];
  });
  return { problems: problems.sort((a, b) => a.from - b.from), steps };
}

/** The first and the last layer stay as they are unless a rule says otherwise, as in the step itself. */
const ENDS: LayerRules = { layers: [], roles: ['first', 'last'], minElements: 0, preset: 'none' };

function quantizeOutlook(
  step: RecipeStep,
  exclude: LayerRules,
  heads: readonly TensorHead[],
  graph: Graph | undefined,
): StepOutlook[] {
  const { chosen, leftAlone } = chooseLayers(heads, [exclude, step.exclude, ENDS], graph);
  const options = step.options as PostTrainingOptions & { readonly type?: GgufType };
  const { how } = assignSchemes(heads, new Set(chosen.map(({ name }) => name)), options);
  const sizeOf = (head: TensorHead): number | null => {
    if (step.method === 'gguf') return ggufBytes(head.elements, options.type ?? 'Q8_0');
    const own = how.get(head.name)!;
    return options.mixed !== undefined && own.scheme.kind === 'uniform' && !own.ruled ? null : storedSize(head, own);
  };
  const taken =
    step.method === 'gguf' ? chosen : heads.filter(({ name }) => (how.get(name)?.scheme.kind ?? 'keep') !== 'keep');
  const sizes = taken.map((head): SizeOutlook => ({ name: head.name, before: head.bytes, after: sizeOf(head) }));
  const known = sizes.every(({ after }) => after !== null);
  const of = new Set([...taken, ...chosen].map(({ name }) => name)).size;
  const ends = [...leftAlone.keys()].filter((name) => heads.some((head) => head.name === name && head.prunable));
  return [
    {
      id: step.id,
      tensors: taken.length,
      of: Math.max(of, taken.length + ends.filter((name) => !taken.some((head) => head.name === name)).length),
      elements: taken.reduce((sum, { elements }) => sum + elements, 0),
      zeros: null,
      names: taken.slice(0, SHOWN).map(({ name }) => name),
      sizes: sizes.slice(0, MOST_SIZES),
      allSizes: {
        before: sizes.reduce((sum, { before }) => sum + before, 0),
        after: known ? sizes.reduce((sum, { after }) => sum + after!, 0) : null,
      },
    },
  ];
}

/** Layers whose sizes are told one by one. */
const MOST_SIZES = 8;

function globProblems(parsed: ParsedRecipe, heads: readonly TensorHead[]): Problem[] {
  const names = [...new Set(heads.flatMap(({ name, layer }) => (layer === '' ? [name] : [name, layer])))];
  return layerGlobs(parsed.document).flatMap(({ glob, from, to }): Problem[] => {
    if (names.some(globMatcher(glob))) return [];
    const meant = nearestGlob(glob, names);
    return [
      {
        code: 'recipe/no-match',
        severity: 'warning',
        message: `${glob} matches no layer of the checkpoint.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
        from,
        to,
        ...(meant === undefined ? {} : { fix: { title: `Change to ${meant}`, text: JSON.stringify(meant) } }),
      },
    ];
  });
}

/** How many weights would be zero, by sizes alone. What cannot be done is added to the problems. */
function zerosOf(
  parsed: ParsedRecipe,
  step: RecipeStep,
  at: number,
  chosen: readonly TensorHead[],
  problems: Problem[],
): number | null {
  const { verb, method, options } = step;
  const elements = chosen.reduce((sum, head) => sum + head.elements, 0);
  if (verb !== 'prune' || chosen.length === 0) return null;
  if (method === 'magnitude') {
    const sparsity = options['sparsity'] as number;
    return options['scope'] === 'layer'
      ? chosen.reduce((sum, head) => sum + roundHalfEven(sparsity * head.elements), 0)
      : roundHalfEven(sparsity * elements);
  }
  if (method === 'random') {
    const ratio = options['ratio'] as Ratio;
    const found = layerDensities(ratio, chosen.map(ratioLayerOf), 1 - (options['sparsity'] as number), {
      classifierDensity: options['classifierDensity'] as number,
      compat: options['compat'] as boolean,
    });
    if (!found.ok) {
      const place = placeAt(parsed, ['steps', at, verb, 'ratio']);
      const isWritten = parsed.text.slice(place.from, place.to).replaceAll(/["']/g, '') === ratio;
      problems.push({
        code: found.fault.code,
        severity: 'error',
        message: found.fault.message,
        ...(isWritten ? { ...place, fix: { title: 'Change to erk', text: 'erk' } } : verbPlace(parsed, step, at)),
      });
      return null;
    }
    return chosen.reduce((sum, head, i) => sum + head.elements - kept(found.value.densities[i]!, head.elements), 0);
  }
  return method === 'n-m' ? groupsOf(parsed, step, at, chosen, problems) : null;
}

function groupsOf(
  parsed: ParsedRecipe,
  step: RecipeStep,
  at: number,
  chosen: readonly TensorHead[],
  problems: Problem[],
): number | null {
  const [n, m] = [step.options['n'] as number, step.options['m'] as number];
  const place = verbPlace(parsed, step, at);
  if (n >= m) {
    const written = placeAt(parsed, ['steps', at, step.verb, 'n']);
    problems.push({
      code: 'prune/n-not-below-m',
      severity: 'error',
      message: `n is below m; found ${n}:${m}.`,
      ...(parsed.text.slice(written.from, written.to) === String(n) ? written : place),
    });
    return null;
  }
  const lengthOf = ({ shape, axes }: TensorHead): number | null => {
    const axis = (step.options['along'] === 'output' ? axes.output : axes.input).at(-1);
    return axis === undefined ? null : shape[axis]!;
  };
  const others = chosen.filter((head) => (lengthOf(head) ?? 1) % m !== 0);
  if (others.length > 0) {
    const some = others
      .slice(0, SHOWN)
      .map((head) => `${head.name} (${lengthOf(head) ?? 'no'} ${step.options['along']} channels)`);
    const more = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : '';
    const fix = excludeFix(
      parsed,
      at,
      others.map(({ name }) => name),
    );
    problems.push({
      code: 'prune/not-divisible',
      severity: 'warning',
      message: `${others.length === chosen.length ? 'No layer divides' : others.length === 1 ? 'One layer does not divide' : `${others.length} layers do not divide`} by ${m}, so that ${n}:${m} leaves ${others.length === 1 ? 'it' : 'them'} alone: ${some.join(', ')}${more}.`,
      ...place,
      ...(fix === null ? {} : { fix }),
    });
  }
  const taken = chosen.filter((head) => !others.includes(head));
  return taken.reduce((sum, head) => sum + (head.elements / m) * (m - n), 0);
}

/** The name of the method, or of the step. */
function verbPlace(parsed: ParsedRecipe, { verb, method }: RecipeStep, at: number): { from: number; to: number } {
  const written = placeAt(parsed, ['steps', at, verb, 'method']);
  const isMethod = parsed.text.slice(written.from, written.to).replaceAll(/["']/g, '') === method;
  return isMethod ? written : placeAt(parsed, ['steps', at, verb], 'key');
}
