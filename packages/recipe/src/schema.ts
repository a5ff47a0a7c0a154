import type { MethodDescription, Parameter } from '@espalier/base';
import { methods as pruning, removal } from '@espalier/pruning/methods';
import { methods as quantization } from '@espalier/quantization/methods';

/** Methods by verb, as the recipe's grammar takes them. */
export interface Schema {
  readonly methods: readonly MethodDescription[];
}

/** The verbs, in the order in which steps usually follow each other. */
export const VERBS = ['prune', 'structure', 'quantize'] as const;

/** Every method of every engine. */
export const schema: Schema = {
  methods: [...pruning.map(({ description }) => description), removal, ...quantization],
};

export const methodsOf = ({ methods }: Schema, verb: string): readonly MethodDescription[] =>
  methods.filter((method) => method.verb === verb);

export const methodOf = ({ methods }: Schema, verb: string, name: string): MethodDescription | undefined =>
  methods.find((method) => method.verb === verb && method.name === name);

/** What a recipe and a step may leave out. */
export const EXCLUSIONS: Readonly<Record<string, Parameter>> = {
  layers: { kind: 'globs', default: [], doc: 'Globs over names of tensors and layers that are left alone.' },
  roles: {
    kind: 'globs',
    default: [],
    doc: 'Roles that are left alone: first, last, or a role such as linear or depthwise-conv.',
  },
  minElements: { kind: 'integer', minimum: 0, default: 0, unit: 'weights', doc: 'Smaller tensors are left alone.' },
  allBut: { kind: 'globs', doc: 'Globs over names: everything but these is left alone.' },
  preset: {
    kind: 'oneOf',
    default: 'none',
    doc: 'A named set of exclusions.',
    values: [
      { value: 'none', doc: 'Nothing besides.' },
      {
        value: 'structure-lth',
        doc: 'The first convolution and every linear layer, as the paper on structured tickets has it.',
      },
    ],
  },
};

/** What an output may say besides its path; a text is short for the path. */
export const OUTPUT: Readonly<Record<string, Parameter>> = {
  path: { kind: 'text', required: true, doc: 'Where the result is written, relative to the recipe.' },
  format: {
    kind: 'oneOf',
    default: 'auto',
    doc: 'The format, where the ending of the path does not say it.',
    values: [
      { value: 'auto', doc: 'As the ending says.' },
      { value: 'safetensors', doc: 'safetensors.' },
      { value: 'pytorch-zip', doc: 'A state dict of PyTorch.' },
      { value: 'npz', doc: 'Arrays of NumPy.' },
      { value: 'onnx', doc: 'ONNX, where the input is.' },
      { value: 'tfjs', doc: 'TensorFlow.js, where the input is.' },
      { value: 'gguf', doc: 'GGUF, where the input is.' },
    ],
  },
  masks: {
    kind: 'oneOf',
    default: 'zeros',
    doc: 'How weights that a step zeroed are written.',
    values: [
      { value: 'zeros', doc: 'As zeros.' },
      {
        value: 'pytorch',
        doc: 'As the pairs of torch.nn.utils.prune: weight_orig with every value and weight_mask of zeros and ones.',
      },
    ],
  },
};

/** The keys of a recipe and what they mean. */
export const TOP_KEYS: Readonly<Record<string, string>> = {
  input: 'The checkpoint that the recipe starts from, relative to the recipe.',
  exclude: 'What no step changes.',
  steps: 'What is done, one after the other.',
  output: 'Where the result is written, relative to the recipe; its ending says the format.',
  devices: 'Devices for which time is estimated; the first is the target.',
  budget: 'Limits that the result keeps, as espalier.budget.yaml has them.',
  evaluate: 'A command that measures the result; {output} and {input} are replaced. Its last number is the figure.',
  seed: 'Seed of chance for every step that names none.',
  sweep: 'Options and the values that are tried for each: the recipe runs once for every combination.',
};
