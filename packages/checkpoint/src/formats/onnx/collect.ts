import type { GraphBody } from '../../graph.js';
import type { UniqueNames } from '../../names.js';
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxList,
  OnnxModel,
  OnnxNode,
  OnnxSparse,
  OnnxTensor,
  OnnxValue,
} from './proto.js';

/** A tensor of the file with the name that it has in the checkpoint. */
export interface FoundTensor {
  readonly name: string;
  readonly origin: 'initializer' | 'constant' | 'attribute';
  readonly offset: number;
  readonly content:
    | { readonly kind: 'tensor'; readonly tensor: OnnxTensor }
    | { readonly kind: 'sparse'; readonly sparse: OnnxSparse }
    | { readonly kind: 'list'; readonly list: OnnxList; readonly dtype: 'F32' | 'I64'; readonly scalar: boolean }
    | { readonly kind: 'text'; readonly elements: number; readonly bytes: number; readonly scalar: boolean };
}

/** A node whose inputs and outputs bear names that are unique in the whole model. */
export interface FoundNode {
  readonly node: OnnxNode;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly path: readonly string[];
  readonly bodies: readonly GraphBody[];
}

export interface Collected {
  /** In file order. */
  readonly tensors: readonly FoundTensor[];
  readonly nodes: readonly FoundNode[];
  readonly values: ReadonlyMap<string, OnnxValue>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Value names of a graph and of the graphs around it, as ONNX resolves them: the innermost wins. */
interface Scope {
  readonly names: Map<string, string>;
  readonly outer: Scope | null;
}

/** Constant tensors in other attributes (a fill value, a lookup table) are listed from this size on. */
const MIN_ATTRIBUTE_ELEMENTS = 64;

/**
 * Walks the main graph, every subgraph, the training graphs and the local functions. What lies in a subgraph is named by the way
 * to it: `If_0/then_branch/W`.
 */
export function collect(model: OnnxModel, names: UniqueNames): Collected {
  const walker = new Walker(names);
  if (model.graph !== null) {
    walker.graph(model.graph, '', [], null);
    const weights = new Set(walker.tensors.map(({ name }) => name));
    walker.inputs.push(...model.graph.inputs.map(({ name }) => name).filter((name) => !weights.has(name)));
    walker.outputs.push(...model.graph.outputs.map(({ name }) => name));
  }
  for (const [index, { initialization, algorithm }] of model.training.entries()) {
    const prefix = model.training.length === 1 ? 'training' : `training_${index}`;
    const outer = walker.mainScope;
    if (initialization !== null)
      walker.graph(initialization, `${prefix}/initialization/`, [`${prefix}/initialization`], outer);
    if (algorithm !== null) walker.graph(algorithm, `${prefix}/algorithm/`, [`${prefix}/algorithm`], outer);
  }
  for (const found of model.functions) {
    const { name, nodes, inputs } = found;
    const values = inputs.map((input): OnnxValue => ({ name: input, elementType: 0, shape: null }));
    const body: OnnxGraph = { name, nodes, initializers: [], sparse: [], inputs: values, outputs: [], values: [] };
    walker.graph(body, `${name}/`, [name], null);
  }
  walker.tensors.sort((a, b) => a.offset - b.offset);
  return walker;
}

class Walker implements Collected {
  readonly tensors: FoundTensor[] = [];
  readonly nodes: FoundNode[] = [];
  readonly values = new Map<string, OnnxValue>();
  readonly inputs: string[] = [];
  readonly outputs: string[] = [];
  mainScope: Scope | null = null;

  constructor(private readonly uniqueNames: UniqueNames) {}

  /** Returns its inputs and outputs by their unique names. */
  graph(
    graph: OnnxGraph,
    prefix: string,
    path: readonly string[],
    outer: Scope | null,
  ): Pick<GraphBody, 'inputs' | 'outputs'> {
    const scope: Scope = { names: new Map(), outer };
    if (prefix === '') this.mainScope = scope;
    for (const [index, tensor] of graph.initializers.entries()) {
      this.tensor(scope, prefix, tensor.name || `initializer_${index}`, 'initializer', tensor.offset, {
        kind: 'tensor',
        tensor,
      });
    }
    for (const [index, sparse] of graph.sparse.entries()) {
      const name = sparse.values?.name || `sparse_initializer_${index}`;
      this.tensor(scope, prefix, name, 'initializer', sparse.offset, { kind: 'sparse', sparse });
    }
    for (const value of [...graph.inputs, ...graph.outputs, ...graph.values]) {
      const name = `${prefix}${value.name}`;
      if (!this.values.has(name)) this.values.set(name, value);
    }
    for (const input of graph.inputs)
      if (!scope.names.has(input.name)) scope.names.set(input.name, `${prefix}${input.name}`);
    for (const [index, node] of graph.nodes.entries()) this.node(node, index, prefix, path, scope);
    return {
      inputs: graph.inputs.map(({ name }) => `${prefix}${name}`),
      outputs: graph.outputs.map(({ name }) => resolve(scope, name, prefix)),
    };
  }

