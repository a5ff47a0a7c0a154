import type { Graph, GraphNode } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';

/** The scale of the batch normalization that follows a weight: a vector as long as its output channels. Null where none is known. */
export function normOf(head: TensorHead, heads: readonly TensorHead[], graph?: Graph): TensorHead | null {
  const byName = new Map(heads.map((one) => [one.name, one]));
  const fits = (name: string): TensorHead | null => {
    const found = byName.get(name);
    return found?.shape.length === 1 && found.elements === head.outputChannels ? found : null;
  };
  const byGraph = graph === undefined ? null : scaleInGraph(head.name, graph);
  if (byGraph !== null) return fits(byGraph);
  // Running statistics tell batch normalization from that of layers, which ranks no channels.
  const batched = new Set(heads.filter(({ role }) => role === 'statistic').map(({ layer }) => layer));
  const scales = new Map(
    heads
      .filter(
        ({ role, name, layer }) => role === 'norm' && batched.has(layer) && SCALE.test(name) && fits(name) !== null,
      )
      .map((one) => [one.layer, one]),
  );
  for (const layer of likelyNorms(head.layer)) {
    const found = scales.get(layer);
    if (found !== undefined) return found;
  }
  return null;
}

const SCALE = /(^|[./])(weight|gamma|scale)(:\d+)?$/i;

/** Nodes through which a convolution's output passes unchanged, or with a bias only, on its way to the normalization. */
const PASSES = new Set(['BiasAdd', 'Identity']);
const NORMS = /BatchNorm/i;

function scaleInGraph(weight: string, graph: Graph): string | null {
  const users = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), node]);
  }
  let node = users.get(weight)?.[0];
  // A chain has no more links than nodes.
  for (let steps = 0; node !== undefined && steps < 8; steps++) {
    const next: GraphNode[] = users.get(node.outputs[0] ?? '') ?? [];
    if (next.length !== 1) return null;
    node = next[0]!;
    if (NORMS.test(node.operator)) return node.inputs[1] ?? null;
    if (!PASSES.has(node.operator)) return null;
  }
  return null;
}

/**
 * Names under which the normalization of a layer goes, the likeliest first: `conv1` → `bn1`, `conv` → `bn`, `features.0` → `features.1`, `conv2d` →
 * `batch_normalization`, `block_conv` → `block_bn`.
 */
function likelyNorms(layer: string): string[] {
  const cut = Math.max(layer.lastIndexOf('.'), layer.lastIndexOf('/')) + 1;
  const [before, last] = [layer.slice(0, cut), layer.slice(cut)];
  const names: string[] = [];
  if (/^\d+$/.test(last)) names.push(`${before}${Number(last) + 1}`);
  if (/conv/i.test(last)) {
    // The last one of `conv1_conv` and `conv2_block1_1_conv` is the kind of the layer.
    const kind = /(conv2d|conv)(?!.*conv)/i;
    for (const to of ['bn', 'norm', 'batch_normalization', 'batchnorm', 'BatchNorm'])
      names.push(before + last.replace(kind, to));
    names.push(`${layer}_bn`, `${layer}_BN`, `${layer}/BatchNorm`, `${layer}.bn`, `${layer}.norm`);
  }
  // A convolution and its normalization beside each other in one module: `conv.weight` and `bn.weight`, `0.weight` and `1.weight`.
  names.push(
    `${before}bn`,
    `${before}norm`,
    `${before}BatchNorm`,
    `${layer}_bn`,
    `${layer}_batchnorm`,
    `${layer}_norm`,
  );
  return names;
}
