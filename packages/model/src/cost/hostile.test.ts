import type { AttributeValue, Dialect, Graph, GraphNode, GraphValue } from '@espalier/checkpoint';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operatorCosts } from './operatorCosts.js';

const OPERATORS: Readonly<Record<Dialect, readonly string[]>> = {
  onnx: 'Conv ConvTranspose ConvInteger QLinearConv Gemm MatMul MatMulInteger Einsum LSTM GRU RNN Attention BatchNormalization LayerNormalization Add Mul Where Relu MaxPool AveragePool GlobalAveragePool MaxUnpool Col2Im Reshape Flatten Transpose Concat Split Slice Squeeze Unsqueeze Gather GatherND Pad Expand Tile Resize Upsample Shape Size ConstantOfShape Range OneHot TopK ReduceSum ReduceProd ArgMax DepthToSpace GridSample DFT STFT Det Cast Loop If Scan RoiAlign AffineGrid CenterCropPad NegativeLogLikelihoodLoss MelWeightMatrix Compress Unique CausalConvWithState'.split(
    ' ',
  ),
  tflite:
    'CONV_2D DEPTHWISE_CONV_2D CONV_3D TRANSPOSE_CONV CONV_3D_TRANSPOSE FULLY_CONNECTED BATCH_MATMUL UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM RNN SVDF ADD RESHAPE TRANSPOSE CONCATENATION PACK UNPACK PAD SLICE STRIDED_SLICE SPLIT SPLIT_V SQUEEZE EXPAND_DIMS TILE FILL SHAPE GATHER GATHER_ND MEAN REDUCE_PROD ONE_HOT TOPK_V2 BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND SPACE_TO_DEPTH RANGE WHILE IF CALL CALL_ONCE'.split(
      ' ',
    ),
  tensorflow:
    'Conv2D DepthwiseConv2dNative Conv2DBackpropInput Conv3D MatMul _FusedMatMul BatchMatMulV2 Einsum Reshape ConcatV2 Pad Transpose StridedSlice Slice Split Unpack Pack Tile GatherV2 GatherNd Mean Prod Fill Range Shape ExpandDims Squeeze ResizeBilinear SpaceToDepth DepthToSpace AddN AddV2 Cast TopKV2 OneHot While If'.split(
      ' ',
    ),
  keras:
    'Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose Dense EinsumDense LSTM Bidirectional TimeDistributed MultiHeadAttention Attention Dot Add Flatten'.split(
      ' ',
    ),
};
const ATTRIBUTES =
  'axis axes strides dilations pads kernel_shape group auto_pad perm keepdims split num_outputs starts ends to blocksize block_size equation hidden_size direction layout ceil_mode output_shape output_padding shape k transA transB transpose_a adj_x padding stride_h stride_w filter_height filter_width begin_mask shrink_axis_mask new_axis_mask ellipsis_mask keep_dims keep_num_dims num_scan_inputs scan_input_axes scan_output_axes q_num_heads kv_num_heads num_heads K N rank sizes scales ksize squeeze_dims explicit_paddings data_format num_split new_shape value layer function axes'.split(
    ' ',
  );

const arbNumber = fc.oneof(
  fc.integer({ min: -3, max: 9 }),
  fc.constantFrom(2 ** 31, 2 ** 53, -(2 ** 53), 2 ** 62, Number.NaN, Number.POSITIVE_INFINITY, 0.5, -0),
);
const arbAttribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  arbNumber,
  fc.array(arbNumber, { maxLength: 6 }),
  fc.constantFrom(
    'SAME',
    'VALID',
    'SAME_UPPER',
    'NCHW',
    'bidirectional',
    'ij,jk->ik',
    '...->',
    'ii->',
    ',',
    '',
    'Conv2D',
  ),
  fc.boolean(),
  fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
);
const arbShape: fc.Arbitrary<GraphValue['shape']> = fc.option(
  fc.array(fc.option(fc.oneof(fc.nat(5), fc.constantFrom(2 ** 31, 2 ** 53, 2 ** 53 - 1)), { nil: null }), {
    maxLength: 6,
  }),
);
const arbValue: fc.Arbitrary<GraphValue> = fc.record(
  {
    shape: arbShape,
    constant: fc.array(arbNumber, { maxLength: 8 }),
    tensor: fc.constantFrom('v0', 'v1', 'absent'),
    dtype: fc.constantFrom('F32', 'I64', 'BOOL'),
    symbols: fc.array(fc.constantFrom('batch', 'n', null, '__proto__'), { maxLength: 4 }),
  },
  { requiredKeys: ['shape'] },
);

