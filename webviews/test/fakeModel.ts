import { type Rng, seeded, sizeOf } from '@espalier/base';
import type { Role, TensorHead } from '@espalier/protocol';

/**
 * A small model with believable weights, the same on every machine: a ResNet-18 for 32 × 32 images, pruned layer by layer
 * with different patterns. `width` is the number of channels of its first stage; 64 is the real one.
 */
export interface FakeTensor {
  readonly head: TensorHead;
  /** Values in C order. Made when first asked for. */
  readonly values: () => Float32Array;
}

interface Plan {
  readonly sparsity: number;
  /** Share of groups of four along the input axis that are made to fit 2:4. */
  readonly twoFour?: number;
  /** Share of zeros that lie in 4×1 blocks of output channels. */
  readonly blocks?: number;
  /** Share of output channels that are zeroed whole. */
  readonly deadShare?: number;
  readonly deadCount?: number;
}

const PLANS: Readonly<Record<string, Plan>> = {
  conv1: { sparsity: 0.314 },
  'layer1.0.conv1': { sparsity: 0.542, twoFour: 1 },
  'layer1.0.conv2': { sparsity: 0.559, twoFour: 1 },
  'layer1.1.conv1': { sparsity: 0.568, twoFour: 1 },
  'layer1.1.conv2': { sparsity: 0.583, twoFour: 1 },
  'layer2.0.conv1': { sparsity: 0.607, twoFour: 1 },
  'layer2.0.conv2': { sparsity: 0.641, twoFour: 1 },
  'layer2.0.downsample.0': { sparsity: 0.386 },
  'layer2.1.conv1': { sparsity: 0.669, twoFour: 1 },
  'layer2.1.conv2': { sparsity: 0.674, twoFour: 0.971 },
  'layer3.0.conv1': { sparsity: 0.698, twoFour: 1 },
  'layer3.0.conv2': { sparsity: 0.732, twoFour: 0.982 },
  'layer3.0.downsample.0': { sparsity: 0.449 },
  'layer3.1.conv1': { sparsity: 0.746, twoFour: 0.976 },
  'layer3.1.conv2': { sparsity: 0.763, twoFour: 1 },
  'layer4.0.conv1': { sparsity: 0.791, deadShare: 0.25 },
  'layer4.0.conv2': { sparsity: 0.833, blocks: 0.93 },
  'layer4.0.downsample.0': { sparsity: 0.577 },
  'layer4.1.conv1': { sparsity: 0.839, blocks: 0.95 },
  'layer4.1.conv2': { sparsity: 0.852, blocks: 0.95, deadCount: 14 },
  fc: { sparsity: 0.421 },
};

