import type { Graph, GraphNode } from '@espalier/checkpoint';
import type { KnownTensors } from '../src/removal/follower.js';

/** Widths and counts of the bottlenecks of the four stages: He et al., "Deep Residual Learning", table 1. */
const STAGES = [
  [64, 3],
  [128, 4],
  [256, 6],
  [512, 3],
] as const;
const EXPANSION = 4;

/** ResNet-50 as a graph of ONNX with batch norms that are not folded, and the shapes of its tensors. */
export function resnet50(): { readonly graph: Graph; readonly tensors: KnownTensors } {
  const nodes: GraphNode[] = [];
  const shapes = new Map<string, readonly number[]>();
  const add = (operator: string, inputs: readonly string[], attributes: GraphNode['attributes'] = {}): string => {
    const name = `${operator}_${nodes.length}`;
    nodes.push({ name, operator, inputs, outputs: [name], attributes });
    return name;
  };
  const tensor = (name: string, shape: readonly number[]): string => {
    shapes.set(name, shape);
    return name;
  };
  const convolution = (x: string, name: string, to: number, from: number, kernel: number, stride = 1): string => {
    const pad = (kernel - 1) / 2;
    const made = add('Conv', [x, tensor(`${name}.weight`, [to, from, kernel, kernel])], {
      group: 1,
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
    });
    const parts = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => tensor(`${name}_bn.${part}`, [to]));
    return add('BatchNormalization', [made, ...parts]);
  };
  const bottleneck = (x: string, name: string, width: number, from: number, stride: number): string => {
    const to = EXPANSION * width;
    const first = add('Relu', [convolution(x, `${name}.conv1`, width, from, 1)]);
    const second = add('Relu', [convolution(first, `${name}.conv2`, width, width, 3, stride)]);
    const third = convolution(second, `${name}.conv3`, to, width, 1);
    const short = from === to ? x : convolution(x, `${name}.downsample`, to, from, 1, stride);
    return add('Relu', [add('Add', [third, short])]);
  };
  let x = add('Relu', [convolution('image', 'conv1', 64, 3, 7, 2)]);
  x = add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let from = 64;
  for (const [stage, [width, count]] of STAGES.entries())
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = bottleneck(x, `layer${stage + 1}.${block}`, width, from, stride);
      from = EXPANSION * width;
    }
  x = add('Flatten', [add('GlobalAveragePool', [x])], { axis: 1 });
  const logits = add('Gemm', [x, tensor('fc.weight', [1000, from]), tensor('fc.bias', [1000])], { transB: 1 });
  return {
    graph: { nodes, values: new Map(), inputs: ['image'], outputs: [logits], dialect: 'onnx' },
    tensors: { shape: (name) => shapes.get(name), numbers: () => undefined },
  };
}
