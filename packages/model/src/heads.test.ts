import { sizeOf } from '@espalier/base';
import type { Graph, TensorEntry } from '@espalier/checkpoint';
import { describe, expect, test } from 'vitest';
import { toHeads } from './heads.js';

const entry = (name: string, shape: readonly number[], more: Partial<TensorEntry> = {}): TensorEntry => ({
  name,
  dtype: 'F32',
  storage: 'F32',
  shape,
  elements: sizeOf(shape),
  bytes: 4 * sizeOf(shape),
  data: { kind: 'none', why: 'meta' },
  ...more,
});

/** `role output←input` of each tensor of a listing with lines `name shape`. */
function rolesOf(listing: string, format = 'safetensors'): Record<string, string> {
  const tensors = listing
    .trim()
    .split('\n')
    .map((line) => {
      const [name, shape, dtype] = line.trim().split(/\s+/) as [string, string, string | undefined];
      const lengths = shape === '-' ? [] : shape.split('x').map(Number);
      return entry(name, lengths, dtype === undefined ? {} : { dtype: dtype as TensorEntry['dtype'] });
    });
  return Object.fromEntries(
    toHeads({ format, tensors }).map(({ name, role, axes, prunable }) => [
      name,
      `${role}${axes.output.length === 0 ? '' : ` ${axes.output}<${axes.input}`}${prunable ? '' : ' -'}`,
    ]),
  );
}

