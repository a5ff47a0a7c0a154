import type { Graph, GraphNode } from '@espalier/checkpoint';
import { activationOf } from './activations.js';
import { map } from './constants.js';
import { elementRules } from './elementRules.js';
import { type ChannelGroups, type Followed, Follower, type KnownTensors } from './follower.js';
import { linearRules } from './linearRules.js';
import { one, type Rule } from './rules.js';
import { shapeRules } from './shapeRules.js';

const RULES = new Map<string, Rule>(Object.entries({ ...linearRules, ...elementRules, ...shapeRules }));

/**
 * Which channels of an ONNX graph depend on each other: convolutions and matrix products make channels, sums join them, concatenation puts them side by side, splits take
 * them apart, heads of attention and groups of convolutions bundle them. Whatever is not understood pins the channels that it reads: they are left alone, with the
 * reason. A graph output is pinned too.
 */
export function channelGroups(graph: Graph, tensors: KnownTensors): ChannelGroups {
  const follower = new Follower(graph, tensors);
  for (const node of graph.nodes) {
    follower.noteSingle(node);
    const made = isPlain(node) ? ruleOf(node)(follower, node, inputsOf(follower, node)) : null;
    const extra = made === null ? undefined : node.outputs.slice(made.length).find((name) => follower.isUsed(name));
    if (made === null || (extra !== undefined && made.length > 0)) {
      pinInputs(follower, node, `${node.operator} reads its channels, and is not understood here`);
      continue;
    }
    for (const [i, value] of made.entries()) if (value !== null) follower.values.set(node.outputs[i]!, value);
  }
  for (const output of graph.outputs)
    follower.pin(follower.values.get(output), 'its channels are an output of the model');
  return follower.result();
}

/** Subgraphs see the values around them, and custom operators do what they like. */
const isPlain = ({ path, bodies, domain, outputs }: GraphNode): boolean =>
  (path ?? []).length === 0 && bodies === undefined && (domain ?? '') === '' && outputs[0] !== undefined;

const inputsOf = (follower: Follower, { inputs }: GraphNode): (Followed | undefined)[] =>
  inputs.map((name) => follower.values.get(name));

function ruleOf(node: GraphNode): Rule {
  const rule = RULES.get(node.operator);
  if (rule !== undefined) return rule;
  const activation = activationOf(node);
  return (_, __, [x, ...more]) => {
    if (x === undefined || activation === undefined || more.some((input) => input !== undefined)) return null;
    return one(x.stack === undefined ? { ...x, constant: map(x.constant, activation) } : null);
  };
}

function pinInputs(follower: Follower, { inputs, bodies = [] }: GraphNode, why: string): void {
  const read = [...inputs, ...bodies.flatMap((body) => [...body.inputs, ...body.outputs])];
  for (const name of read) follower.pin(follower.values.get(name), why);
}