const hash = (text: string): number =>
  [...text].reduce((sum, character) => Math.imul(sum ^ character.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261);

export function resnet(width: number): FakeTensor[] {
  const tensors: FakeTensor[] = [];
  const add = (name: string, shape: readonly number[], role: Role): void => {
    tensors.push(tensor(name, shape, role));
  };
  const convolution = (name: string, outputs: number, inputs: number, kernel: number): void =>
    add(`${name}.weight`, [outputs, inputs, kernel, kernel], 'conv');
  const norm = (name: string, channels: number): void => {
    add(`${name}.weight`, [channels], 'norm');
    add(`${name}.bias`, [channels], 'bias');
  };
  convolution('conv1', width, 3, 3);
  norm('bn1', width);
  let inputs = width;
  for (const stage of [1, 2, 3, 4]) {
    const channels = width * 2 ** (stage - 1);
    for (const block of [0, 1]) {
      const name = `layer${stage}.${block}`;
      convolution(`${name}.conv1`, channels, block === 0 ? inputs : channels, 3);
      norm(`${name}.bn1`, channels);
      convolution(`${name}.conv2`, channels, channels, 3);
      norm(`${name}.bn2`, channels);
      if (block === 0 && stage > 1) {
        convolution(`${name}.downsample.0`, channels, inputs, 1);
        norm(`${name}.downsample.1`, channels);
      }
    }
    inputs = channels;
  }
  add('fc.weight', [10, inputs], 'linear');
  add('fc.bias', [10], 'bias');
  return tensors;
}

const DESCRIPTIONS: Partial<Record<Role, string>> = {
  conv: 'convolution weight, output × input × height × width',
  linear: 'linear weight, output × input',
  norm: 'normalization scale',
  bias: 'bias',
};

export function headOf(name: string, shape: readonly number[], role: Role): TensorHead {
  const prunable = role === 'conv' || role === 'linear';
  const elements = sizeOf(shape);
  return {
    name,
    dtype: 'F32',
    storage: 'F32',
    shape,
    elements,
    bytes: elements * 4,
    role,
    prunable,
    layer: name.slice(0, name.lastIndexOf('.')),
    outputChannels: prunable ? shape[0]! : null,
    inputChannels: prunable ? shape[1]! : null,
    axes: { output: prunable ? [0] : [], input: prunable ? [1] : [], kernel: role === 'conv' ? [2, 3] : [], groups: 1 },
    description: DESCRIPTIONS[role] ?? '',
  };
}

function tensor(name: string, shape: readonly number[], role: Role): FakeTensor {
  const head = headOf(name, shape, role);
  let made: Float32Array | undefined;
  const values = (): Float32Array => {
    made ??= head.prunable ? prunedWeights(head, PLANS[head.layer] ?? { sparsity: 0 }) : plainValues(head);
    return made;
  };
  return { head, values };
}

function plainValues({ name, elements, role }: TensorHead): Float32Array {
  const rng = seeded(hash(name));
  const value = role === 'norm' ? () => 0.35 + 0.25 * Math.abs(rng.normal()) : () => 0.12 * rng.normal() - 0.08;
  return Float32Array.from({ length: elements }, value);
}

function prunedWeights(head: TensorHead, plan: Plan): Float32Array {
  const rng = seeded(hash(head.name));
  const [outputs = 1, inputs = 1, height = 1, width = 1] = head.shape;
  const kernel = height * width;
  const row = inputs * kernel;
  const weights = rawWeights(outputs, inputs, kernel, rng);
  const kept = new Uint8Array(weights.length).fill(1);
  /** Places that must stay, so that a pattern is broken exactly where it was meant to be. */
  const pinned = new Uint8Array(weights.length);
  let zeros = 0;
  const kill = (at: number): void => {
    if (kept[at] === 1) {
      kept[at] = 0;
      zeros++;
    }
  };
  const target = Math.round(weights.length * plan.sparsity);

  for (const output of deadChannels(outputs, plan, rng)) for (let x = 0; x < row; x++) kill(output * row + x);
  if (plan.twoFour !== undefined) {
    for (let output = 0; output < outputs; output++) {
      for (let k = 0; k < kernel; k++) {
        for (let input = 0; input + 4 <= inputs; input += 4) {
          const group = [0, 1, 2, 3].map((i) => output * row + (input + i) * kernel + k);
          group.sort((a, b) => Math.abs(weights[a]!) - Math.abs(weights[b]!));
          kill(group[0]!);
          if (rng.next() < plan.twoFour) kill(group[1]!);
          else for (const at of group.slice(1)) pinned[at] = 1;
        }
      }
    }
  }
  if (plan.blocks !== undefined) {
    const blocks: { readonly at: number; readonly sum: number }[] = [];
    for (let output = 0; output + 4 <= outputs; output += 4) {
      for (let x = 0; x < row; x++) {
        let sum = 0;
        for (let i = 0; i < 4; i++) sum += Math.abs(weights[(output + i) * row + x]!);
        blocks.push({ at: output * row + x, sum });
      }
    }
    blocks.sort((a, b) => a.sum - b.sum);
    for (const { at } of blocks) {
      if (zeros >= target * plan.blocks) break;
      for (let i = 0; i < 4; i++) kill(at + i * row);
    }
  }
  if (zeros < target) {
    const rest = Array.from(weights.keys()).filter((at) => kept[at] === 1 && pinned[at] === 0);
    rest.sort((a, b) => Math.abs(weights[a]!) - Math.abs(weights[b]!));
    for (const at of rest.slice(0, target - zeros)) kill(at);
  }
  for (let at = 0; at < weights.length; at++) if (kept[at] === 0) weights[at] = 0;
  return weights;
}

/** Normal values whose size varies by output, input and kernel, so that a picture of them has structure. */
function rawWeights(outputs: number, inputs: number, kernel: number, rng: Rng): Float32Array {
  const weights = new Float32Array(outputs * inputs * kernel);
  const spread = (length: number, sigma: number): Float32Array =>
    Float32Array.from({ length }, () => Math.exp(sigma * rng.normal()));
  const byInput = spread(inputs, 0.34);
  const byOutput = spread(outputs, 0.22);
  const blocks = spread(Math.ceil(outputs / 4) * inputs, 0.46);
  const scale = Math.sqrt(2 / (inputs * kernel)) * 0.4;
  for (let output = 0, at = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const size = scale * byOutput[output]! * byInput[input]! * blocks[(output >> 2) * inputs + input]!;
      for (let k = 0; k < kernel; k++, at++)
        weights[at] = size * (kernel === 9 && k % 2 === 0 && k !== 4 ? 0.8 : 1.1) * rng.normal() || 1e-6;
    }
  }
  return weights;
}

