import type { AttributeValue, Graph, GraphNode } from '@espalier/checkpoint';

/** Shapes of the tensors of a state dict, by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** A graph that is put together from the names of a state dict. Every method returns the name of the value it makes. */
export class Net {
  private readonly nodes: GraphNode[] = [];
  private readonly outputs: string[] = [];
  private readonly constants = new Map<string, readonly number[]>();
  private readonly named = new Set<string>();

  constructor(private readonly shapes: Shapes) {}

  has(tensor: string): boolean {
    return this.shapes.has(tensor);
  }

  shape(tensor: string): readonly number[] | undefined {
    return this.shapes.get(tensor);
  }

  op(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const value = `:${this.nodes.length}`;
    for (const input of inputs) if (this.has(input)) this.named.add(input);
    this.nodes.push({ name: value, operator, inputs, outputs: [value], attributes });
    return value;
  }

  /** A small constant that no tensor holds: a shape, axes. */
  numbers(values: readonly number[]): string {
    const name = `:numbers${this.constants.size}`;
    this.constants.set(name, values);
    return name;
  }

  /** `Conv2d`: groups follow from the inputs it has. Kernels of more than one place count as padded. */
  conv(x: string, module: string, inputs: number): string {
    const [weight, bias] = [`${module}.weight`, `${module}.bias`];
    const shape = this.shape(weight) ?? [];
    const padded = shape.slice(2).some((length) => length > 1);
    const group = Math.max(1, Math.round(inputs / (shape[1] ?? inputs)));
    return this.op('Conv', [x, weight, ...(this.has(bias) ? [bias] : [])], {
      group,
      pads: padded ? [1, 1, 1, 1] : [0],
    });
  }

  batchNorm(x: string, module: string): string {
    const parts = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${module}.${part}`);
    return this.op('BatchNormalization', [x, ...parts]);
  }

  /** `Linear` with its weight and bias by name. */
  linear(x: string, weight: string, bias: string): string {
    return this.op('Gemm', [x, weight, ...(this.has(bias) ? [bias] : [])], { transB: 1 });
  }

  relu(x: string): string {
    return this.op('Relu', [x]);
  }

  /** An activation that gives 0 for 0, whichever it is. */
  activation(x: string): string {
    return this.op('Gelu', [x]);
  }

  /** What leaves the part that is understood: it keeps its width. */
  output(value: string): void {
    this.outputs.push(value);
  }

  /** Tensors that no node has read. */
  unnamed(): string[] {
    return [...this.shapes.keys()].filter((name) => !this.named.has(name));
  }

  graph(): Graph {
    const { nodes, outputs } = this;
    return { nodes, outputs, inputs: ['x'], values: new Map(), dialect: 'onnx' };
  }

  shapeOf(name: string): readonly number[] | undefined {
    const constant = this.constants.get(name);
    return constant === undefined ? this.shape(name) : [constant.length];
  }

  numbersOf(name: string): readonly number[] | undefined {
    return this.constants.get(name);
  }
}
