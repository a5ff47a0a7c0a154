import type { Axes, Role } from '@espalier/checkpoint';

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  conv: 'convolution weight',
  'depthwise-conv': 'depthwise convolution weight',
  'transposed-conv': 'transposed convolution weight',
  linear: 'linear weight',
  embedding: 'embedding',
  recurrent: 'recurrent weight',
  attention: 'attention weight',
  norm: 'normalization',
  bias: 'bias',
  statistic: 'running statistic',
  position: 'position encoding',
  scale: 'scale',
  index: 'index',
  optimizer: 'optimizer state',
  constant: 'constant',
  text: 'text',
  other: 'tensor',
};

const SPATIAL: Readonly<Record<number, readonly string[]>> = {
  1: ['width'],
  2: ['height', 'width'],
  3: ['depth', 'height', 'width'],
};

/** `convolution weight, output × input × height × width`: what a tensor is, and what its axes mean, in stored order. */
export function describeTensor(role: Role, axes: Axes, shape: readonly number[]): string {
  const words = ROLE_WORDS[role];
  if (axes.output.length === 0 || shape.length < 2) return words;
  const names = shape.map((_, axis) => axisName(role, axes, axis));
  return `${words}, ${names.join(' × ')}`;
}

/** What an axis is called in sentences: `output`, `input`, `height`, `token`; `axis 3` where nothing is known. */
export function axisName(role: Role, axes: Axes, axis: number): string {
  const spatial = axes.kernel.indexOf(axis);
  if (spatial >= 0) return SPATIAL[axes.kernel.length]?.[spatial] ?? `kernel axis ${spatial}`;
  const out = axes.output.indexOf(axis);
  if (role === 'embedding' && axes.output.length === 1) return out >= 0 ? 'token' : 'feature';
  if (out >= 0) {
    if (axes.output.length === 1) return 'output';
    if (role === 'depthwise-conv') return out === 0 ? 'input' : 'multiplier';
    return out === axes.output.length - 1 ? 'output' : 'stack';
  }
  return axes.input.includes(axis) ? 'input' : `axis ${axis}`;
}
