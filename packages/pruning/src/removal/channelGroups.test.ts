import type { Graph, GraphNode } from '@espalier/checkpoint';
import { expect, test } from 'vitest';
import { channelGroups } from './channelGroups.js';

/** A graph of `name: operator(inputs)`, and tensors by their shapes. */
function graphOf(nodes: readonly string[], shapes: Readonly<Record<string, readonly number[]>>, outputs: string[]) {
  const parsed = nodes.map((text): GraphNode => {
    const [, name, operator, inputs, attributes] = /^(\w+): (\w+)\(([^)]*)\) ?(.*)$/.exec(text)!;
    return {
      name: name!,
      operator: operator!,
      inputs: inputs!.split(', '),
      outputs: [name!],
      attributes: attributes === '' ? {} : JSON.parse(attributes!),
    };
  });
  const graph: Graph = { nodes: parsed, values: new Map(), inputs: ['x'], outputs, dialect: 'onnx' };
  return channelGroups(graph, { shape: (name) => shapes[name], numbers: () => undefined });
}

const members = ({ groups }: ReturnType<typeof graphOf>) =>
  groups.map(({ members }) => members.map(({ tensor, axis, part }) => `${tensor} ${axis} ${part}`));

test('a chain: the weight, its bias, and what reads it; the output stays', () =>
  expect(
    members(
      graphOf(['a: Conv(x, wa, ba)', 'r: Relu(a)', 'b: Conv(r, wb)'], { wa: [8, 3, 3, 3], ba: [8], wb: [4, 8, 1, 1] }, [
        'b',
      ]),
    ),
  ).toEqual([['wa 0 producer', 'ba 0 bias', 'wb 1 consumer']]));

test('an addition joins what is added, in whatever order', () => {
  const shapes = { wa: [8, 3, 3, 3], wb: [8, 8, 3, 3], wc: [8, 3, 1, 1], wd: [5, 8, 1, 1] };
  const found = graphOf(
    ['a: Conv(x, wa)', 'b: Conv(a, wb)', 'c: Conv(x, wc)', 's: Add(c, b)', 't: Add(a, s)', 'd: Conv(t, wd)'],
    shapes,
    ['d'],
  );
  expect(found.groups).toHaveLength(1);
  expect(
    found.groups[0]!.members.filter(({ part }) => part === 'producer')
      .map(({ tensor }) => tensor)
      .sort(),
  ).toEqual(['wa', 'wb', 'wc']);
  expect(
    found.groups[0]!.members.filter(({ part }) => part === 'consumer')
      .map(({ tensor }) => tensor)
      .sort(),
  ).toEqual(['wb', 'wd']);
});

test('a shared weight, an output, a subgraph and an unknown operator pin', () => {
  const shapes = { wa: [8, 3, 1, 1], wb: [8, 8, 1, 1], wc: [8, 8, 1, 1] };
  const nodes = ['a: Conv(x, wa)', 'b: Conv(a, wb)', 'c: Conv(b, wb)', 'd: Conv(c, wc)'];
  const shared = graphOf(nodes, shapes, ['d']);
  expect(shared.groups).toEqual([]);
  expect([...shared.leftAlone]).toEqual([
    ['wa', 'Conv reads its channels, and is not understood here'],
    ['wc', 'its channels are an output of the model'],
  ]);
  expect(graphOf(['a: Conv(x, wa)', 's: Softmax(a)', 'b: Conv(s, wb)'], shapes, ['b']).groups).toEqual([]);
  expect(graphOf(['a: Conv(x, wa)', 'b: Conv(a, wb)'], shapes, ['a', 'b']).groups).toEqual([]);
});

test('what is not 0 without scale and offset may not be left out', () => {
  const shapes = { wa: [8, 3, 1, 1], wb: [4, 8, 1, 1], one: [1] };
  const after = (operator: string) => graphOf(['a: Conv(x, wa)', `r: ${operator}`, 'b: Conv(r, wb)'], shapes, ['b']);
  expect(after('Tanh(a)').groups).toHaveLength(1);
  expect([...after('Sigmoid(a)').leftAlone.values()][0]).toBe(
    'what reaches wb of a channel without scale and offset is not 0',
  );
  expect(after('Add(a, one)').groups).toEqual([]);
  expect(after('Mul(a, one)').groups).toHaveLength(1);
});
