import type { Graph } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';

/** The first and the last of some weights, by name, as the model applies them; null where there are none. */
export interface Ends {
  readonly first: string | null;
  readonly last: string | null;
}

/** Names of the layer that gives the answer. */
const CLASSIFIER =
  /(^|[./_])(fc|head|heads|classifier|classification_head|lm_head|logits|predictions|output_projection)([./_]|$)/i;

/** Images have at most this many channels. */
const IMAGE_CHANNELS = 4;

/**
 * Which weight comes first and which last: by the order of the graph's operators where the format has one. Else by file order, which many writers sort by
 * name: then the first is the first convolution, preferring one that reads an image, or the first weight where there is none; the last is the last linear layer,
 * preferring one whose name says that it gives the answer.
 */
export function endsOf(weights: readonly TensorHead[], graph?: Graph): Ends {
  const ordered = graph === undefined ? null : graphOrder(weights, graph);
  if (ordered !== null) return { first: ordered[0]!, last: ordered.at(-1)! };
  const isLinear = ({ role }: TensorHead): boolean => role === 'linear' || role === 'attention';
  const convolutions = weights.filter((head) => !isLinear(head));
  const reader = convolutions.find(
    ({ role, inputChannels, axes }) =>
      role === 'conv' && axes.groups === 1 && inputChannels !== null && inputChannels <= IMAGE_CHANNELS,
  );
  const linear = weights.filter(isLinear);
  const answer = linear.findLast(({ layer, name }) => CLASSIFIER.test(layer === '' ? name : layer));
  return {
    first: (reader ?? convolutions[0] ?? weights[0])?.name ?? null,
    last: (answer ?? linear.at(-1) ?? weights.at(-1))?.name ?? null,
  };
}

/** Names in the order in which operators use them; null where some weight is used by none. */
function graphOrder(weights: readonly TensorHead[], graph: Graph): string[] | null {
  const wanted = new Set(weights.map(({ name }) => name));
  const order = new Set<string>();
  for (const { inputs } of graph.nodes) for (const input of inputs) if (wanted.has(input)) order.add(input);
  return order.size === wanted.size && order.size > 0 ? [...order] : null;
}
