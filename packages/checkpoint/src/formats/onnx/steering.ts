import { FaultError, sizeOf } from '@espalier/base';
import type { Graph, GraphNode } from '../../graph.js';
import { readValues } from '../../values/readValues.js';
import { type Steering, withConstants } from '../steering.js';
import type { Links } from './links.js';
import { type Place, placeTensor } from './tensorData.js';

/** Inputs whose values decide the shapes of the outputs. Source: the operator specification of ONNX 1.23. */
const STEERED: Readonly<Record<string, readonly number[]>> = {
  CenterCropPad: [1],
  Col2Im: [1, 2],
  ConstantOfShape: [0],
  Expand: [1],
  If: [0],
  Loop: [0, 1],
  MaxUnpool: [2],
  MelWeightMatrix: [0, 1],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  ReduceL1: [1],
  ReduceL2: [1],
  ReduceLogSum: [1],
  ReduceLogSumExp: [1],
  ReduceMax: [1],
  ReduceMean: [1],
  ReduceMin: [1],
  ReduceProd: [1],
  ReduceSum: [1],
  ReduceSumSquare: [1],
  Reshape: [1],
  // Opset 10 has the scales at 1, later ones at 2, and sizes at 3.
  Resize: [1, 2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
  SplitToSequence: [1],
  Squeeze: [1],
  STFT: [1, 3],
  Tile: [1, 2],
  TopK: [1],
  Unsqueeze: [1],
  Upsample: [1],
  BlackmanWindow: [0],
  HammingWindow: [0],
  HannWindow: [0],
  AffineGrid: [1],
};

/** Operators that exporters compute sizes with. */
const FOLDS: ReadonlySet<string> = new Set(
  (
    'Abs Add And Cast Ceil Concat ConstantOfShape Div Equal Expand Flatten Floor Gather Greater GreaterOrEqual Identity Less LessOrEqual Max Min ' +
    'Mod Mul Neg Not Or Pow Range Relu ReduceMax ReduceMin ReduceProd ReduceSum Reshape Round Slice Split Sqrt Squeeze Sub Sum Tile Transpose Unsqueeze Where'
  ).split(' '),
);

const STEERING: Steering = {
  inputs: ({ operator }) => (Object.hasOwn(STEERED, operator) ? STEERED[operator]! : []),
  folds: FOLDS,
};

/** The graph with the constants that decide shapes, and with the fill values of ConstantOfShape, from which masks for Expand are made. */
export async function withSteering(graph: Graph, links: Links, place: Place): Promise<Graph> {
  const known = await withConstants(graph, links.drafts, STEERING, place.signal);
  const nodes: GraphNode[] = [...known.nodes];
  for (const [at, { node }] of links.collected.nodes.entries()) {
    if (node.operator !== 'ConstantOfShape') continue;
    const fill = node.attributes.find(({ name }) => name === 'value')?.tensor;
    if (fill === undefined || sizeOf(fill.dims) !== 1) continue;
    try {
      const { data } = await placeTensor(fill, 'value', place);
      if (data.kind === 'none') continue;
      const [value] = await readValues({ name: 'value', shape: [1], elements: 1, data }, 0, 1, place.signal);
      nodes[at] = { ...nodes[at]!, attributes: { ...nodes[at]!.attributes, value: value! } };
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
    }
  }
  return { ...known, nodes };
}
