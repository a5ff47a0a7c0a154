import { describe, expect, test } from 'vitest';
import { buildGraph } from './graph.js';
import type { FunctionDef, GraphDef, NodeDef } from './nodeDef.js';

/** `name = Op(input, input)`, with `f=function` among the inputs for a function that it names. */
function nodes(...lines: string[]): NodeDef[] {
  return lines.map((line) => {
    const [, name, op, rest] = /^(\S+) = (\w+)\((.*)\)$/.exec(line)!;
    const parts = rest === '' ? [] : rest!.split(', ');
    return {
      name: name!,
      op: op!,
      inputs: parts.filter((part) => !part.includes('=')),
      attributes: {},
      functions: new Map(parts.flatMap((part) => (part.includes('=') ? [part.split('=') as [string, string]] : []))),
      outputShapes: [],
    };
  });
}

const body = (name: string, args: string[], results: string[], ...lines: string[]): [string, FunctionDef] => [
  name,
  { name, arguments: args, results, nodes: nodes(...lines) },
];

function built(def: GraphDef, outputs: string[], tensors: string[] = ['w', 'b']): string[] {
  const graph = buildGraph(def, {
    tensors: new Map(tensors.map((name) => [name, { shape: [2, 2], dtype: 'F32' }])),
    tensorOf: (node) =>
      node.op === 'Const' || node.op === 'VarHandleOp'
        ? tensors.includes(node.name)
          ? node.name
          : undefined
        : undefined,
    inputs: [],
    outputs,
  });
  for (const node of graph.nodes)
    for (const value of [...node.inputs, ...node.outputs]) expect(graph.values.has(value)).toBe(true);
  return graph.nodes.map(
    (node) =>
      `${node.outputs.join(', ')} = ${node.operator}(${node.inputs.join(', ')})${node.path === undefined ? '' : ` in ${node.path.join(' > ')}`}`,
  );
}

const plain = (...lines: string[]): GraphDef => ({ nodes: nodes(...lines), functions: new Map() });

describe('graphs become nodes in order', () => {
  test('weights are named by their tensors, whatever passes them on', () => {
    const def = plain(
      'x = Placeholder()',
      'y = MatMul(x, r)',
      'w = Const()',
      'i = Identity(w)',
      'r = ReadVariableOp(i:0)',
    );
    expect(built(def, ['y:0'])).toEqual(['x = Placeholder()', 'y = MatMul(x, w)']);
  });

  test('what does not lead to an output is left out; without outputs everything stays', () => {
    const def = plain('x = Placeholder()', 'a = Relu(x)', 'b = Neg(x)');
    expect(built(def, ['a'], [])).toEqual(['x = Placeholder()', 'a = Relu(x)']);
    expect(built(def, [], [])).toEqual(['x = Placeholder()', 'a = Relu(x)', 'b = Neg(x)']);
  });

  test('several outputs are told apart', () => {
    const def = plain('x = Placeholder()', 's = Split(x)', 'y = Add(s:1, s)');
    expect(built(def, ['y'])).toEqual([
      'x = Placeholder()',
      's, s:1 = Split(x)',
      'y = Add(s, s:1)'.replace('s, s:1', 's:1, s'),
    ]);
  });

  test('calls are replaced by what they call, weights handed through them', () => {
    const def: GraphDef = {
      nodes: nodes('x = Placeholder()', 'w = VarHandleOp()', 'c = StatefulPartitionedCall(x, w, f=outer)'),
      functions: new Map([
        body('outer', ['a', 'v'], ['inner:output:0'], 'inner = PartitionedCall(a, v, f=dense)'),
        body(
          'dense',
          ['a', 'v'],
          ['i:output:0'],
          'r = ReadVariableOp(v)',
          'm = MatMul(a, r:value:0)',
          'i = Identity(m:product:0)',
        ),
      ]),
    };
    expect(built(def, ['c:0'])).toEqual([
      'x = Placeholder()',
      'c/inner/m:product:0 = MatMul(x, w) in c > inner',
      'c/inner/i:output:0 = Identity(c/inner/m:product:0) in c > inner',
    ]);
  });

  test('loops keep their node, and their bodies follow', () => {
    const def: GraphDef = {
      nodes: nodes('x = Placeholder()', 'w = Const()', 'l = While(x, w, body=step, cond=test)'),
      functions: new Map([
        body('step', ['a', 'v'], ['m:product:0', 'v'], 'm = MatMul(a, v)'),
        body('test', ['a', 'v'], ['e:z:0'], 'e = Less(a, a)'),
      ]),
    };
    expect(built(def, ['l:0'])).toEqual([
      'x = Placeholder()',
      'l = While(x, w)',
      'l/step/m:product:0 = MatMul(x, w) in l/step',
      'l/test/e:z:0 = Less(x, x) in l/test',
    ]);
  });

  test('cycles and functions that call themselves end', () => {
    expect(built(plain('a = Add(b, b)', 'b = NextIteration(a)'), ['a'])).toHaveLength(2);
    const recursive: GraphDef = {
      nodes: nodes('c = PartitionedCall(c, f=f)'),
      functions: new Map([body('f', ['a'], ['d:0'], 'd = PartitionedCall(a, f=f)')]),
    };
    expect(built(recursive, ['c']).length).toBeLessThan(5);
    expect(built(plain('i = Identity(j)', 'j = Identity(i)'), ['i'])).toHaveLength(2);
  });

  test('a chain of many calls, and functions that multiply, stay bounded', () => {
    const chain = Array.from(
      { length: 3000 },
      (_, i) => `c${i} = PartitionedCall(${i === 0 ? 'x' : `c${i - 1}`}, f=f)`,
    );
    const def: GraphDef = {
      nodes: nodes('x = Placeholder()', ...chain),
      functions: new Map([body('f', ['a'], ['r:0'], 'r = Relu(a)')]),
    };
    expect(built(def, ['c2999']).length).toBeGreaterThan(100);
    const doubling = Array.from({ length: 40 }, (_, i) =>
      body(
        `f${i}`,
        ['a'],
        ['y:0'],
        ...(i === 39
          ? ['y = Relu(a)']
          : [`p = PartitionedCall(a, f=f${i + 1})`, `q = PartitionedCall(a, f=f${i + 1})`, 'y = Add(p, q)']),
      ),
    );
    const began = performance.now();
    const many = built(
      { nodes: nodes('x = Placeholder()', 'c = PartitionedCall(x, f=f0)'), functions: new Map(doubling) },
      ['c'],
    );
    expect(many.length).toBeLessThan(30_000);
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 30_000);
});