describe('families that people have', () => {
  test('ResNet', () =>
    expect(
      rolesOf(`
        conv1.weight 64x3x7x7
        bn1.weight 64
        bn1.bias 64
        bn1.running_mean 64
        bn1.num_batches_tracked - I64
        layer1.0.conv1.weight 64x64x3x3
        layer1.0.downsample.1.weight 64
        layer1.0.downsample.1.bias 64
        fc.weight 1000x512
        fc.bias 1000`),
    ).toEqual({
      'conv1.weight': 'conv 0<1',
      'bn1.weight': 'norm -',
      'bn1.bias': 'norm -',
      'bn1.running_mean': 'statistic -',
      'bn1.num_batches_tracked': 'statistic -',
      'layer1.0.conv1.weight': 'conv 0<1',
      'layer1.0.downsample.1.weight': 'norm -',
      'layer1.0.downsample.1.bias': 'norm -',
      'fc.weight': 'linear 0<1',
      'fc.bias': 'bias -',
    }));

  test('MobileNet: a depthwise kernel follows a convolution of as many outputs; a first layer with one input does not', () => {
    expect(
      rolesOf(`
        features.0.0.weight 32x3x3x3
        features.1.conv.0.0.weight 32x1x3x3
        features.1.conv.1.weight 16x32x1x1`),
    ).toEqual({
      'features.0.0.weight': 'conv 0<1',
      'features.1.conv.0.0.weight': 'depthwise-conv 0<',
      'features.1.conv.1.weight': 'conv 0<1',
    });
    expect(rolesOf('conv1.weight 6x1x5x5')).toEqual({ 'conv1.weight': 'conv 0<1' });
  });

  test('ViT', () =>
    expect(
      rolesOf(`
        cls_token 1x1x768
        pos_embed 1x197x768
        patch_embed.proj.weight 768x3x16x16
        blocks.0.norm1.weight 768
        blocks.0.attn.qkv.weight 2304x768
        blocks.0.attn.proj.weight 768x768
        blocks.0.ls1.gamma 768
        blocks.0.mlp.fc1.weight 3072x768
        blocks.0.mlp.fc1.bias 3072
        head.weight 1000x768`),
    ).toEqual({
      cls_token: 'other -',
      pos_embed: 'position -',
      'patch_embed.proj.weight': 'conv 0<1',
      'blocks.0.norm1.weight': 'norm -',
      'blocks.0.attn.qkv.weight': 'attention 0<1',
      'blocks.0.attn.proj.weight': 'linear 0<1',
      'blocks.0.ls1.gamma': 'scale -',
      'blocks.0.mlp.fc1.weight': 'linear 0<1',
      'blocks.0.mlp.fc1.bias': 'bias -',
      'head.weight': 'linear 0<1',
    }));

  test('BERT', () =>
    expect(
      rolesOf(`
        bert.embeddings.word_embeddings.weight 30522x768
        bert.embeddings.position_embeddings.weight 512x768
        bert.embeddings.token_type_embeddings.weight 2x768
        bert.embeddings.LayerNorm.weight 768
        bert.embeddings.position_ids 1x512 I64
        bert.encoder.layer.0.attention.self.query.weight 768x768
        bert.encoder.layer.0.output.dense.weight 768x3072
        cls.predictions.bias 30522`),
    ).toEqual({
      'bert.embeddings.word_embeddings.weight': 'embedding 0<1',
      'bert.embeddings.position_embeddings.weight': 'position 0<1',
      'bert.embeddings.token_type_embeddings.weight': 'embedding 0<1',
      'bert.embeddings.LayerNorm.weight': 'norm -',
      'bert.embeddings.position_ids': 'index -',
      'bert.encoder.layer.0.attention.self.query.weight': 'attention 0<1',
      'bert.encoder.layer.0.output.dense.weight': 'linear 0<1',
      'cls.predictions.bias': 'bias -',
    }));

  test('LLaMA and a mixture of experts', () =>
    expect(
      rolesOf(`
        model.embed_tokens.weight 32000x4096
        model.layers.0.input_layernorm.weight 4096
        model.layers.0.self_attn.q_proj.weight 4096x4096
        model.layers.0.self_attn.rotary_emb.inv_freq 64
        model.layers.0.mlp.gate_proj.weight 11008x4096
        model.layers.0.mlp.experts.w1 8x1408x4096
        model.norm.weight 4096
        lm_head.weight 32000x4096`),
    ).toEqual({
      'model.embed_tokens.weight': 'embedding 0<1',
      'model.layers.0.input_layernorm.weight': 'norm -',
      'model.layers.0.self_attn.q_proj.weight': 'attention 0<1',
      'model.layers.0.self_attn.rotary_emb.inv_freq': 'position -',
      'model.layers.0.mlp.gate_proj.weight': 'linear 0<1',
      'model.layers.0.mlp.experts.w1': 'linear 0,1<2',
      'model.norm.weight': 'norm -',
      'lm_head.weight': 'linear 0<1',
    }));

  test('GPT-2 keeps its linear layers transposed, nanoGPT does not', () => {
    const gpt2 = rolesOf(`
      wte.weight 50257x768
      wpe.weight 1024x768
      h.0.ln_1.weight 768
      h.0.attn.bias 1x1x1024x1024
      h.0.attn.c_attn.weight 768x2304
      h.0.attn.c_attn.bias 2304
      h.0.attn.c_proj.weight 768x768
      h.0.mlp.c_fc.weight 768x3072
      h.0.mlp.c_fc.bias 3072`);
    expect(gpt2).toMatchObject({
      'wte.weight': 'embedding 0<1',
      'wpe.weight': 'position 0<1',
      'h.0.ln_1.weight': 'norm -',
      'h.0.attn.bias': 'constant -',
      'h.0.attn.c_attn.weight': 'attention 1<0',
      'h.0.attn.c_proj.weight': 'linear 1<0',
      'h.0.mlp.c_fc.weight': 'linear 1<0',
    });
    expect(
      rolesOf(`
        transformer.h.0.attn.c_attn.weight 2304x768
        transformer.h.0.attn.c_attn.bias 2304
        transformer.h.0.attn.c_proj.weight 768x768`),
    ).toMatchObject({
      'transformer.h.0.attn.c_attn.weight': 'attention 0<1',
      'transformer.h.0.attn.c_proj.weight': 'linear 0<1',
    });
  });

  test('wav2vec, YOLO, recurrent layers', () =>
    expect(
      rolesOf(`
        feature_extractor.conv_layers.0.conv.weight 512x1x10
        encoder.pos_conv_embed.conv.weight_g 1x1x128
        encoder.pos_conv_embed.conv.weight_v 768x48x128
        model.0.conv.weight 16x3x3x3
        model.22.dfl.conv.weight 1x16x1x1
        model.24.anchors 3x3x2
        lstm.weight_ih_l0 512x128
        lstm.weight_hh_l0 512x128
        lstm.bias_ih_l0 512
        gru.weight_hh_l0_reverse 24x8`),
    ).toMatchObject({
      'feature_extractor.conv_layers.0.conv.weight': 'conv 0<1',
      'encoder.pos_conv_embed.conv.weight_g': 'scale -',
      'model.0.conv.weight': 'conv 0<1',
      'model.22.dfl.conv.weight': 'conv 0<1',
      'model.24.anchors': 'constant -',
      'lstm.weight_ih_l0': 'recurrent 0<1',
      'lstm.weight_hh_l0': 'recurrent 0<1',
      'lstm.bias_ih_l0': 'bias -',
      'gru.weight_hh_l0_reverse': 'recurrent 0<1',
    }));

  test('a transposed convolution is known by its name or by its bias', () =>
    expect(rolesOf('up.weight 32x12x2x2\nup.bias 12\ndecoder.deconv1.weight 64x64x4x4')).toEqual({
      'up.weight': 'transposed-conv 1<0',
      'up.bias': 'bias -',
      'decoder.deconv1.weight': 'transposed-conv 1<0',
    }));

  test('Keras and TensorFlow', () => {
    const listing = `
      conv2d/kernel:0 3x3x3x32
      conv2d/bias:0 32
      depthwise_conv2d/depthwise_kernel:0 3x3x32x1
      separable/pointwise_kernel:0 1x1x32x64
      conv2d_transpose/kernel:0 2x2x8x12
      conv2d_transpose/bias:0 8
      bn/gamma:0 32
      bn/beta:0 32
      bn/moving_mean:0 32
      dense/kernel:0 128x10
      embedding/embeddings:0 1000x16
      lstm/lstm_cell/recurrent_kernel:0 32x128
      mha/query/kernel:0 64x4x16
      mha/attention_output/kernel:0 4x16x64
      step 1 I64`;
    for (const format of ['keras-h5', 'tf-checkpoint', 'tfjs-layers']) {
      expect(rolesOf(listing, format)).toMatchObject({
        'conv2d/kernel:0': 'conv 3<2',
        'conv2d/bias:0': 'bias -',
        'depthwise_conv2d/depthwise_kernel:0': 'depthwise-conv 2,3<',
        'separable/pointwise_kernel:0': 'conv 3<2',
        'conv2d_transpose/kernel:0': 'transposed-conv 2<3',
        'bn/gamma:0': 'norm -',
        'bn/moving_mean:0': 'statistic -',
        'dense/kernel:0': 'linear 1<0',
        'embedding/embeddings:0': 'embedding 0<1',
        'lstm/lstm_cell/recurrent_kernel:0': 'recurrent 1<0',
        'mha/query/kernel:0': 'attention 1,2<0',
        'mha/attention_output/kernel:0': 'attention 2<0,1',
      });
    }
  });

  test('Flax weights in a safetensors file keep the axes of TensorFlow', () =>
    expect(rolesOf('params.Conv_0.kernel 3x3x3x64\nparams.Dense_0.kernel 512x10')).toEqual({
      'params.Conv_0.kernel': 'conv 3<2',
      'params.Dense_0.kernel': 'linear 1<0',
    }));

  test('GGUF', () =>
    expect(
      rolesOf(
        'token_embd.weight 32000x4096\nblk.0.attn_q.weight 4096x4096\nblk.0.attn_norm.weight 4096\noutput.weight 32000x4096',
        'gguf',
      ),
    ).toEqual({
      'token_embd.weight': 'embedding 0<1',
      'blk.0.attn_q.weight': 'attention 0<1',
      'blk.0.attn_norm.weight': 'norm -',
      'output.weight': 'linear 0<1',
    }));

  test('optimizer states and texts are no weights', () => {
    expect(rolesOf('optimizer.state.0.exp_avg 64x64\nvocabulary 100 STRING')).toEqual({
      'optimizer.state.0.exp_avg': 'optimizer -',
      vocabulary: 'text -',
    });
  });
});

