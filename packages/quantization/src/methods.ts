import type { Choice, MethodDescription, Parameter } from '@espalier/base';

const schemes: readonly Choice[] = [
  ...[8, 7, 6, 5, 4, 3, 2].flatMap((bits) => [
    { value: `int${bits}-sym`, doc: `${2 ** bits - 1} codes around 0; 0 is one of them.` },
    { value: `int${bits}-asym`, doc: `${2 ** bits} codes from the smallest value to the largest; 0 is one of them.` },
  ]),
  { value: 'binary', doc: 'Signs, times the mean magnitude. Not usable as is: such a model has to be trained.' },
  { value: 'fp16', doc: 'IEEE half precision.' },
  { value: 'bf16', doc: 'Half precision with the exponent of f32.' },
  { value: 'keep', doc: 'As it is.' },
];

const RANGES: readonly Choice[] = [
  { value: 'max', doc: 'The largest there is: nothing is cut off.' },
  { value: 'percentile', doc: 'So many of a hundred magnitudes lie below.' },
  { value: 'mse', doc: 'The smallest squared error among a hundred candidates.' },
  { value: 'kl', doc: 'The distribution of the codes diverges least; for bell-shaped values.' },
];

/** What is quantized how: of a step, and of each of its rules. */
const HOW: Readonly<Record<string, Parameter>> = {
  scheme: { kind: 'oneOf', default: 'int8-sym', values: schemes, doc: 'How numbers become codes.' },
  granularity: {
    kind: 'oneOf',
    default: 'channel',
    doc: 'What shares a scale.',
    values: [
      { value: 'tensor', doc: 'The whole tensor.' },
      { value: 'channel', doc: 'Each output channel.' },
      { value: 'group', doc: 'So many consecutive weights of a row.' },
    ],
  },
  groupSize: {
    kind: 'integer',
    minimum: 1,
    default: 128,
    unit: 'weights',
    doc: 'Weights that share a scale, for group.',
  },
  range: {
    kind: 'oneOf',
    default: 'max',
    doc: 'How the largest magnitude that is represented is chosen; symmetric schemes alone.',
    values: RANGES,
  },
  percentile: { kind: 'number', minimum: 0.001, maximum: 100, default: 99.99, doc: 'For range: percentile.' },
  scales: {
    kind: 'oneOf',
    default: 'f32',
    doc: 'How scales are stored.',
    values: [
      { value: 'f32', doc: 'In single precision.' },
      { value: 'f16', doc: 'In half precision: 16 bits less for each scale.' },
    ],
  },
};

/** How the inputs of quantized layers are quantized. */
const ACTIVATIONS: Readonly<Record<string, Parameter>> = {
  samples: {
    kind: 'path',
    accepts: 'samples',
    doc: 'An .npz with an array for each input of the model, samples along the first axis. Without it activations stay as they are.',
  },
  bits: { kind: 'integer', minimum: 2, maximum: 8, default: 8, unit: 'bits', doc: 'Of a code; 0 is one of them.' },
  calibration: {
    kind: 'oneOf',
    default: 'percentile',
    doc: 'How the largest magnitude that is represented is chosen.',
    values: RANGES,
  },
  percentile: { kind: 'number', minimum: 0.001, maximum: 100, default: 99.99, doc: 'For calibration: percentile.' },
};

/** Bits that save bytes where codes are packed. */
export const MIXED_BITS = [2, 4, 8];

/** What layers of different bits have to keep to. */
const MIXED: Readonly<Record<string, Parameter>> = {
  bitsPerWeight: {
    kind: 'number',
    minimum: 2,
    maximum: 8,
    unit: 'bits',
    doc: 'Codes of all layers together take at most so many bits for each weight; scales come on top.',
  },
  bytes: {
    kind: 'integer',
    minimum: 1,
    unit: 'bytes',
    doc: 'Codes of all layers together take at most so many bytes; instead of bitsPerWeight.',
  },
  fewest: {
    kind: 'oneOf',
    default: '2',
    values: MIXED_BITS.map((bits) => ({ value: String(bits), doc: `No layer has fewer than ${bits} bits.` })),
    doc: 'Bits that every layer begins with.',
  },
};

const withoutDefaults = (parameters: Readonly<Record<string, Parameter>>): Record<string, Parameter> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const { default: _, ...rest } = parameter as Parameter & { default?: unknown };
      return [name, rest as Parameter];
    }),
  );

/** Every method, one entry each. */
export const methods: readonly MethodDescription[] = [
  {
    verb: 'quantize',
    name: 'post-training',
    summary: 'Store weights as codes of few bits with scales; nothing is trained.',
    source:
      'Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018; Rastegari et al., "XNOR-Net", ECCV 2016 (binary)',
    parameters: {
      default: {
        kind: 'group',
        item: HOW,
        doc: 'What holds where no rule matches. The first and the last layer, biases, normalizations and embeddings stay as they are.',
      },
      rules: {
        kind: 'list',
        doc: 'Exceptions: the first rule whose glob matches the tensor wins, also for the first and the last layer.',
        item: {
          match: { kind: 'text', required: true, doc: 'A glob over names of tensors.' },
          ...withoutDefaults(HOW),
        },
      },
      mixed: {
        kind: 'group',
        item: MIXED,
        doc: 'Bits for each layer under one budget: all begin with the fewest, and more go where they take away most error for each byte. Layers whose scheme a rule states keep it.',
      },
      activations: {
        kind: 'group',
        item: ACTIVATIONS,
        doc: 'The inputs of quantized layers as well, by the ranges that samples give; for ONNX, and with onnxruntime-node installed.',
      },
      nonFinite: {
        kind: 'oneOf',
        default: 'refuse',
        doc: 'What becomes of a tensor that holds NaN or infinity.',
        values: [
          { value: 'refuse', doc: 'The step fails and says where.' },
          { value: 'keep', doc: 'The tensor stays as it is, and the report says so.' },
          {
            value: 'clamp',
            doc: 'Infinities become the largest finite magnitude, NaN becomes 0, and the report says so.',
          },
        ],
      },
    },
  },
  {
    verb: 'quantize',
    name: 'gguf',
    summary: 'Store weights in blocks of 32 as llama.cpp reads them; for models in GGUF.',
    source: 'ggml, block_q8_0 and block_q4_0',
    parameters: {
      type: {
        kind: 'oneOf',
        default: 'Q8_0',
        doc: 'The type of the blocks.',
        values: [
          { value: 'Q8_0', doc: '8.5 bits a weight.' },
          { value: 'Q4_0', doc: '4.5 bits a weight.' },
        ],
      },
    },
  },
];
