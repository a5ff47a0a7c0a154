import { stringify } from 'yaml';
import { yamlDocument, yamlProblems } from '../yamlDocument.js';
import { foreignRecipe, type Modifier } from './modifiers.js';
import { MAGNITUDE, pruningSteps, type TranslatedStep } from './pruningModifier.js';
import { quantizationStep } from './quantizationModifier.js';

/** Something of the other recipe that ours does not say, with its place there. */
export interface TranslationNote {
  readonly message: string;
  /** UTF-16 offsets in the text that was translated. */
  readonly from: number;
  readonly to: number;
}

export interface Translation {
  readonly tool: 'SparseML' | 'llm-compressor';
  /** A recipe of ours; null where nothing of it has an equivalent. */
  readonly recipe: string | null;
  readonly notes: readonly TranslationNote[];
}

/** Why other modifiers have no equivalent. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^ConstantPruningModifier$/, 'nothing is needed for it: weights that are zero stay zero, since nothing is trained'],
  [
    /^(?:SparseGPT|WandaPruning)Modifier$/,
    'it chooses weights by what layers get as input, which needs data; `prune: n-m` makes the same pattern from magnitudes alone',
  ],
  [/^(?:GPTQ|AWQ|AutoRound)Modifier$/, 'it adjusts weights to data; `quantize` rounds each to the nearest code'],
  [
    /^(?:SmoothQuant|SpinQuant|QuIP|LogarithmicEqualization|IMatrixGatherer)Modifier$/,
    'it moves scales between layers before quantizing',
  ],
  [
    /^(?:MFAC|OBS|OBSX|Movement|LayerThinning|LayerDropout)?Pruning\w*Modifier$/,
    'it prunes by gradients or during training',
  ],
  [/^(?:OBS|OBSX|MFAC|Movement)\w*Modifier$/, 'it prunes by gradients or during training'],
  [/^StructuredPruningModifier$/, 'it removes channels while the model is trained'],
  [
    /Distillation|LearningRate|EpochRange|Trainable|Regularizer|WeightDecay|Momentum|ParamsModifier|LRModifier|SetParam|CheckpointMod/i,
    'it is about training',
  ],
];

/** The text that stands for the checkpoint, which recipes of these tools do not name. */
const NO_INPUT = 'model.safetensors';

/**
 * A recipe of SparseML or llm-compressor as one of ours; null where the text is neither. Markdown with a recipe in its front matter counts. Total: what has no equivalent is listed, and nothing is thrown.
 */
export function translateRecipe(text: string, input?: string): Translation | null {
  const begin = /^---\r?\n/.exec(text)?.[0].length ?? 0;
  const end = begin === 0 ? -1 : text.slice(begin).search(/^---\s*$/m);
  // Blanks in place of what is around it: places stay those of the text.
  const body = end < 0 ? text : `${' '.repeat(begin - 1)}\n${text.slice(begin, begin + end)}`;
  const document = yamlDocument(body);
  if (yamlProblems(document, body, 'recipe/yaml').length > 0) return null;
  const found = foreignRecipe({ document, text: body });
  if (found === null) return null;
  const steps: TranslatedStep[] = [];
  const notes: TranslationNote[] = [];
  for (const modifier of found.modifiers) {
    const { name, from, to } = modifier;
    const made = stepsOf(modifier);
    if (typeof made === 'string') {
      notes.push({ message: `${name} has no equivalent: ${made}.`, from, to });
      continue;
    }
    steps.push(...made);
    const lost = new Set(made.flatMap((step) => step.notes));
    for (const note of lost) notes.push({ message: `${name}: ${note}.`, from, to });
  }
  if (steps.length === 0) return { tool: found.tool, recipe: null, notes };
  if (input === undefined)
    notes.unshift({
      message: `Recipes of ${found.tool} do not name the checkpoint: ${NO_INPUT} stands for it.`,
      from: 0,
      to: 0,
    });
  const comments = [`From a recipe of ${found.tool}.`, ...notes.map(({ message }) => message)];
  const recipe = { input: input ?? NO_INPUT, steps: steps.map(({ step }) => step) };
  return {
    tool: found.tool,
    recipe: `${comments.map((line) => `# ${line.replaceAll(/\s+/g, ' ')}\n`).join('')}${stringify(recipe, { lineWidth: 0 })}`,
    notes,
  };
}

function stepsOf(modifier: Modifier): readonly TranslatedStep[] | string {
  const { name } = modifier;
  if (MAGNITUDE.has(name)) return pruningSteps(modifier);
  if (name === 'QuantizationModifier') {
    const step = quantizationStep(modifier);
    return typeof step === 'string' ? step : [step];
  }
  return OTHERS.find(([names]) => names.test(name))?.[1] ?? 'it is not known here';
}
