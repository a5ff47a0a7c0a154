import type { Axes, Role } from '@espalier/checkpoint';
import { type Convention, conventionalAxes, type WeightKind } from './convention.js';
import { type ParsedName, parseName } from './names.js';

/** What names and shapes are asked of. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Logical type, such as `F32`. */
  readonly dtype: string;
}

/** Role and axes as names and shapes suggest them. */
export interface NamedRole {
  readonly role: Role;
  readonly axes?: Axes;
}

const INTEGER = /^(I|U)\d+$|^BOOL$/;
const NORM_MODULE =
  /(^|[_.])(bn|ln|gn|norm|layernorm|layer_norm|batchnorm|batch_norm|groupnorm|group_norm|rmsnorm|rms_norm|layer_normalization|batch_normalization|instancenorm)([_.]|\d|$)|norm\d*$|^ln_|^bn\d/;
const STATISTIC =
  /^(running_mean|running_var|num_batches_tracked|moving_mean|moving_variance|moving_average|minmax.*|population_(mean|variance))$/;
const NORM_PARAMETER = /^(gamma|beta|layer_norm_scale)$/;
const BIAS = /^(bias|biases|b|bias_[ih]h(_l\d+.*)?|.*_bias|b_[a-z]+|in_proj_bias)$/;
const OPTIMIZER =
  /(^|[./_])(optimizer|optimizer_states?|exp_avg(_sq)?|max_exp_avg_sq|momentum_buffer|square_avg|adam_[mv]|momentum|velocity|accumulator|rmsprop)([./_]|$)/i;
const POSITION =
  /(pos_embed|pos_emb\b|position_embed|positional_embed|position_ids|positional_encoding|position_enc|pos_encoding|\.wpe\.|rotary|inv_freq|relative_position_bias_table|relative_attention_bias|\.pe\.$|pos_table|posembed)/;
const EMBEDDING =
  /(embed_tokens|token_embd|word_embed|tok_embed|token_embed|token_type_embed|\.wte\.|\.embed\.|\.embedding\.|\.embeddings\.|embedding_table|shared\.weight|segment_embed|codebook|\.emb\.|embedding_\d+\.)/;
const SCALE =
  /(^|_)(scale|scales|zero_point|zero_points|zeros|qzeros|scale_inv|logit_scale|absmax|quant_map)$|^(weight_g|original0|ls\d|layer_scale.*|lambda.*|temperature)$/;
const INDEX = /(g_idx|_index|_indices|position_ids|_ids|indices|perm)$/;
const ATTENTION =
  /(^|[._])(q|k|v|o|qkv|kv|q_a|q_b|kv_a|kv_b)_?(proj|lin|linear|proj_with_mqa)?$|^(in_proj|out_proj|query|key|value|qkv|query_key_value|attn_(q|k|v|output|qkv)|c_attn|to_(q|k|v|out)|in_proj_weight|wq|wk|wv|wo|attention_output)$/;
const RECURRENT = /^(weight_(ih|hh|hr)(_l\d+(_reverse)?)?|recurrent_kernel)$/;
const RECURRENT_MODULE = /(^|_)(lstm|gru|rnn|bidirectional|lstm_cell|gru_cell|simple_rnn)/;
const TRANSPOSED = /(deconv|conv_?transpose|transposed?_conv|convtranspose|upconv|up_conv|conv2d_transpose)/;
const DEPTHWISE = /(depthwise|dwconv|conv_dw|(^|[._])dw([._]|\d|$))/;
const WEIGHT =
  /^(weight|weights|kernel|kernels|w|filter|filters|weight_v|original1|qweight|in_proj_weight|embedding|embeddings|depthwise_kernel|depthwise_weights|pointwise_kernel|pointwise_weights|weight_orig|matrix|proj_weight|.*_weight|.*_kernel|w\d+)$/;
const CONV_WORD = /(conv|patch_embed|stem|downsample|filter|depthwise|pointwise)/;

