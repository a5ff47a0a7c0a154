import type { Graph, GraphNode } from '@espalier/checkpoint';
import { expect, test } from 'vitest';
import { channelGroups } from './channelGroups.js';

/** A graph of `name: operator(inputs)`, and tensors by their shapes. */
function graphOf(
  nodes: readonly string[],
  shapes: Readonly<Record<string, readonly number[]>>,
  outputs: string[],
  numbers: Readonly<Record<string, readonly number[]>> = {},
) {
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
  return channelGroups(graph, { shape: (name) => shapes[name], numbers: (name) => numbers[name] });
}

const members = ({ groups }: ReturnType<typeof graphOf>) =>
  groups.map(({ members }) => members.map(({ tensor, axis, part }) => `${tensor} ${axis} ${part}`));

const placesOf = ({ groups }: ReturnType<typeof graphOf>) =>
  groups.map(({ members }) => members.map(({ tensor, axis, offset, width }) => `${tensor} ${axis} ${offset}+${width}`));

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
  expect(graphOf(['a: Conv(x, wa)', 's: LayerNormalization(a)', 'b: Conv(s, wb)'], shapes, ['b']).groups).toEqual([]);
  expect(graphOf(['a: Conv(x, wa)', 'b: Conv(a, wb)'], shapes, ['a', 'b']).groups).toEqual([]);
});

test('channels side by side have places of their own in what reads them', () =>
  expect(
    placesOf(
      graphOf(
        ['a: Conv(x, wa)', 'b: Conv(x, wb)', 'c: Concat(a, b) {"axis":1}', 'd: Conv(c, wd)'],
        { wa: [8, 3, 1, 1], wb: [4, 3, 1, 1], wd: [5, 12, 1, 1] },
        ['d'],
      ),
    ),
  ).toEqual([
    ['wa 0 0+8', 'wd 1 0+8'],
    ['wb 0 0+4', 'wd 1 8+4'],
  ]));

test('a split cuts what it reads, and parts that are added again go together', () => {
  const nodes = ['a: Conv(x, wa)', 's: Slice(a, zero, four, one)', 't: Slice(a, four, eight, one)'];
  const numbers = { zero: [0], four: [4], eight: [8], one: [1] };
  const shapes = { wa: [8, 3, 1, 1], wb: [5, 4, 1, 1], wc: [5, 4, 1, 1] };
  const apart = graphOf([...nodes, 'b: Conv(s, wb)', 'c: Conv(t, wc)', 'e: Add(b, c)'], shapes, ['e'], numbers);
  expect(placesOf(apart)).toEqual([
    ['wa 0 0+4', 'wb 1 0+4'],
    ['wa 0 4+4', 'wc 1 0+4'],
  ]);
  expect(apart.extents.map(({ at, segments }) => [at.kind === 'input' && at.tensor, segments.length])).toEqual([
    ['zero', 0],
    ['four', 1],
    ['four', 1],
    ['eight', 2],
  ]);
  const together = graphOf([...nodes, 'e: Add(s, t)', 'b: Conv(e, wb)'], shapes, ['b'], numbers);
  expect(placesOf(together)).toEqual([['wa 0 0+4', 'wa 0 4+4', 'wb 1 0+4']]);
});

test('groups of a convolution go whole, with what they read and make', () => {
  const found = graphOf(
    ['a: Conv(x, wa)', 'g: Conv(a, wg) {"group":4}', 'b: Conv(g, wb)'],
    { wa: [8, 3, 1, 1], wg: [16, 2, 3, 3], wb: [5, 16, 1, 1] },
    ['b'],
  );
  expect(found.groups.map(({ channels }) => channels)).toEqual([4]);
  expect(placesOf(found)[0]!.sort()).toEqual(['wa 0 0+8', 'wb 1 0+16', 'wg 0 0+16']);
});

test('heads of attention go whole: queries, keys, values, and what reads them', () => {
  const head = (name: string) => [
    `${name}: MatMul(n, w${name})`,
    `${name}h: Reshape(${name}, heads${name})`,
    `${name}t: Transpose(${name}h) {"perm":${name === 'k' ? '[0,2,3,1]' : '[0,2,1,3]'}}`,
  ];
  const nodes = [
    ...['q', 'k', 'v'].flatMap(head),
    'p: MatMul(qt, kt)',
    's: Div(p, root)',
    'm: Softmax(s) {"axis":-1}',
    'o: MatMul(m, vt)',
    'u: Transpose(o) {"perm":[0,2,1,3]}',
    'r: Reshape(u, flat)',
    'e: MatMul(r, we)',
  ];
  const shapes = { n: [1, 5, 12], wq: [12, 12], wk: [12, 12], wv: [12, 12], we: [12, 12], root: [] };
  const heads = [0, 0, 3, 4];
  const numbers = { headsq: heads, headsk: heads, headsv: heads, flat: [0, 0, 12] };
  const found = graphOf(nodes, shapes, ['e'], numbers);
  expect(found.groups.map(({ channels }) => channels)).toEqual([3]);
  expect(placesOf(found)[0]).toEqual(['wq 1 0+12', 'wk 1 0+12', 'wv 1 0+12', 'we 0 0+12']);
  expect(found.extents.map(({ at, index }) => [at.node, index])).toEqual([
    ['qh', 2],
    ['kh', 2],
    ['vh', 2],
    ['r', 2],
  ]);
});
