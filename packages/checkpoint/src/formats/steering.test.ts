import { fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { Graph, GraphNode } from '../graph.js';
import { openCheckpoint } from '../open.js';
import { steeringValues } from './steering.js';

async function graphOf(fixture: string): Promise<Graph> {
  const opened = await openCheckpoint(await fileSource(fixturePath(`checkpoints/${fixture}`)));
  if (!opened.ok) throw new Error(opened.fault.message);
  await opened.value.close();
  return opened.value.graph!;
}

describe('a graph knows', () => {
  test.each([
    ['onnx/cnn.onnx', 'onnx'],
    ['tflite/float.tflite', 'tflite'],
    ['tfjs/graph-model/model.json', 'tensorflow'],
    ['tfjs/layers-model/model.json', 'keras'],
    ['tensorflow/frozen.pb', 'tensorflow'],
    ['keras/small.keras', 'keras'],
  ])('whose operators it has: %s', async (fixture, dialect) => expect((await graphOf(fixture)).dialect).toBe(dialect));

  test('the names of open axes', async () => {
    const graph = await graphOf('onnx/cnn.onnx');
    const { shape, symbols } = graph.values.get(graph.inputs[0]!)!;
    expect(shape![0]).toBeNull();
    expect(symbols).toEqual([expect.any(String), null, null, null]);
  });

  test('the graphs that an operator runs, by their inputs and outputs', async () => {
    const graph = await graphOf('onnx/subgraphs.onnx');
    const bodies = new Map(graph.nodes.map(({ name, bodies: run }) => [name, run]));
    expect(bodies.get('loop')).toEqual([
      {
        role: 'body',
        path: ['loop/body'],
        inputs: ['loop/body/i', 'loop/body/go', 'loop/body/state'],
        outputs: ['loop/body/go_on', 'loop/body/next'],
      },
    ]);
    expect(
      bodies
        .get('branch')!
        .map(({ role }) => role)
        .sort(),
    ).toEqual(['else_branch', 'then_branch']);
    for (const { path = [] } of graph.nodes)
      if (path.length > 0)
        expect(graph.nodes.some(({ bodies: run }) => run?.some((body) => body.path.join() === path.join()))).toBe(true);
  });

  test('the branches of TFLite by the values that they take', async () => {
    const graph = await graphOf('tflite/branches.tflite');
    const [run] = graph.nodes.filter(({ bodies }) => bodies !== undefined);
    expect(run!.bodies!.map(({ role }) => role)).toEqual(['then_subgraph', 'else_subgraph']);
    for (const { path, inputs, outputs } of run!.bodies!) {
      expect(graph.nodes.some((node) => node.path?.join() === path.join())).toBe(true);
      for (const value of [...inputs, ...outputs]) expect(graph.values.has(value)).toBe(true);
    }
  });

  test('the constants that decide shapes, and no others', async () => {
    const graph = await graphOf('onnx/torch-export.onnx');
    const known = [...graph.values].filter(([, { constant }]) => constant !== undefined);
    expect(known.length).toBeGreaterThan(0);
    for (const [name, { shape, constant }] of known) {
      expect(constant).toHaveLength(shape!.reduce<number>((product, length) => product * length!, 1));
      expect(graph.nodes.some(({ operator, inputs }) => inputs.includes(name) && operator !== 'Conv')).toBe(true);
    }
    expect(known.map(([name]) => name).filter((name) => /weight|bias/.test(name))).toEqual([]);
  });
});

test('values are followed through what computes with sizes, once each, and through the bodies that make them', () => {
  const node = (outputs: string[], operator: string, inputs: string[], more: Partial<GraphNode> = {}): GraphNode => ({
    name: outputs[0]!,
    operator,
    inputs,
    outputs,
    attributes: {},
    ...more,
  });
  const nodes = [
    node(['s'], 'Concat', ['a', 'b', 's']),
    node(['b'], 'Other', ['c']),
    node(['y'], 'Reshape', ['x', 's']),
    node(['z'], 'Reshape', ['x', 'f']),
    node(['f'], 'If', ['flag'], { bodies: [{ role: 'then_branch', path: ['f'], inputs: [], outputs: ['t'] }] }),
  ];
  const graph: Graph = { nodes, values: new Map(), inputs: [], outputs: [] };
  const steering = {
    inputs: ({ operator }: GraphNode) => (operator === 'Reshape' ? [-1] : []),
    folds: new Set(['Concat']),
  };
  expect([...steeringValues(graph, steering)].sort()).toEqual(['a', 't']);
});