/** Roles of all tensors of a checkpoint, in order. Siblings count, so they are judged together. */
export function rolesFromNames(tensors: readonly NamedTensor[], convention: Convention): NamedRole[] {
  const names = tensors.map((tensor) => parseName(tensor.name));
  const byLayer = new Map<string, Map<string, NamedTensor>>();
  names.forEach((name, i) => {
    const siblings = byLayer.get(name.layer) ?? new Map<string, NamedTensor>();
    siblings.set(name.parameter, tensors[i]!);
    byLayer.set(name.layer, siblings);
  });
  const context: Context = { convention, conv1d: usesConv1D(tensors, names, byLayer), lastConvOutputs: null };
  return tensors.map((tensor, i) => roleOf(tensor, names[i]!, byLayer.get(names[i]!.layer)!, context));
}

interface Context {
  readonly convention: Convention;
  /** GPT-2's Conv1D modules store [I, O]. */
  readonly conv1d: boolean;
  /** Output channels of the convolution before, to tell a depthwise kernel from one that reads a single channel. */
  lastConvOutputs: number | null;
}

type Siblings = ReadonlyMap<string, NamedTensor>;

function roleOf(tensor: NamedTensor, name: ParsedName, siblings: Siblings, context: Context): NamedRole {
  const { shape, dtype } = tensor;
  const rank = shape.filter((length) => length !== 1).length;
  const { parameter, module, dotted } = name;
  if (dtype === 'STRING') return { role: 'text' };
  if (OPTIMIZER.test(tensor.name)) return { role: 'optimizer' };
  if (STATISTIC.test(parameter)) return { role: 'statistic' };
  if (INDEX.test(parameter) && INTEGER.test(dtype)) return { role: 'index' };
  if (SCALE.test(parameter)) return { role: 'scale' };
  if (isNorm(name, siblings, rank)) return { role: 'norm' };
  if (BIAS.test(parameter) && rank <= 1) return { role: 'bias' };
  if (shape.length === 4 && parameter === 'bias') return { role: 'constant' }; // A causal mask kept as a buffer.
  if (RECURRENT.test(parameter) || (RECURRENT_MODULE.test(module) && /kernel$/.test(parameter))) {
    return weight('recurrent', shape, parameter.startsWith('weight') ? 'torch' : context.convention);
  }
  if (POSITION.test(dotted)) {
    const table = shape.length === 2 && /^(weight|embeddings?)$/.test(parameter);
    return table ? { role: 'position', axes: { output: [0], input: [1], kernel: [] } } : { role: 'position' };
  }
  if (rank <= 1 && shape.length <= 1) return { role: INTEGER.test(dtype) ? 'index' : oneDimensional(parameter) };
  if (/(cls_token|class_token|class_embedding|mask_token|dist_token|register_token|reg_token)/.test(dotted))
    return { role: 'other' };
  if (/(anchor|mask$|_mask\.|attn_mask)/.test(dotted) && !WEIGHT.test(parameter)) return { role: 'constant' };
  if (shape.length === 2 && EMBEDDING.test(dotted)) return weight('embedding', shape, context.convention);
  if (dtype === 'BOOL' || (INTEGER.test(dtype) && !WEIGHT.test(parameter))) return { role: 'constant' };
  return matrixRole(tensor, name, siblings, context);
}

function oneDimensional(parameter: string): Role {
  return parameter === 'gamma' || parameter === 'g' ? 'scale' : 'other';
}

