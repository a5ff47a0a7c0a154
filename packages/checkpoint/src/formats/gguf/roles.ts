import type { Axes, Role } from '../../checkpoint.js';

/**
 * Purposes by the last parts of a name, as llama.cpp names tensors (gguf-py, constants.py, TENSOR_NAMES). The first match decides.
 * Names of other projects are left to those who know names in general.
 */
const NAMES: readonly (readonly [RegExp, Role])[] = [
  [/\.bias$|_b$/, 'bias'],
  [/(^|[._])norm(_\w+)?\.weight$|_norm\.weight$/, 'norm'],
  [/^token_embd\.weight$|^token_types\.weight$/, 'embedding'],
  [/^position_embd\.weight$/, 'position'],
  [/^rope_(freqs|factors_\w+)\.weight$/, 'constant'],
  [
    /(^|\.)(output|attn_(q|k|v|qkv|output|out)|ffn_(gate|up|down)\w*|attn_(q|kv)_(a|b)\w*|ssm_(in|out|x|dt)|cls\w*)\.weight$/,
    'linear',
  ],
  [/\.scale$/, 'scale'],
];

/** What is known of a tensor from its name. A matrix of GGML is output × input; one axis more counts experts. */
export function rolesOf(name: string, shape: readonly number[]): { roleHint?: Role; axes?: Axes } {
  const role = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  const isWeight = role === 'linear' || role === 'embedding';
  if (shape.length < 2)
    return {
      ...(role === undefined || isWeight ? {} : { roleHint: role }),
      axes: { output: [], input: [], kernel: [] },
    };
  if (role === undefined) return {};
  if (!isWeight) return { roleHint: role };
  if (shape.length === 2) return { roleHint: role, axes: { output: [0], input: [1], kernel: [] } };
  if (shape.length === 3) return { roleHint: role, axes: { output: [0, 1], input: [2], kernel: [] } };
  return { roleHint: role };
}