const arbName = fc.constantFrom('', 'v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'gone', '__proto__');
const arbPath = fc.array(fc.constantFrom('p', 'q', 'l/body'), { minLength: 1, maxLength: 3 });
const arbNode = (dialect: Dialect): fc.Arbitrary<GraphNode> =>
  fc.record(
    {
      name: arbName,
      operator: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...OPERATORS[dialect]) },
        { weight: 1, arbitrary: fc.constantFrom('toString', '__proto__', 'constructor', '') },
      ),
      domain: fc.constantFrom('com.microsoft', '__proto__', 'ai.onnx'),
      inputs: fc.array(arbName, { maxLength: 6 }),
      outputs: fc.array(arbName, { maxLength: 4 }),
      attributes: fc.dictionary(fc.constantFrom(...ATTRIBUTES), arbAttribute, { maxKeys: 8 }),
      path: arbPath,
      bodies: fc.array(
        fc.record({
          role: fc.constantFrom('body', 'cond', 'then_branch', 'else_branch', 'body_subgraph'),
          path: arbPath,
          inputs: fc.array(arbName, { maxLength: 4 }),
          outputs: fc.array(arbName, { maxLength: 4 }),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['name', 'operator', 'inputs', 'outputs', 'attributes'] },
  );

describe.each(Object.keys(OPERATORS) as Dialect[])('%s graphs that make no sense', (dialect) => {
  test('have costs that are counts or unknown, and never raise', { timeout: 60_000 }, () =>
    fc.assert(
      fc.property(
        fc.array(arbNode(dialect), { maxLength: 12 }),
        fc.array(arbValue, { minLength: 6, maxLength: 6 }),
        fc.array(arbName, { maxLength: 3 }),
        (nodes, list, inputs) => {
          const values = new Map(list.map((value, i) => [`v${i}`, value]));
          const costs = operatorCosts({ nodes, values, inputs, outputs: [], dialect }, []);
          expect(costs).toHaveLength(nodes.length);
          for (const { macs, activations, unknown, outputShape, inputShapes } of costs) {
            for (const count of [macs, activations])
              expect(count === null || (Number.isSafeInteger(count) && count >= 0)).toBe(true);
            expect(unknown === undefined).toBe(macs !== null && activations !== null);
            for (const shape of [outputShape, ...inputShapes])
              expect(
                shape === null || shape.every((axis) => axis === null || (Number.isSafeInteger(axis) && axis >= 0)),
              ).toBe(true);
          }
        },
      ),
      { numRuns: 1500 },
    ),
  );
});

const chain = (count: number, operator: string, extra: (i: number) => Partial<GraphNode> = () => ({})): Graph => ({
  nodes: Array.from({ length: count }, (_, i) => ({
    name: `n${i}`,
    operator,
    inputs: [`v${i}`],
    outputs: [`v${i + 1}`],
    attributes: {},
    ...extra(i),
  })),
  values: new Map([['v0', { shape: [1, 8, 8, 8] }]]),
  inputs: ['v0'],
  outputs: [],
  dialect: 'onnx',
});

/** Processor time in milliseconds, of the faster of two runs: other work on the machine is not what is measured. */
function cost(graph: Graph): number {
  const runs = [0, 1].map(() => {
    const before = process.cpuUsage();
    operatorCosts(graph, []);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

describe('large graphs', () => {
  test('a chain of 100,000 operators takes below a second', () =>
    expect(cost(chain(100_000, 'Relu'))).toBeLessThan(1000));

  test('backwards too', () => {
    const graph = chain(100_000, 'Relu');
    expect(cost({ ...graph, nodes: [...graph.nodes].reverse() })).toBeLessThan(1000);
  });

  test('and a ring, and one that adds an axis each time', () => {
    expect(cost(chain(100_000, 'Relu', (i) => ({ outputs: [i === 99_999 ? 'v0' : `v${i + 1}`] })))).toBeLessThan(1000);
    expect(cost(chain(100_000, 'Unsqueeze', () => ({ attributes: { axes: [0] } })))).toBeLessThan(1000);
  });

  test('lists of sizes do not grow without end', () => {
    const doubling = chain(40, 'Concat', (i) => ({ inputs: [`v${i}`, `v${i}`], attributes: { axis: 0 } }));
    const values = new Map<string, GraphValue>([['v0', { shape: [2], constant: [1, 2] }]]);
    const costs = operatorCosts({ ...doubling, values }, []);
    expect(costs.at(-1)!.outputShape).toEqual([2 ** 41]);
  });

  test.each<[Dialect, string]>([
    ['onnx', 'Concat Sum Max Einsum Split Scan'],
    ['tflite', 'CONCATENATION PACK ADD_N UNPACK SPLIT SPLIT_V'],
    ['tensorflow', 'AddN Pack ConcatV2 Unpack Split'],
    ['keras', 'Add Concatenate'],
  ])(
    '%s operators with 150,000 inputs and outputs: %s',
    (dialect, operators) => {
      const inputs = Array.from({ length: 150_000 }, () => 'v0');
      const outputs = inputs.map((_, at) => `o:${at}`);
      for (const operator of operators.split(' ')) {
        const node: GraphNode = { name: 'n', operator, inputs, outputs, attributes: { axis: 0, equation: 'i->i' } };
        const values = new Map<string, GraphValue>([['v0', { shape: [4], constant: [1, 2, 3, 4] }]]);
        expect(operatorCosts({ nodes: [node], values, inputs: ['v0'], outputs: [], dialect }, [])).toHaveLength(1);
      }
    },
    30_000,
  );

  test('loops in loops, each of which changes a shape', () => {
    const depth = 60;
    const nodes: GraphNode[] = [];
    for (let i = depth - 1; i >= 0; i--) {
      const path = Array.from({ length: i }, (_, at) => `l${at}/body`);
      const inside = [...path, `l${i}/body`];
      nodes.push({
        name: `c${i}`,
        operator: 'Concat',
        inputs: [`s${i}`, `s${i}`],
        outputs: [`n${i}`],
        attributes: { axis: 0 },
        path: inside,
      });
      nodes.push({
        name: `l${i}`,
        operator: 'Loop',
        inputs: ['m', '', i === 0 ? 'x' : `s${i - 1}`],
        outputs: [`o${i}`],
        attributes: {},
        path,
        bodies: [{ role: 'body', path: inside, inputs: [`r${i}`, `g${i}`, `s${i}`], outputs: [`g${i}`, `n${i}`] }],
      });
    }
    const graph: Graph = {
      nodes,
      values: new Map([
        ['x', { shape: [1] }],
        ['m', { shape: [], constant: [2 ** 40] }],
      ]),
      inputs: ['x'],
      outputs: [],
      dialect: 'onnx',
    };
    expect(cost(graph)).toBeLessThan(1000);
    const costs = operatorCosts(graph, []);
    expect(costs.filter(({ macs }) => macs === null || macs === 0)).toHaveLength(nodes.length);
  });
});
