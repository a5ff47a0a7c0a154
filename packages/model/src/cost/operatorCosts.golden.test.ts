import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, type Graph, openCheckpoint } from '@espalier/checkpoint';
import { memorySource } from '@espalier/tensor';
import { fileSource, fixturePath, fixturesFolder } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { toHeads } from '../heads.js';
import type { OperatorCost } from '../operatorCost.js';
import { operatorCosts } from './operatorCosts.js';

/** Shapes as the runtimes find them, multiply-accumulates as other tools count them: generate/operator_costs*.py. */
const golden = JSON.parse(readFileSync(fixturePath('golden/operator-costs.json'), 'utf8')) as {
  models: {
    file: string;
    operators: number;
    activations: number;
    macs: Record<string, number>;
    shapes: string;
    inputs?: Record<string, number[]>;
    nodes?: string[];
    only?: 'weighted';
  }[];
  /** One for each layer of layer-shapes.json: multiply-accumulates, then weights; `?` where the size of the input is open. */
  keras: string[];
  tensorflow: number[];
};
const layerShapes = JSON.parse(readFileSync(fixturePath('golden/layer-shapes.json'), 'utf8')) as {
  keras: { layer: { class_name: string; config: Record<string, unknown> }; inputs: (number | null)[][] }[];
  tensorflow: {
    node: { op: string; attr: Record<string, unknown> };
    inputs: (number | null)[][];
    constants: Record<string, number[]>;
    outputs: (number | null)[][];
  }[];
};

const pathOf = (file: string): string =>
  file.startsWith('node_modules/') ? join(fixturesFolder, '..', file) : fixturePath(file);
const present = golden.models.filter(({ file }) => existsSync(pathOf(file)));
const elementsOf = (shape: OperatorCost['outputShape']): number =>
  shape!.reduce<number>((product, length) => product * length!, 1);
const textOf = ({ operator, outputShape }: OperatorCost): string => `${operator} ${outputShape?.join('x') ?? '?'}`;

test('there are models of every kind', () => {
  expect(golden.models.length).toBeGreaterThan(25);
  expect(present.filter(({ file }) => file.startsWith('checkpoints')).length).toBeGreaterThan(15);
});

describe.each(present)('$file', (model) => {
  test('has the shapes and costs that other tools find', async () => {
    const opened = await openCheckpoint(await fileSource(pathOf(model.file)));
    if (!opened.ok) throw new Error(opened.fault.message);
    const costs = costsOf(opened.value, model.inputs ?? {}).filter(
      ({ inTotal, macs }) => inTotal !== false && (model.only !== 'weighted' || macs !== 0),
    );
    if (model.nodes !== undefined) expect(costs.map((cost) => `${textOf(cost)} ${cost.macs}`)).toEqual(model.nodes);
    expect(costs).toHaveLength(model.operators);
    expect(costs.filter(({ unknown }) => unknown !== undefined)).toEqual([]);
    expect(createHash('sha256').update(costs.map(textOf).join('\n')).digest('hex')).toBe(model.shapes);
    expect(costs.reduce((sum, { outputShape }) => sum + elementsOf(outputShape), 0)).toBe(model.activations);
    const macs: Record<string, number> = {};
    for (const cost of costs) if (cost.macs !== 0) macs[cost.operator] = (macs[cost.operator] ?? 0) + cost.macs!;
    expect(macs).toEqual(model.macs);
    await opened.value.close();
  });
});

/** With the inputs that the truth was found for; `sr`, the sampling rate of silero_vad, chooses a branch. */
function costsOf(checkpoint: Checkpoint, inputs: Readonly<Record<string, readonly number[]>>): OperatorCost[] {
  const graph = checkpoint.graph!;
  const values = new Map(graph.values);
  for (const [name, shape] of Object.entries(inputs))
    values.set(name, { ...values.get(name), shape, ...(name === 'sr' ? { constant: [16_000] } : {}) });
  return operatorCosts({ ...graph, values } satisfies Graph, toHeads(checkpoint));
}

