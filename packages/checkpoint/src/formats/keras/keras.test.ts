import { memorySource } from '@espalier/tensor';
import { type Hdf5Writer, hdf5Bytes, type ReadLog } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { readValues } from '../../values/readValues.js';
import { kerasGraph, layersOf, toSnakeCase } from './config.js';
import { ownersByName } from './owners.js';
import { callsOf } from './references.js';

async function open(name: string, files: Record<string, Uint8Array>): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource(name, files[name]!, new Map(Object.entries(files))));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const valuesOf = async (checkpoint: Checkpoint): Promise<Record<string, number[]>> =>
  Object.fromEntries(
    await Promise.all(checkpoint.tensors.map(async (entry) => [entry.name, [...(await readValues(entry))]])),
  );

describe('HDF5 files of Keras', () => {
  test('lists of names that were split are put together, and give the order', async () => {
    const bytes = await hdf5Bytes((file) => {
      const weights = file.create_group('model_weights');
      weights.create_attribute('layer_names0', ['z', 'a']);
      weights.create_attribute('layer_names1', ['m']);
      for (const layer of ['a', 'm', 'z']) {
        const group = weights.create_group(layer);
        group.create_attribute('weight_names', [`${layer}/kernel:0`, `${layer}/bias:0`]);
        const inner = group.create_group(layer);
        inner.create_dataset({ name: 'bias:0', data: new Float32Array([1]) });
        inner.create_dataset({ name: 'kernel:0', data: new Float32Array([2, 3]), shape: [1, 2] });
      }
    });
    const checkpoint = await open('model.h5', { 'model.h5': bytes });
    expect(checkpoint.format).toBe('keras-h5');
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual([
      'z/z/kernel:0',
      'z/z/bias:0',
      'a/a/kernel:0',
      'a/a/bias:0',
      'm/m/kernel:0',
      'm/m/bias:0',
    ]);
  });

  test('variables are in the order of their numbers', async () => {
    const bytes = await hdf5Bytes((file) => {
      const group = file.create_group('optimizer').create_group('vars');
      for (let index = 0; index < 12; index++)
        group.create_dataset({ name: String(index), data: new Float32Array([index]) });
    });
    const { tensors, format } = await open('x.weights.h5', { 'x.weights.h5': bytes });
    expect(format).toBe('keras-weights');
    expect(tensors.map(({ name }) => name.split('/').at(-1))).toEqual(Array.from({ length: 12 }, (_, i) => String(i)));
    expect(new Set(tensors.map(({ roleHint }) => roleHint))).toEqual(new Set(['optimizer']));
  });

  test('a config that cannot be parsed is a finding, the weights stay', async () => {
    const bytes = await hdf5Bytes((file) => {
      file.create_attribute('model_config', '{"class_name": ');
      file.create_group('model_weights').create_dataset({ name: 'w', data: new Float32Array([5]) });
    });
    const checkpoint = await open('model.h5', { 'model.h5': bytes });
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/config-unreadable' }]);
    expect(await valuesOf(checkpoint)).toEqual({ w: [5] });
  });

  test('opening a large file reads little of it, reading a tensor reads that tensor', async () => {
    const bytes = await hdf5Bytes((file) => {
      for (let index = 0; index < 20; index++)
        file.create_dataset({ name: `w${index}`, data: new Float32Array(100_000).fill(index) });
    });
    const log: ReadLog = { reads: 0, bytes: 0 };
    const source = memorySource('model.h5', bytes);
    const counted = {
      ...source,
      read: (begin: number, length: number) => {
        log.bytes += length;
        return source.read(begin, length);
      },
    };
    const opened = await openCheckpoint(counted);
    if (!opened.ok) throw new Error(opened.fault.message);
    expect(bytes.length).toBeGreaterThan(8_000_000);
    expect(log.bytes).toBeLessThan(600_000);
    log.bytes = 0;
    expect((await readValues(opened.value.tensors.find(({ name }) => name === 'w7')!))[99_999]).toBe(7);
    expect(log.bytes).toBe(400_000);
  });
});

describe('weights of Keras 3 in several files', () => {
  const shard = (write: (file: Hdf5Writer) => void): Promise<Uint8Array> => hdf5Bytes(write);
  const layer = (file: Hdf5Writer, name: string, variable: string, value: number): void => {
    file
      .create_group('layers')
      .create_group(name)
      .create_group('vars')
      .create_dataset({ name: variable, data: new Float32Array([value]) });
  };

  test('a layer may be spread over two of them', async () => {
    const index = {
      metadata: { total_size: 8 },
      weight_map: {
        '/layers/dense/vars': ['m_00000.weights.h5', 'm_00001.weights.h5'],
        '/layers/dense_1/vars': 'm_00001.weights.h5',
      },
    };
    const files = {
      'm.weights.json': json(index),
      'm_00000.weights.h5': await shard((file) => layer(file, 'dense', '0', 1)),
      'm_00001.weights.h5': await shard((file) => layer(file, 'dense', '1', 2)),
    };
    const checkpoint = await open('m.weights.json', files);
    expect(await valuesOf(checkpoint)).toEqual({ 'layers/dense/vars/0': [1], 'layers/dense/vars/1': [2] });
    expect(checkpoint.files.map(({ name }) => name)).toEqual(Object.keys(files));
    expect(checkpoint.findings).toEqual([]);
  });

  test('a missing shard and one outside of the folder leave the rest', async () => {
    const index = { weight_map: { a: 'm_00000.weights.h5', b: 'gone.h5', c: '../m.h5' } };
    const files = {
      'm.weights.json': json(index),
      'm_00000.weights.h5': await shard((file) => layer(file, 'dense', '0', 1)),
    };
    const checkpoint = await open('m.weights.json', files);
    expect(checkpoint.findings.map(({ code }) => code)).toEqual(['checkpoint/shard-missing', 'path/outside-folder']);
    expect(await valuesOf(checkpoint)).toEqual({ 'layers/dense/vars/0': [1] });
  });
});

