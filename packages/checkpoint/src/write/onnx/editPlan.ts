import { raise } from '@espalier/base';
import type { Collected, FoundTensor } from '../../formats/onnx/collect.js';
import type { OnnxGraph, OnnxModel } from '../../formats/onnx/proto.js';
import { brief } from '../../names.js';
import type { OutputTensor } from '../output.js';
import type { GraphEdit, NewAttribute, NewNode, ReplaceByDequantize } from './graphEdits.js';

/** The edits of a graph where the rewriter meets them. */
export interface EditPlan {
  /** By unique name of the tensor. */
  readonly dequantized: ReadonlyMap<string, Dequantized>;
  /** By offset of the node's message. */
  readonly nodes: ReadonlyMap<number, NodeEdits>;
  /** New nodes of the main graph before all others. */
  readonly nodesAtBegin: readonly NewNode[];
  /** New tensors of the main graph. */
  readonly initializers: readonly OutputTensor[];
  /** Names of tensors that an edit brings in. */
  readonly added: ReadonlySet<string>;
}

export interface Dequantized {
  readonly node: NewNode;
  /** Codes, scale and zero point under the names that they have in their graph. */
  readonly tensors: readonly (readonly [name: string, tensor: OutputTensor])[];
}

export interface NodeEdits {
  readonly before: NewNode[];
  readonly inputs: Map<number, string>;
  readonly attributes: Map<string, NewAttribute>;
}

/** Finds what every edit means. Raises `output/graph-edit` where there is no such node or tensor, `output/opset` where the model's operators are too old. */
export function editPlan(
  edits: readonly GraphEdit[],
  model: OnnxModel,
  { nodes, tensors }: Collected,
  file: string,
): EditPlan {
  const wrong = (message: string): never => raise({ code: 'output/graph-edit', message, file });
  const byName = new Map<string, number | null>();
  for (const { name, node } of nodes) byName.set(name, byName.has(name) ? null : node.offset);
  const offsetOf = (name: string): number => {
    const offset = byName.get(name);
    if (offset === undefined) return wrong(`The graph has no node ${brief(name)}.`);
    return offset ?? wrong(`The graph has several nodes ${brief(name)}.`);
  };
  const dequantized = new Map<string, Dequantized>();
  const changes = new Map<number, NodeEdits>();
  const changesOf = (offset: number): NodeEdits => {
    const there = changes.get(offset) ?? { before: [], inputs: new Map(), attributes: new Map() };
    changes.set(offset, there);
    return there;
  };
  const nodesAtBegin: NewNode[] = [];
  const initializers: OutputTensor[] = [];
  const added = new Set<string>();
  const names = new LocalNames(model);
  for (const edit of edits) {
    switch (edit.kind) {
      case 'replace-by-dequantize': {
        const tensor = tensors.find(({ name }) => name === edit.tensor);
        const local = tensor === undefined ? null : names.of(tensor);
        if (tensor === undefined || local === null) return wrong(`${brief(edit.tensor)} is no constant of the graph.`);
        checkOpset(edit, model, file);
        dequantized.set(edit.tensor, dequantizedOf(edit, local, names));
        for (const { name } of [edit.codes, edit.scale, ...(edit.zeroPoint === null ? [] : [edit.zeroPoint])])
          added.add(name);
        break;
      }
      case 'insert-node':
        if (edit.before === null) nodesAtBegin.push(edit.node);
        else changesOf(offsetOf(edit.before)).before.push(edit.node);
        break;
      case 'add-initializer':
        initializers.push(edit.tensor);
        added.add(edit.tensor.name);
        break;
      case 'rewire':
        changesOf(offsetOf(edit.node)).inputs.set(edit.input, edit.value);
        break;
      case 'set-attribute':
        changesOf(offsetOf(edit.node)).attributes.set(edit.attribute, edit.value);
        break;
    }
  }
  return { dequantized, nodes: changes, nodesAtBegin, initializers, added };
}

function dequantizedOf(edit: ReplaceByDequantize, local: string, names: LocalNames): Dequantized {
  const { codes, scale, zeroPoint, axis, blockSize } = edit;
  const [codesName, scaleName] = [names.take(`${local}_quantized`), names.take(`${local}_scale`)];
  const pointName = zeroPoint === null ? null : names.take(`${local}_zero_point`);
  return {
    node: {
      name: names.take(`${local}_dequantize`),
      operator: 'DequantizeLinear',
      inputs: [codesName, scaleName, ...(pointName === null ? [] : [pointName])],
      outputs: [local],
      attributes: {
        ...(axis === undefined ? {} : { axis }),
        ...(blockSize === undefined ? {} : { block_size: blockSize }),
      },
    },
    tensors: [
      [codesName, codes],
      [scaleName, scale],
      ...(zeroPoint === null || pointName === null ? [] : ([[pointName, zeroPoint]] as const)),
    ],
  };
}

/** `DequantizeLinear` came with version 10, its axis with 13, types of 4 bits and blocks with 21. (ONNX, Operators.md) */
function checkOpset(edit: ReplaceByDequantize, model: OnnxModel, file: string): void {
  const version = model.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 1;
  const small = /^[IU]4$/.test(edit.codes.dtype) || edit.blockSize !== undefined;
  const needed = small ? 21 : edit.axis !== undefined ? 13 : 10;
  if (version >= needed) return;
  raise({
    code: 'output/opset',
    message: `Dequantizing ${brief(edit.tensor)} takes operators of version ${needed}; the model states ${version}.`,
    file,
    expected: needed,
    found: version,
    hint: 'Convert the model with onnx.version_converter, or quantize per tensor to 8 bits.',
  });
}

/** Names that values, tensors and nodes of any graph of the model have. */
class LocalNames {
  readonly #taken = new Set<string>();
  /** What a `Constant` makes, by the offset of the attribute with its value. */
  readonly #constants = new Map<number, string>();

  constructor(model: OnnxModel) {
    if (model.graph !== null) this.#graph(model.graph);
  }

  /** The name by which its own graph knows a constant; null where it knows it by none. */
  of({ content, origin, offset }: FoundTensor): string | null {
    if (origin === 'initializer') return content.kind === 'tensor' ? content.tensor.name || null : null;
    return this.#constants.get(offset) ?? null;
  }

  take(name: string): string {
    let unique = name;
    for (let number = 2; this.#taken.has(unique); number++) unique = `${name}_${number}`;
    this.#taken.add(unique);
    return unique;
  }

  #graph({ nodes, initializers, inputs }: OnnxGraph): void {
    for (const { name } of [...initializers, ...inputs]) this.#taken.add(name);
    for (const node of nodes) {
      for (const name of [node.name, ...node.inputs, ...node.outputs]) this.#taken.add(name);
      for (const { graphs, offset } of node.attributes) {
        if (node.operator === 'Constant' && node.outputs[0]) this.#constants.set(offset, node.outputs[0]);
        for (const graph of graphs) this.#graph(graph);
      }
    }
  }
}