function deadChannels(outputs: number, { deadShare, deadCount }: Plan, rng: Rng): ReadonlySet<number> {
  const count = deadCount === undefined ? Math.round(outputs * (deadShare ?? 0)) : Math.min(deadCount, outputs >> 2);
  const dead = new Set<number>();
  while (dead.size < count) dead.add(rng.below(outputs));
  return dead;
}

/** The same model after more training and pruning: some values move, some become zero, a few come back. */
export function retrained(before: FakeTensor, share: number): FakeTensor {
  let made: Float32Array | undefined;
  const values = (): Float32Array => {
    made ??= change(before, share);
    return made;
  };
  return { head: before.head, values };
}

function change({ head, values }: FakeTensor, share: number): Float32Array {
  const rng = seeded(hash(`${head.name} after`));
  const before = values();
  const after = Float32Array.from(before);
  const sorted = before
    .filter((value) => value !== 0)
    .map(Math.abs)
    .sort();
  const threshold = sorted[Math.floor(sorted.length * share)] ?? 0;
  const typical = sorted[sorted.length >> 1] ?? 0.01;
  for (let at = 0; at < after.length; at++) {
    const value = before[at]!;
    if (value === 0) {
      if (head.prunable && rng.next() < 0.008)
        after[at] = threshold * (0.7 + 0.8 * rng.next()) * (rng.next() < 0.5 ? -1 : 1);
    } else if (head.prunable && Math.abs(value) < threshold && rng.next() < 0.8) after[at] = 0;
    else if (rng.next() > 0.012) after[at] = value * (1 + 0.05 * rng.normal()) + typical * 0.1 * rng.normal();
  }
  return after;
}

/** A model as it was before it was pruned: small values where there are zeros now. */
export function unpruned({ head, values }: FakeTensor): FakeTensor {
  let made: Float32Array | undefined;
  const before = (): Float32Array => {
    if (made !== undefined) return made;
    const rng = seeded(hash(`${head.name} before`));
    const after = values();
    const least = after.reduce((low, value) => (value === 0 ? low : Math.min(low, Math.abs(value))), 1);
    made = after.map((value) => (value === 0 ? least * (2 * rng.next() - 1) : value));
    return made;
  };
  return { head, values: head.prunable ? before : values };
}
