import type { Axes, Role } from '../../checkpoint.js';
import { asNumber, asText, type JsonRecord, own } from '../../json.js';
import { einsumAxes, type WeightUse } from '../tensorflow/weightUse.js';

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const axes = (output: number[], input: number[], kernel: number[] = []): Axes => ({ output, input, kernel });
const vector = (role: Role): WeightUse => ({ role, axes: axes([], []) });

/** Weights whose name alone says what they are, in any layer. */
const VECTORS: Readonly<Record<string, Role>> = {
  bias: 'bias',
  gamma: 'norm',
  beta: 'norm',
  scale: 'norm',
  moving_mean: 'statistic',
  moving_variance: 'statistic',
  mean: 'statistic',
  variance: 'statistic',
  count: 'statistic',
  alpha: 'other',
  seed_generator_state: 'other',
};

/**
 * Purpose and axes of a layer's weight. `names` is the way to it from the layer: `['kernel']`, `['query', 'kernel']`.
 * Layouts: channels-last whatever `data_format` says, as Keras stores kernels. Source: keras/src/layers.
 */
export function kerasWeightUse(
  className: string,
  config: JsonRecord,
  names: readonly string[],
  rank: number,
): WeightUse | null {
  const name = names.at(-1) ?? '';
  if (Object.hasOwn(VECTORS, name) && (rank <= 1 || name === 'bias')) return vector(VECTORS[name]!);
  if (name === 'embeddings' || (className === 'Embedding' && rank === 2)) return { role: 'embedding' };
  if (name === 'position_embeddings') return { role: 'position' };
  const part = names.length > 1 ? attentionPart(names.at(-2)!) : null;
  if (part !== null && rank === 3) {
    return { role: 'attention', axes: part === 'output' ? axes([2], [0, 1]) : axes([1, 2], [0]) };
  }
  if (part !== null && rank === 2) return { role: 'attention', axes: axes([1], [0]) };
  if (name === 'recurrent_kernel' || (name === 'kernel' && isRecurrent(className, names))) {
    return { role: 'recurrent', axes: rank === 2 ? axes([1], [0]) : axes([rank - 1], [rank - 2], range(0, rank - 2)) };
  }
  if (name === 'depthwise_kernel' || (name === 'kernel' && className.startsWith('DepthwiseConv'))) {
    return rank >= 3 ? { role: 'depthwise-conv', axes: axes([rank - 2, rank - 1], [], range(0, rank - 2)) } : null;
  }
  if (name === 'pointwise_kernel')
    return rank >= 3 ? { role: 'conv', axes: axes([rank - 1], [rank - 2], range(0, rank - 2)) } : null;
  if (name !== 'kernel') return null;
  const equation = asText(own(config, 'equation'));
  if (className === 'EinsumDense' && equation !== undefined) {
    const found = einsumAxes(equation, 1);
    return found === null ? { role: 'linear' } : { role: 'linear', axes: found };
  }
  if (/^Conv\d?DTranspose$|^Convolution\d?DTranspose$|^Deconvolution2D$/.test(className)) {
    return rank >= 3 ? { role: 'transposed-conv', axes: axes([rank - 2], [rank - 1], range(0, rank - 2)) } : null;
  }
  if (rank >= 3) {
    const groups = asNumber(own(config, 'groups')) ?? 1;
    return {
      role: 'conv',
      axes: { ...axes([rank - 1], [rank - 2], range(0, rank - 2)), ...(groups > 1 ? { groups } : {}) },
    };
  }
  return rank === 2 ? { role: 'linear', axes: axes([1], [0]) } : null;
}

function isRecurrent(className: string, names: readonly string[]): boolean {
  if (/LSTM|GRU|RNN/.test(className)) return true;
  return names.some((name) => /(?:^|_)(?:lstm|gru|rnn)(?:_|$)|^cell$|_cell(?:_\d+)?$/.test(name));
}

/** Keras 2 names them `query`, Keras 3 `query_dense` or `_query_dense`. */
function attentionPart(name: string): 'projection' | 'output' | null {
  if (/^_?(?:query|key|value)(?:_dense)?$/.test(name)) return 'projection';
  return /^_?(?:attention_output|output)(?:_dense)?$/.test(name) ? 'output' : null;
}

/** Order in which layers of Keras 3 save their variables, which are then called 0, 1, 2 … */
const SAVED: Readonly<Record<string, readonly string[]>> = {
  SeparableConv1D: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  SeparableConv2D: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  Embedding: ['embeddings'],
  PReLU: ['alpha'],
  Normalization: ['mean', 'variance', 'count'],
  LSTM: ['kernel', 'recurrent_kernel', 'bias'],
  GRU: ['kernel', 'recurrent_kernel', 'bias'],
  SimpleRNN: ['kernel', 'recurrent_kernel', 'bias'],
  LSTMCell: ['kernel', 'recurrent_kernel', 'bias'],
  GRUCell: ['kernel', 'recurrent_kernel', 'bias'],
  SimpleRNNCell: ['kernel', 'recurrent_kernel', 'bias'],
  ConvLSTM2D: ['kernel', 'recurrent_kernel', 'bias'],
  RMSNormalization: ['scale'],
};

/** The name behind a number, or null. `inner` is the way from the layer to `vars`: `['cell']`, `['query_dense']`. */
export function savedName(
  className: string,
  config: JsonRecord,
  inner: readonly string[],
  index: number,
): string | null {
  if (/Normalization$/.test(className) && inner.length === 0 && !Object.hasOwn(SAVED, className)) {
    const names = [
      ...(own(config, 'scale') === false ? [] : ['gamma']),
      ...(own(config, 'center') === false ? [] : ['beta']),
      ...(className.endsWith('BatchNormalization') ? ['moving_mean', 'moving_variance'] : []),
    ];
    return names[index] ?? null;
  }
  const recurrent = inner.some((name) => /cell/.test(name));
  const names = recurrent
    ? SAVED.LSTM!
    : inner.length === 0 && Object.hasOwn(SAVED, className)
      ? SAVED[className]!
      : ['kernel', 'bias'];
  return names[index] ?? null;
}
