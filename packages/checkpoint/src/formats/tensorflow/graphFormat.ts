import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, Format, TensorEntry } from '../../checkpoint.js';
import type { Graph } from '../../graph.js';
import { UniqueNames } from '../../names.js';
import { spanOfFile, WireReader } from '../../protobuf/index.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { type Bundle, openBundle } from './bundle.js';
import { constantEntry } from './constant.js';
import { buildGraph } from './graph.js';
import { type GraphWithConstants, readGraphDef } from './graphDef.js';
import type { NodeDef } from './nodeDef.js';
import { readSavedModel, type Signature } from './savedModel.js';
import { withShapes } from './shapes.js';
import { looksLikeGraphDef, looksLikeSavedModel } from './sniff.js';
import { type WeightUse, weightUses } from './weightUse.js';

/** Constants below this size steer operators; in a SavedModel, which has hundreds of them, they are not listed. */
const SMALL_ELEMENTS = 64;

/** A frozen graph: weights are Const nodes. */
export const tensorflowGraph: Format = {
  name: 'tf-graph',
  matches: (head, source) => /\.(?:pb|graphdef)$/i.test(source.name) && looksLikeGraphDef(head),
  async open(source, { signal }) {
    const graph = await readGraphDef(new WireReader({ signal }), spanOfFile(source));
    const described = await describe(graph, null, null, source, 0, signal);
    return {
      format: 'tf-graph',
      formatLabel: 'TensorFlow graph',
      tensors: described.entries,
      metadata: {},
      findings: described.findings,
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      graph: described.graph,
      close: () => source.close(),
    };
  },
};

/** `saved_model.pb` with `variables/` beside it. */
export const tensorflowSavedModel: Format = {
  name: 'tf-saved-model',
  matches: (head, source) =>
    source.name === 'saved_model.pb' || (source.name.endsWith('.pb') && looksLikeSavedModel(head)),
  open: async (source, { signal }): Promise<Checkpoint> => {
    const model = await readSavedModel(spanOfFile(source), signal);
    const variables = await openVariables(source, model.graph, signal);
    try {
      const { bundle } = variables;
      const described = await describe(model.graph, bundle, model.signature, source, SMALL_ELEMENTS, signal);
      return {
        format: 'tf-saved-model',
        formatLabel: 'TensorFlow SavedModel',
        tensors: described.entries,
        metadata: model.metadata,
        findings: [...variables.findings, ...described.findings],
        files: [
          { name: source.name, sizeBytes: source.sizeBytes },
          ...(bundle?.files ?? []).map(({ name, sizeBytes }) => ({ name: `variables/${name}`, sizeBytes })),
        ],
        graph: described.graph,
        async close() {
          await bundle?.close();
          await source.close();
        },
      };
    } catch (error) {
      await variables.bundle?.close();
      throw error;
    }
  },
};

async function openVariables(
  source: ByteSource,
  graph: GraphWithConstants,
  signal: AbortSignal | undefined,
): Promise<{ bundle: Bundle | null; findings: Finding[] }> {
  const index = await source.sibling('variables/variables.index');
  if (index.ok) {
    try {
      return { bundle: await openBundle(index.value, signal), findings: [] };
    } catch (error) {
      await index.value.close();
      throw error;
    }
  }
  // A model without variables has no such folder.
  if (!graph.nodes.some(({ op }) => op === 'VarHandleOp' || op.startsWith('Variable')))
    return { bundle: null, findings: [] };
  const message = `The values of the variables are in variables/variables.index, which cannot be opened: ${index.fault.message}`;
  return {
    bundle: null,
    findings: [{ code: 'checkpoint/missing-data', severity: 'error', file: source.name, message }],
  };
}

interface Described {
  readonly entries: readonly TensorEntry[];
  readonly findings: readonly Finding[];
  readonly graph: Graph;
}