/** A vector that scales or shifts channels: by its module's name, by running statistics beside it, or by a bias as long as itself. */
function isNorm({ parameter, module, dotted }: ParsedName, siblings: Siblings, rank: number): boolean {
  if (rank > 1 || !/^(weight|bias|scale|gamma|beta|offset|w|b|g)$/.test(parameter)) return false;
  if (siblings.has('running_mean') || siblings.has('moving_mean')) return true;
  if (NORM_PARAMETER.test(parameter) && siblings.has('gamma') && siblings.has('beta')) return true;
  const inNorm = NORM_MODULE.test(module) || /norm\.(weight|bias|scale)\.$/.test(dotted);
  const weight = siblings.get('weight') ?? siblings.get('scale') ?? siblings.get('gamma');
  if (inNorm) return weight === undefined || weight.shape.filter((length) => length !== 1).length <= 1;
  // Weight and bias that are both vectors: a normalization under an unusual name, such as `downsample.1`.
  const bias = siblings.get('bias');
  return weight?.shape.length === 1 && bias?.shape.length === 1 && weight.shape[0] === bias.shape[0];
}

/** Convolution, linear or something else: a tensor with two axes or more. */
function matrixRole(tensor: NamedTensor, name: ParsedName, siblings: Siblings, context: Context): NamedRole {
  const { shape } = tensor;
  const { parameter, module, dotted } = name;
  const convention = conventionFor(name, siblings, tensor, context);
  if (shape.length >= 3 && isConvolution(tensor, name, convention))
    return convolution(tensor, name, siblings, convention, context);
  if (shape.length === 2 || /expert/.test(dotted)) {
    const axes = linearAxes(tensor, siblings, convention, module, context);
    const attention = ATTENTION.test(module) || ATTENTION.test(parameter);
    if (shape.length > 2 || WEIGHT.test(parameter) || isPlain(name) || attention) {
      return { role: attention ? 'attention' : 'linear', ...(axes === undefined ? {} : { axes }) };
    }
    return { role: 'linear', ...(axes === undefined ? {} : { axes }) };
  }
  if (convention === 'tensorflow' && shape.length === 3 && /kernel$/.test(parameter)) return einsumDense(module);
  return { role: 'other' };
}

/** A file of one array has no words to go by. */
const isPlain = (name: ParsedName): boolean => name.module === '';

/** Names tell more than the format: a `kernel` is laid out as TensorFlow, Keras and Flax do, also in a safetensors file. */
function conventionFor(name: ParsedName, siblings: Siblings, tensor: NamedTensor, context: Context): Convention {
  if (context.convention === 'torch' && /^(kernel|depthwise_kernel|pointwise_kernel)$/.test(name.parameter))
    return looksOIHW(tensor.shape) ? 'torch' : 'tensorflow';
  if (context.convention === 'tensorflow' && name.parameter === 'weight' && tensor.shape.length === 4) {
    // A port that kept PyTorch's names and axes: the bias says which axis is the output.
    const outputs = siblings.get('bias')?.shape[0];
    if (outputs !== undefined && outputs === tensor.shape[0] && outputs !== tensor.shape[3]) return 'torch';
  }
  return context.convention;
}

/** Four axes of which the last two are a square of odd size, and the first two are not. */
function looksOIHW(shape: readonly number[]): boolean {
  const square = (height: number, width: number): boolean => height === width && height % 2 === 1 && height <= 11;
  return shape.length === 4 && square(shape[2]!, shape[3]!) && !square(shape[0]!, shape[1]!);
}

function isConvolution(
  { shape }: NamedTensor,
  { dotted, parameter, module }: ParsedName,
  convention: Convention,
): boolean {
  if (/expert/.test(dotted)) return false;
  const spatial =
    convention === 'tensorflow' ? shape.slice(0, -2) : convention === 'tflite' ? shape.slice(1, -1) : shape.slice(2);
  const small = spatial.every((length) => length <= 32);
  if (CONV_WORD.test(dotted)) return true;
  if (shape.length >= 4) return small || WEIGHT.test(parameter);
  return (WEIGHT.test(parameter) || module === '') && small && convention === 'torch';
}