/** A model of one layer, as TensorFlow.js keeps it. */
async function costOfLayer(
  layer: { class_name: string; config: Record<string, unknown> },
  inputs: (number | null)[][],
  weights: readonly string[],
): Promise<OperatorCost> {
  const named = { ...layer.config, name: 'layer' };
  const sources = inputs.map((_, at) => [`input_${at}`, 0, 0, {}]);
  const layers = [
    ...inputs.map((shape, at) => ({
      class_name: 'InputLayer',
      name: `input_${at}`,
      config: { name: `input_${at}`, batch_input_shape: shape },
      inbound_nodes: [],
    })),
    { class_name: layer.class_name, name: 'layer', config: named, inbound_nodes: [sources] },
  ];
  const config = {
    layers,
    input_layers: sources.map((source) => source.slice(0, 3)),
    output_layers: [['layer', 0, 0]],
  };
  const manifest = weights.map((weight, at) => {
    const [name, shape] = weight.split(':') as [string, string];
    return { name: `layer/part_${at}/${name}`, shape: shape.split('x').map(Number), dtype: 'float32' };
  });
  return only({
    format: 'layers-model',
    modelTopology: { model_config: { class_name: 'Functional', config } },
    weightsManifest: [{ paths: ['w'], weights: manifest }],
  });
}

async function only(json: object): Promise<OperatorCost> {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  const shard = new Uint8Array(100_000);
  const folder = new Map([['model.json', bytes], ...shards(json, shard)]);
  const opened = await openCheckpoint(memorySource('model.json', bytes, folder));
  if (!opened.ok) throw new Error(opened.fault.message);
  const costs = operatorCosts(opened.value.graph!, toHeads(opened.value));
  return costs.at(-1)!;
}

const shards = (json: object, zeros: Uint8Array): [string, Uint8Array][] =>
  Object.entries((json as { shards?: Record<string, Uint8Array> }).shards ?? { w: zeros });

const known = golden.keras.flatMap((text, at) => {
  const [macs, ...weights] = text.split(' ') as [string, ...string[]];
  const { layer, inputs } = layerShapes.keras[at]!;
  return macs === 'None' ? [] : [{ name: `${at} ${layer.class_name}`, layer, inputs, macs, weights }];
});

describe('layers of Keras cost what TensorFlow counts', () => {
  test('nearly all are known', () => expect(known.length).toBeGreaterThan(layerShapes.keras.length - 10));

  test.each(known)('$name', async ({ layer, inputs, macs, weights }) => {
    const cost = await costOfLayer(layer, inputs, weights);
    expect(cost.operator).toBe(layer.class_name);
    if (macs !== '?') expect([cost.macs, cost.unknown]).toEqual([Number(macs), undefined]);
    else expect([cost.activations, cost.unknown]).toEqual([null, 'shape']);
  });
});

describe('operators of TensorFlow cost what its profiler counts', () => {
  const cases = layerShapes.tensorflow.map((entry, at) => ({
    name: `${at} ${entry.node.op}`,
    ...entry,
    macs: golden.tensorflow[at]!,
  }));

  test.each(cases)('$name', async ({ node, inputs, constants, outputs, macs }) => {
    const weights = Object.entries(constants).map(([at, values]) => ({
      name: `i${at}`,
      shape: inputs[Number(at)]!,
      dtype: 'int32',
      values,
    }));
    const cost = await only({
      format: 'graph-model',
      modelTopology: {
        node: [
          ...inputs.map((shape, at) =>
            constants[at] === undefined
              ? { name: `i${at}`, op: 'Placeholder', attr: { shape: { shape: { dim: shape.map(dimension) } } } }
              : { name: `i${at}`, op: 'Const', attr: {} },
          ),
          { name: 'n', op: node.op, input: inputs.map((_, at) => `i${at}`), attr: node.attr },
        ],
        library: {},
      },
      weightsManifest: [{ paths: ['w'], weights: weights.map(({ values: _, ...spec }) => spec) }],
      shards: { w: new Uint8Array(Int32Array.from(weights.flatMap(({ values }) => values)).buffer) },
    });
    // Identity is looked through where it hands on a constant.
    if (node.op === 'Identity') return;
    expect(cost.operator).toBe(node.op);
    if (node.op === 'L2Loss') return;
    const expected = outputs[0]!.map((axis) => axis ?? 1);
    if (inputs.every((shape) => !shape.slice(1).includes(null))) expect(cost.outputShape).toEqual(expected);
    expect(cost.macs).toBe(macs);
  });
});

const dimension = (axis: number | null): { size: string } => ({ size: String(axis ?? -1) });