  private node(node: OnnxNode, index: number, prefix: string, path: readonly string[], scope: Scope): void {
    const name = node.name || node.outputs.find((output) => output !== '') || `${node.operator}_${index}`;
    if (node.operator === 'Constant' && (node.domain === '' || node.domain === 'ai.onnx')) {
      this.constant(node, name, prefix, scope);
      return;
    }
    const inputs = node.inputs.map((input) => (input === '' ? '' : resolve(scope, input, prefix)));
    const bodies = node.attributes.flatMap((attribute) => this.attribute(attribute, name, prefix, path, scope));
    const outputs = node.outputs.map((output) => (output === '' ? '' : `${prefix}${output}`));
    for (const output of node.outputs) scope.names.set(output, `${prefix}${output}`);
    this.nodes.push({ node, name: `${prefix}${name}`, inputs, outputs, path, bodies });
  }

  private attribute(
    attribute: OnnxAttribute,
    node: string,
    prefix: string,
    path: readonly string[],
    scope: Scope,
  ): GraphBody[] {
    const bodies: GraphBody[] = [];
    for (const [index, graph] of attribute.graphs.entries()) {
      const branch = attribute.graphs.length === 1 ? attribute.name : `${attribute.name}_${index}`;
      const inner = [...path, `${node}/${branch}`];
      bodies.push({ role: branch, path: inner, ...this.graph(graph, `${prefix}${node}/${branch}/`, inner, scope) });
    }
    const tensors = attribute.tensor === undefined ? attribute.tensors : [attribute.tensor, ...attribute.tensors];
    for (const [index, tensor] of tensors.entries()) {
      if (tensor.dims.reduce((product, length) => product * length, 1) < MIN_ATTRIBUTE_ELEMENTS) continue;
      const name = `${prefix}${node}/${attribute.name}${tensors.length === 1 ? '' : `_${index}`}`;
      this.tensors.push({
        name: this.uniqueNames.take(name),
        origin: 'attribute',
        offset: tensor.offset,
        content: { kind: 'tensor', tensor },
      });
    }
    return bodies;
  }

  private constant(node: OnnxNode, name: string, prefix: string, scope: Scope): void {
    const output = node.outputs[0] || name;
    for (const attribute of node.attributes) {
      const content = constantContent(attribute);
      if (content !== null) this.tensor(scope, prefix, output, 'constant', attribute.offset, content);
    }
  }

  private tensor(
    scope: Scope,
    prefix: string,
    name: string,
    origin: FoundTensor['origin'],
    offset: number,
    content: FoundTensor['content'],
  ): void {
    const unique = this.uniqueNames.take(`${prefix}${name}`);
    if (!scope.names.has(name)) scope.names.set(name, unique);
    this.tensors.push({ name: unique, origin, offset, content });
  }
}

function constantContent(attribute: OnnxAttribute): FoundTensor['content'] | null {
  switch (attribute.name) {
    case 'value':
      return attribute.tensor === undefined ? null : { kind: 'tensor', tensor: attribute.tensor };
    case 'sparse_value':
      return attribute.sparse === undefined ? null : { kind: 'sparse', sparse: attribute.sparse };
    case 'value_float':
      return { kind: 'list', list: { pieces: [], loose: [attribute.float ?? 0] }, dtype: 'F32', scalar: true };
    case 'value_int':
      return { kind: 'list', list: { pieces: [], loose: [attribute.int ?? 0] }, dtype: 'I64', scalar: true };
    case 'value_floats':
      return { kind: 'list', list: attribute.floats ?? { pieces: [], loose: [] }, dtype: 'F32', scalar: false };
    case 'value_ints':
      return { kind: 'list', list: attribute.ints ?? { pieces: [], loose: [] }, dtype: 'I64', scalar: false };
    case 'value_string':
      return { kind: 'text', elements: 1, bytes: attribute.text?.length ?? 0, scalar: true };
    case 'value_strings':
      return {
        kind: 'text',
        elements: attribute.strings?.count ?? 0,
        bytes: attribute.strings?.bytes ?? 0,
        scalar: false,
      };
    default:
      return null;
  }
}

function resolve(scope: Scope, name: string, prefix: string): string {
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return `${prefix}${name}`;
}
