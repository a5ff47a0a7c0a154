/**
 * Names of tensors, taken apart. Frameworks separate modules by `.` (PyTorch), `/` (TensorFlow, Keras, ONNX exports) or both, and TensorFlow
 * ends names with an output number (`kernel:0`) or with the read operation (`…/kernel/Read/ReadVariableOp`).
 */
export interface ParsedName {
  /** Everything before the parameter: `layer4.1.conv2`; the whole name where there is no separator. */
  readonly layer: string;
  /** The last part, in lower case: `weight`, `kernel`, `weight_ih_l0`. */
  readonly parameter: string;
  /** Last part of the layer, in lower case: `conv2`. */
  readonly module: string;
  /** The whole name in lower case, parts separated by `.`, with a `.` at both ends, so that `.conv.` finds whole parts. */
  readonly dotted: string;
}

const TAILS = new Set(['readvariableop', 'read', 'resource', 'variable', 'value', '.attributes', 'variable_value']);

export function parseName(name: string): ParsedName {
  const plain = name.replace(/:\d+$/, '').replace(/\/\.ATTRIBUTES\/VARIABLE_VALUE$/, '');
  const parts = [...plain.matchAll(/[^./]+/g)];
  let last = parts.length - 1;
  while (last > 0 && TAILS.has(parts[last]![0].toLowerCase())) last--;
  if (last <= 0) {
    const only = (parts[0]?.[0] ?? plain).toLowerCase();
    return { layer: plain, parameter: only, module: '', dotted: `.${only}.` };
  }
  return {
    layer: plain.slice(0, parts[last - 1]!.index + parts[last - 1]![0].length),
    parameter: parts[last]![0].toLowerCase(),
    module: parts[last - 1]![0].toLowerCase(),
    dotted: `.${parts
      .slice(0, last + 1)
      .map((part) => part[0].toLowerCase())
      .join('.')}.`,
  };
}
