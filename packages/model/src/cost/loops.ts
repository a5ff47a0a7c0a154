import type { GraphBody, GraphNode } from '@espalier/checkpoint';
import type { Known } from './operation.js';
import { type Axis, axisAt, type PartialShape } from './shape.js';

/** How a loop uses its bodies. */
export interface Loop {
  /** Rounds; null: found at run time. */
  readonly trips: number | null;
  /** Values of every round by their names in the bodies. */
  readonly given: readonly { readonly name: string; readonly shape: PartialShape }[];
  readonly carried: readonly Carried[];
  /** Outputs of the loop: the last value of a carried one, or one slice from each round. */
  readonly outputs: readonly { readonly from: string; readonly sliceAxis: number | null }[];
}

/** A value that one round hands to the next: what it is before the first, where it goes in, and what the body makes of it. */
export interface Carried {
  readonly initial: Known;
  readonly into: readonly string[];
  readonly from: string;
}

/** How a loop sees the values around it. */
export interface Surroundings {
  readonly known: (name: string) => Known;
  /** The value that one is a plain copy of; itself where it is none. */
  readonly sourceOf: (name: string) => string;
}

/** What is known of a loop before it is gone through. null: an operator that runs its bodies in a way that is not known. */
export function loopOf(node: GraphNode, around: Surroundings): Loop | null {
  const body = node.bodies?.find(({ role }) => role === 'body' || role === 'body_subgraph');
  if (body === undefined) return null;
  switch (node.operator) {
    case 'Loop':
      return onnxLoop(node, body, around);
    case 'Scan':
      return onnxScan(node, body, around);
    case 'While':
    case 'StatelessWhile':
    case 'WHILE':
      return whileLoop(node, body, around);
    default:
      return null;
  }
}

/** Inputs: rounds, condition, values; the body has the round, condition, values; it makes a condition, values, and slices to be stacked. */
function onnxLoop(node: GraphNode, body: GraphBody, { known, sourceOf }: Surroundings): Loop {
  const [rounds, condition, ...initial] = node.inputs;
  const limit = rounds === undefined || rounds === '' ? undefined : known(rounds).elements?.[0];
  const [nextCondition, ...made] = body.outputs;
  const [round, given, ...taken] = body.inputs;
  const isTrue = (name: string): boolean => known(sourceOf(name)).elements?.[0] === 1;
  const goesOn =
    (condition === undefined || condition === '' || isTrue(condition)) &&
    nextCondition !== undefined &&
    (sourceOf(nextCondition) === given || isTrue(nextCondition));
  const carried = initial.slice(0, taken.length).map((name, at) => ({
    into: [taken[at]!],
    from: made[at] ?? '',
    initial: known(name),
  }));
  return {
    trips: goesOn && typeof limit === 'number' ? Math.max(0, Math.trunc(limit)) : null,
    given: [round, given].filter((name) => name !== undefined).map((name) => ({ name, shape: [] })),
    carried,
    outputs: made.map((from, at) => ({ from, sliceAxis: at < carried.length ? null : 0 })),
  };
}

/** Inputs: states, then values to be cut into slices; the body makes states and slices. */
function onnxScan(node: GraphNode, body: GraphBody, { known }: Surroundings): Loop {
  const cut = numberOf(node.attributes.num_scan_inputs) ?? 0;
  const states = node.inputs.length - cut;
  // Opset 8 has lengths of sequences before them, and batches: each runs as long as its sequence.
  if (states < 0 || body.inputs.length !== node.inputs.length)
    return { trips: null, given: [], carried: [], outputs: body.outputs.map(() => ({ from: '', sliceAxis: null })) };
  const axes = listOf(node.attributes.scan_input_axes);
  let trips: Axis = null;
  const slices = body.inputs.slice(states).map((name, at) => {
    const shape = known(node.inputs[states + at]!).shape;
    const axis = axisAt(axes[at] ?? 0, shape?.length ?? 0);
    trips ??= axis === null ? null : shape![axis]!;
    return { name, shape: axis === null ? null : shape!.filter((_, index) => index !== axis) };
  });
  const outputAxes = listOf(node.attributes.scan_output_axes);
  return {
    trips,
    given: slices,
    carried: node.inputs.slice(0, states).map((name, at) => ({
      into: [body.inputs[at]!],
      from: body.outputs[at] ?? '',
      initial: known(name),
    })),
    outputs: body.outputs.map((from, at) => ({ from, sliceAxis: at < states ? null : (outputAxes[at - states] ?? 0) })),
  };
}

/** Condition and body take the same values. TensorFlow's are called as the values around the loop. */
function whileLoop(node: GraphNode, body: GraphBody, { known }: Surroundings): Loop {
  return {
    trips: null,
    given: [],
    carried: node.inputs.map((name, at) => ({
      into: body.inputs.length === 0 ? [name] : (node.bodies ?? []).flatMap(({ inputs }) => inputs[at] ?? []),
      from: body.outputs[at] ?? '',
      initial: known(name),
    })),
    outputs: body.outputs.map((from) => ({ from, sliceAxis: null })),
  };
}

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

const listOf = (value: unknown): readonly number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item)) ? value : [];

/** The shape of slices stacked along an axis; a negative one counts in the stack. */
export function stacked(slice: PartialShape, axis: number, rounds: Axis): PartialShape {
  if (slice === null) return null;
  const at = axisAt(axis, slice.length + 1);
  return at === null ? null : [...slice.slice(0, at), rounds, ...slice.slice(at)];
}