function convolution(
  { shape }: NamedTensor,
  { dotted, parameter }: ParsedName,
  siblings: Siblings,
  convention: Convention,
  context: Context,
): NamedRole {
  const bias = (siblings.get('bias') ?? siblings.get('biases'))?.shape[0];
  let kind: WeightKind = 'conv';
  if (TRANSPOSED.test(dotted)) kind = 'transposed-conv';
  else if (convention === 'torch') {
    if (bias !== undefined && bias !== shape[0] && bias % shape[1]! === 0 && shape[1]! > 1) kind = 'transposed-conv';
    else if (shape[1] === 1 && shape[0]! > 1) {
      const follows =
        context.lastConvOutputs !== null && shape[0]! % context.lastConvOutputs === 0 && context.lastConvOutputs > 1;
      if (follows || DEPTHWISE.test(dotted)) kind = 'depthwise-conv';
    }
  } else if (DEPTHWISE.test(dotted) || (/separable/.test(dotted) && parameter === '0')) {
    // `depthwise_kernel` by name, and the first variable of a separable convolution.
    kind = 'depthwise-conv';
  } else if (convention === 'tensorflow' && bias !== undefined && bias !== shape[shape.length - 1]) {
    const [inner, last] = [shape[shape.length - 2]!, shape[shape.length - 1]!];
    if (bias === inner * last) kind = 'depthwise-conv';
    else if (bias === inner) kind = 'transposed-conv';
  }
  const role = weight(kind, shape, convention);
  context.lastConvOutputs =
    role.axes === undefined ? null : role.axes.output.reduce((product, axis) => product * shape[axis]!, 1);
  if (kind === 'depthwise-conv' && convention === 'torch')
    return { role: kind, axes: { ...role.axes!, groups: shape[0]! } };
  return role;
}

/** [O, I], unless the convention, a bias beside it or the module's kind says [I, O]. */
function linearAxes(
  { shape, name }: NamedTensor,
  siblings: Siblings,
  convention: Convention,
  module: string,
  context: Context,
): Axes | undefined {
  const usual = conventionalAxes('linear', convention, shape.length);
  if (shape.length !== 2) return usual;
  const swapped: Axes = { output: [1], input: [0], kernel: [] };
  const straight: Axes = { output: [0], input: [1], kernel: [] };
  if (context.conv1d && CONV1D_MODULE.test(module)) return swapped;
  const bias = (
    siblings.get('bias') ??
    siblings.get('biases') ??
    siblings.get(`${parseName(name).parameter.replace(/weight$/, '')}bias`)
  )?.shape;
  if (bias?.length === 1 && shape[0] !== shape[1]) {
    if (bias[0] === shape[1] && bias[0] !== shape[0]) return swapped;
    if (bias[0] === shape[0] && bias[0] !== shape[1]) return straight;
  }
  return usual;
}

const CONV1D_MODULE = /^(c_attn|c_proj|c_fc|q_attn)$/;

/** GPT-2 keeps its linear layers transposed (`Conv1D`). A `c_attn` or `c_fc` whose bias is as long as its last axis gives it away. */
function usesConv1D(
  tensors: readonly NamedTensor[],
  names: readonly ParsedName[],
  byLayer: ReadonlyMap<string, Siblings>,
): boolean {
  return tensors.some((tensor, i) => {
    const { module, parameter, layer } = names[i]!;
    if (!/^(c_attn|c_fc)$/.test(module) || parameter !== 'weight' || tensor.shape.length !== 2) return false;
    const bias = byLayer.get(layer)?.get('bias')?.shape[0];
    return bias === tensor.shape[1] && bias !== tensor.shape[0];
  });
}

/** Keras multi-head attention: query, key and value [D, heads, size]; the output projection [heads, size, D]. */
function einsumDense(module: string): NamedRole {
  if (/attention_output/.test(module)) return { role: 'attention', axes: { output: [2], input: [0, 1], kernel: [] } };
  return { role: ATTENTION.test(module) ? 'attention' : 'linear', axes: { output: [1, 2], input: [0], kernel: [] } };
}

function weight(kind: WeightKind, shape: readonly number[], convention: Convention): NamedRole {
  const axes = conventionalAxes(kind, convention, shape.length);
  return axes === undefined ? { role: kind } : { role: kind, axes };
}