describe('configs', () => {
  const layer = (className: string, name: string, inbound: unknown, config: object = {}): object => ({
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: inbound,
  });

  test('calls of Keras 2 and Keras 3 read the same', () => {
    expect(
      callsOf([
        [
          ['a', 0, 0, {}],
          ['b', 1, 2, {}],
        ],
        [['a', 0, 0, {}]],
      ]),
    ).toEqual([
      [
        { layer: 'a', call: 0, tensor: 0 },
        { layer: 'b', call: 1, tensor: 2 },
      ],
      [{ layer: 'a', call: 0, tensor: 0 }],
    ]);
    const tensor = (history: unknown) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 4], dtype: 'float32', keras_history: history },
    });
    expect(callsOf([{ args: [[tensor(['a', 0, 0]), tensor(['b', 1, 2])]], kwargs: { mask: null } }])).toEqual([
      [
        { layer: 'a', call: 0, tensor: 0, shape: [null, 4] },
        { layer: 'b', call: 1, tensor: 2, shape: [null, 4] },
      ],
    ]);
    // An operator layer of Keras 2 has its other operand among the keywords.
    expect(
      callsOf([['a', 0, 0, { y: ['b', 0, 0], name: null }]])
        .flat()
        .map((output) => output.layer),
    ).toEqual(['a', 'b']);
  });

  test('a shared layer is one layer called twice, a nested model is its layers', () => {
    const inner = {
      name: 'inner',
      layers: [
        { class_name: 'InputLayer', config: { batch_input_shape: [null, 4] } },
        { class_name: 'Dense', config: { name: 'd', units: 3 } },
      ],
    };
    const model = {
      class_name: 'Functional',
      config: {
        name: 'm',
        input_layers: [
          ['x', 0, 0],
          ['y', 0, 0],
        ],
        output_layers: [['sum', 0, 0]],
        layers: [
          layer('InputLayer', 'x', [], { batch_input_shape: [null, 4] }),
          layer('InputLayer', 'y', [], { batch_input_shape: [null, 4] }),
          {
            class_name: 'Sequential',
            name: 'inner',
            config: inner,
            inbound_nodes: [[['x', 0, 0, {}]], [['y', 0, 0, {}]]],
          },
          layer('Add', 'sum', [
            [
              ['inner', 0, 0, {}],
              ['inner', 1, 0, {}],
            ],
          ]),
        ],
      },
    };
    const graph = kerasGraph(model, ({ name }) =>
      name === 'd' ? [{ tensor: 'd/kernel', shape: [4, 3], dtype: 'F32' }] : [],
    )!;
    expect(graph.inputs).toEqual(['x', 'y']);
    expect(graph.outputs).toEqual(['sum']);
    expect(graph.nodes.map((node) => [node.operator, node.inputs, node.outputs, node.path])).toEqual([
      ['Dense', ['x', 'd/kernel'], ['inner/d'], ['inner']],
      ['Dense', ['y', 'd/kernel'], ['inner:1/d'], ['inner:1']],
      ['Add', ['inner/d', 'inner:1/d'], ['sum'], undefined],
    ]);
    expect(graph.values.get('sum')?.shape).toEqual([null, 3]);
    expect(layersOf(model).map(({ name, place }) => [name, place])).toEqual([
      ['x', 'layers/input_layer'],
      ['y', 'layers/input_layer_1'],
      ['input_layer', 'layers/sequential/layers/input_layer'],
      ['d', 'layers/sequential/layers/dense'],
      ['sum', 'layers/add'],
    ]);
  });

  test('weights find their layer through enclosing models, wrappers and repeated names', () => {
    const model = {
      class_name: 'Sequential',
      config: {
        layers: [
          { class_name: 'Dense', config: { name: 'a' } },
          { class_name: 'Bidirectional', config: { name: 'both' } },
          { class_name: 'Dense', config: { name: 'scope/b' } },
        ],
      },
    };
    const ownerOf = ownersByName(layersOf(model));
    const found = (name: string) => {
      const owner = ownerOf(name);
      return owner === null ? null : [owner.layer.name, ...owner.names];
    };
    expect(found('a/kernel')).toEqual(['a', 'kernel']);
    expect(found('a/a/kernel')).toEqual(['a', 'kernel']);
    expect(found('model/a/kernel')).toEqual(['a', 'kernel']);
    expect(found('both/forward_lstm/lstm_cell/kernel')).toEqual(['both', 'forward_lstm', 'lstm_cell', 'kernel']);
    expect(found('scope/b/kernel')).toEqual(['scope/b', 'kernel']);
    expect(found('other/kernel')).toBeNull();
    expect(found('kernel')).toBeNull();
  });

  /** keras.src.utils.naming.to_snake_case of Keras 3.15. */
  test.each([
    ['Conv2D', 'conv2d'],
    ['MultiHeadAttention', 'multi_head_attention'],
    ['LSTM', 'lstm'],
    ['BatchNormalization', 'batch_normalization'],
    ['SeparableConv1D', 'separable_conv1d'],
    ['PReLU', 'p_re_lu'],
    ['GRUCell', 'gru_cell'],
    ['RMSNormalization', 'rms_normalization'],
  ])('%s is saved as %s', (name, snake) => expect(toSnakeCase(name)).toBe(snake));
});
