import type { Graph, GraphEdit, OutputTensor } from '@espalier/checkpoint';
import type { ActivationQuantization } from './activations.js';
import { largestCode } from './scheme.js';

/** A value of a graph that layers with quantized weights read. */
export interface ReadActivation {
  readonly value: string;
  /** In the order of the graph. */
  readonly readers: readonly { readonly node: string; readonly input: number; readonly weight: string }[];
}

/** Operators whose first two inputs are multiplied. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The other factors of products with these weights, in the order of the graph. Products in branches and loops are left out. */
export function activationsOf({ nodes, values }: Graph, weights: ReadonlySet<string>): ReadActivation[] {
  const found = new Map<string, ReadActivation['readers'][number][]>();
  for (const { name, operator, domain, inputs, path } of nodes) {
    if (!PRODUCTS.has(operator) || (domain ?? '') !== '' || path !== undefined) continue;
    const factors = inputs.slice(0, 2);
    const weight = factors.find((input) => weights.has(input));
    const input = factors.findIndex((factor) => factor !== weight);
    const value = factors[input];
    if (weight === undefined || value === undefined || value === '') continue;
    const known = values.get(value);
    if (known?.tensor !== undefined || (known?.dtype ?? 'F32') !== 'F32') continue;
    const readers = found.get(value) ?? [];
    readers.push({ node: name, input, weight });
    found.set(value, readers);
  }
  return [...found].map(([value, readers]) => ({ value, readers }));
}

/**
 * `QuantizeLinear` and `DequantizeLinear` between a value and its readers (ONNX, Operators.md). Codes of fewer than 8 bits are stored as I8: the value is cut to their range
 * first, since the operator only cuts to that of its type.
 */
export function activationEdits(
  { value, readers }: ReadActivation,
  { bits, scale }: Pick<ActivationQuantization, 'bits' | 'scale'>,
): GraphEdit[] {
  const name = (suffix: string): string => `${value}_activation_${suffix}`;
  const before = readers[0]!.node;
  const edits: GraphEdit[] = [];
  const constant = (suffix: string, dtype: 'F32' | 'I8', bytes: Uint8Array): string => {
    const tensor: OutputTensor = {
      name: name(suffix),
      dtype,
      shape: [],
      byteLength: bytes.length,
      async *windows() {
        yield bytes;
      },
    };
    edits.push({ kind: 'add-initializer', tensor });
    return tensor.name;
  };
  const insert = (operator: string, inputs: readonly string[], output: string): string => {
    const node = { name: `${output}_${operator}`, operator, inputs, outputs: [output] };
    edits.push({ kind: 'insert-node', node, before });
    return output;
  };
  const float = (number: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, number, true);
    return bytes;
  };
  let cut = value;
  if (bits < 8) {
    const top = largestCode(bits) * scale;
    cut = insert('Max', [cut, constant('low', 'F32', float(-top))], name('from_low'));
    cut = insert('Min', [cut, constant('high', 'F32', float(top))], name('cut'));
  }
  const [scaleName, zeroName] = [
    constant('scale', 'F32', float(scale)),
    constant('zero_point', 'I8', new Uint8Array(1)),
  ];
  const codes = insert('QuantizeLinear', [cut, scaleName, zeroName], name('quantized'));
  const numbers = insert('DequantizeLinear', [codes, scaleName, zeroName], name('dequantized'));
  for (const { node, input } of readers) edits.push({ kind: 'rewire', node, input, value: numbers });
  return edits;
}