test('what the format knows goes first', () => {
  const tensors = [
    entry('w', [8, 4], { axes: { output: [1], input: [0], kernel: [] }, roleHint: 'linear' }),
    entry('c', [3], { roleHint: 'constant' }),
  ];
  const [w, c] = toHeads({ format: 'onnx', tensors });
  expect(w).toMatchObject({
    role: 'linear',
    outputChannels: 4,
    inputChannels: 8,
    prunable: true,
    description: 'linear weight, input × output',
  });
  expect(c).toMatchObject({ role: 'constant', outputChannels: null, prunable: false });
});

test('axes that the shape does not have are no axes', () => {
  const [head] = toHeads({
    format: 'onnx',
    tensors: [entry('w', [8, 4], { axes: { output: [5], input: [], kernel: [] }, roleHint: 'linear' })],
  });
  expect(head).toMatchObject({ outputChannels: null, prunable: false });
});

test('the operator that uses a tensor tells its axes, also through a conversion and a transposition', () => {
  const graph: Graph = {
    nodes: [
      { name: 'dq', operator: 'DequantizeLinear', inputs: ['a', 's'], outputs: ['a_f'], attributes: {} },
      { name: 't', operator: 'Transpose', inputs: ['a_f'], outputs: ['a_t'], attributes: { perm: [1, 0] } },
      { name: 'mm', operator: 'MatMul', inputs: ['x', 'a_t'], outputs: ['y'], attributes: {} },
      { name: 'cv', operator: 'Conv', inputs: ['x', 'd', 'b'], outputs: ['z'], attributes: { group: 8 } },
      { name: 'gm', operator: 'Gemm', inputs: ['x', 'g'], outputs: ['u'], attributes: { transB: 1 } },
    ],
    values: new Map(
      Object.entries({ a: [10, 20], d: [8, 1, 3, 3], b: [8], g: [5, 6] }).map(([name, shape]) => [
        name,
        { shape, tensor: name },
      ]),
    ),
    inputs: ['x'],
    outputs: ['y'],
  };
  const tensors = [entry('a', [10, 20]), entry('d', [8, 1, 3, 3]), entry('b', [8]), entry('g', [5, 6])];
  const heads = toHeads({ format: 'onnx', tensors, graph });
  // The product sees [20, 10] with the output last: axis 0 of what is stored.
  expect(heads.map(({ role, axes }) => [role, axes.output, axes.input])).toEqual([
    ['linear', [0], [1]],
    ['depthwise-conv', [0], []],
    ['bias', [], []],
    ['linear', [0], [1]],
  ]);
});

test('layers are what stands before the parameter', () => {
  const layer = (name: string): string => toHeads({ format: 'safetensors', tensors: [entry(name, [2])] })[0]!.layer;
  expect(layer('layer4.1.conv2.weight')).toBe('layer4.1.conv2');
  expect(layer('conv2d/kernel:0')).toBe('conv2d');
  expect(layer('model/conv2d/Conv2D/ReadVariableOp')).toBe('model/conv2d');
  expect(layer('weights')).toBe('weights');
});