/** Variables and constants as entries, the graph between them, and what its operators say of them. */
async function describe(
  graphDef: GraphWithConstants,
  bundle: Bundle | null,
  signature: Signature | null,
  source: ByteSource,
  atLeast: number,
  signal: AbortSignal | undefined,
): Promise<Described> {
  const findings: Finding[] = [...(bundle?.findings ?? [])];
  const names = new UniqueNames(source.name, findings);
  const entries: TensorEntry[] = [];
  for (const entry of bundle?.entries ?? []) entries.push({ ...entry, name: names.take(entry.name) });
  const constants = new Map<NodeDef, string>();
  /** Constants that are too small to be listed. They still steer shapes. */
  const small = new Map<string, TensorEntry>();
  for (const [node, prefix] of nodesOf(graphDef)) {
    const constant = graphDef.constants.get(node);
    if (constant === undefined) continue;
    const name = names.take(prefix + node.name);
    const entry = constantEntry(name, constant, source.name);
    constants.set(node, name);
    if (entry.elements >= atLeast) entries.push(entry);
    else small.set(name, entry);
  }
  const known = new Map([...small, ...entries.map((entry) => [entry.name, entry] as const)]);
  const built = buildGraph(graphDef, {
    tensors: known,
    tensorOf: (node) => constants.get(node) ?? variableOf(node, bundle),
    inputs: signature?.inputs.map(({ value }) => value) ?? [],
    outputs: signature?.outputs.map(({ value }) => value) ?? [],
  });
  const graph = withoutSmall(await withShapes(withStated(built, signature), known, signal), small);
  const uses = weightUses(graph);
  const isConstant = new Set(constants.values());
  const used = entries.map((entry) => withUse(entry, uses.get(entry.name), isConstant.has(entry.name)));
  return { entries: used, findings: [...findings, ...unreadableFindings(used)], graph };
}

/** Puts the shapes of the signature at the inputs and outputs. */
function withStated(graph: Graph, signature: Signature | null): Graph {
  if (signature === null) return graph;
  const values = new Map(graph.values);
  const state = (names: readonly string[], stated: Signature['inputs']): void => {
    for (const [index, name] of names.entries()) {
      const value = values.get(name);
      const shape = stated[index]?.shape ?? null;
      if (value !== undefined && value.shape === null && shape !== null) values.set(name, { ...value, shape });
    }
  };
  state(graph.inputs, signature.inputs);
  state(graph.outputs, signature.outputs);
  return { ...graph, values };
}

/** Values that are constants too small to be listed are no tensors of the checkpoint. */
function withoutSmall(graph: Graph, small: ReadonlyMap<string, TensorEntry>): Graph {
  if (small.size === 0) return graph;
  const values = new Map(graph.values);
  for (const [name, { tensor, ...value }] of graph.values)
    if (tensor !== undefined && small.has(tensor)) values.set(name, value);
  return { ...graph, values };
}

/** All nodes, with what stands before their names: nothing, or the function whose body they are in. */
function* nodesOf(graph: GraphWithConstants): Generator<readonly [NodeDef, string]> {
  for (const node of graph.nodes) yield [node, ''];
  for (const body of graph.functions.values()) for (const node of body.nodes) yield [node, `${body.name}/`];
}

function variableOf(node: NodeDef, bundle: Bundle | null): string | undefined {
  if (bundle === null || (node.op !== 'VarHandleOp' && node.op !== 'VariableV2' && node.op !== 'Variable'))
    return undefined;
  const shared = node.attributes.shared_name;
  return (
    bundle.byVariable.get(typeof shared === 'string' && shared !== '' ? shared : node.name) ??
    bundle.byVariable.get(node.name)
  );
}

function withUse(entry: TensorEntry, use: WeightUse | undefined, constant: boolean): TensorEntry {
  if (entry.roleHint !== undefined) return entry;
  if (use !== undefined)
    return {
      ...entry,
      ...(use.role === undefined ? {} : { roleHint: use.role }),
      ...(use.axes === undefined ? {} : { axes: use.axes }),
    };
  return constant && entry.elements < SMALL_ELEMENTS ? { ...entry, roleHint: 'constant' } : entry;
}
