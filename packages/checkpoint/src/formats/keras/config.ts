import type { AttributeValue, Graph, GraphNode, GraphValue } from '../../graph.js';
import { asList, asRecord, asText, isRecord, type JsonRecord, own } from '../../json.js';
import type { KnownShape } from '../tensorflow/nodeDef.js';
import { callsOf, endpointsOf, type LayerOutput, shapeOf } from './references.js';
import { outputShapes } from './shapes.js';

/** A layer as the config describes it, with its place among nested models. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: JsonRecord;
  /** Names of the enclosing models, outermost first; the model itself is not among them. */
  readonly path: readonly string[];
  /** Where Keras 3 keeps it in model.weights.h5: `layers/conv2d_1`, `layers/functional/layers/dense`. */
  readonly place: string;
}

/** A weight of a layer: a tensor of the checkpoint. */
export interface KerasWeight {
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Models within models. Deeper ones are listed as a layer of unknown inside. */
const MAX_DEPTH = 16;
const MAX_LAYERS = 100_000;

/** Every layer of a model's config, nested models included, in order. Wrapped layers count as part of their wrapper. */
export function layersOf(model: unknown): KerasLayer[] {
  const layers: KerasLayer[] = [];
  const walk = (config: JsonRecord, path: readonly string[], prefix: string): void => {
    const used = new Map<string, number>();
    for (const entry of layerList(config)) {
      if (layers.length >= MAX_LAYERS) return;
      const layer = readLayer(entry, path, prefix, used);
      if (layer === null) continue;
      if (isModel(layer) && path.length < MAX_DEPTH) walk(layer.config, [...path, layer.name], `${layer.place}/`);
      else layers.push(layer);
    }
  };
  walk(modelConfig(model), [], '');
  return layers;
}

/** The graph of a model's config: Sequential or functional, nested models expanded in place. null: a subclassed model. */
export function kerasGraph(model: unknown, weightsOf: (layer: KerasLayer) => readonly KerasWeight[]): Graph | null {
  if (layerList(modelConfig(model)).length === 0) return null;
  const builder = new KerasGraphBuilder(weightsOf);
  return builder.build(model);
}

class KerasGraphBuilder {
  private readonly nodes: GraphNode[] = [];
  private readonly values = new Map<string, GraphValue>();

  constructor(private readonly weightsOf: (layer: KerasLayer) => readonly KerasWeight[]) {}

  build(model: unknown): Graph {
    const inputs: string[] = [];
    const outputs = this.model(model, [], '', null, inputs);
    return { nodes: this.nodes, values: this.values, inputs, outputs, dialect: 'keras' };
  }

  /** Adds the nodes of a model that is called with `bound`; null is the outermost model. Returns its outputs. */
  private model(
    model: unknown,
    path: readonly string[],
    prefix: string,
    bound: readonly string[] | null,
    inputs: string[],
  ): string[] {
    const config = modelConfig(model);
    const functional = layerList(config).some((entry) => isRecord(entry) && Array.isArray(own(entry, 'inbound_nodes')));
    return functional
      ? this.functional(config, path, prefix, bound, inputs)
      : this.sequential(model, config, path, prefix, bound, inputs);
  }

  private sequential(
    model: unknown,
    config: JsonRecord,
    path: readonly string[],
    prefix: string,
    bound: readonly string[] | null,
    inputs: string[],
  ): string[] {
    const used = new Map<string, number>();
    let current: readonly string[] | null = bound;
    for (const entry of layerList(config)) {
      const layer = readLayer(entry, path, prefix, used);
      if (layer === null) continue;
      const stated = statedInput(layer);
      if (current === null) {
        const shape =
          stated ??
          shapeOf(own(asRecord(own(asRecord(model), 'build_config')), 'input_shape')) ??
          shapeOf(own(config, 'build_input_shape'));
        const name = layer.className === 'InputLayer' ? this.named(layer, 0, 0) : `${this.named(layer, 0, 0)}:input`;
        this.values.set(name, { shape });
        inputs.push(name);
        current = [name];
      }
      if (layer.className === 'InputLayer') continue;
      current = this.call(layer, 0, current, entry);
    }
    return [...(current ?? [])];
  }

  private functional(
    config: JsonRecord,
    path: readonly string[],
    prefix: string,
    bound: readonly string[] | null,
    inputs: string[],
  ): string[] {
    const starts = endpointsOf(own(config, 'input_layers'));
    const aliases = new Map<string, string>();
    if (bound !== null)
      for (const [index, start] of starts.entries())
        if (bound[index] !== undefined) aliases.set(key(start), bound[index]!);
    const named = (output: LayerOutput): string => aliases.get(key(output)) ?? this.scoped(path, key(output));
    const used = new Map<string, number>();
    for (const entry of layerList(config)) {
      const layer = readLayer(entry, path, prefix, used);
      if (layer === null) continue;
      if (layer.className === 'InputLayer') {
        const value = named({ layer: layer.name, call: 0, tensor: 0 });
        if (!this.values.has(value)) this.values.set(value, { shape: statedInput(layer) });
        if (path.length === 0 && starts.length === 0) inputs.push(value);
        continue;
      }
      for (const [call, sources] of callsOf(own(asRecord(entry), 'inbound_nodes')).entries()) {
        for (const source of sources) {
          const value = named(source);
          if (source.shape !== undefined && (this.values.get(value)?.shape ?? null) === null)
            this.values.set(value, { shape: source.shape });
        }
        const written = this.call(layer, call, sources.map(named), entry);
        for (const [tensor, value] of written.entries()) aliases.set(key({ layer: layer.name, call, tensor }), value);
      }
    }
    if (bound === null) for (const start of starts) inputs.push(named(start));
    return endpointsOf(own(config, 'output_layers')).map(named);
  }

  /** One call of a layer: a node, or all nodes of a nested model. Returns the names of its outputs. */
  private call(layer: KerasLayer, call: number, inputs: readonly string[], entry: unknown): string[] {
    if (isModel(layer) && layer.path.length < MAX_DEPTH && this.nodes.length < MAX_LAYERS) {
      const inner = call === 0 ? layer.name : `${layer.name}:${call}`;
      return this.model(asRecord(entry), [...layer.path, inner], `${layer.place}/`, inputs, []);
    }
    const weights = this.weightsOf(layer);
    for (const { tensor, shape, dtype } of weights) this.values.set(tensor, { shape, dtype, tensor });
    for (const input of inputs) if (!this.values.has(input)) this.values.set(input, { shape: null });
    const build = shapeOf(own(asRecord(own(asRecord(entry), 'build_config')), 'input_shape'));
    if (inputs.length === 1 && build !== null && (this.values.get(inputs[0]!)?.shape ?? null) === null)
      this.values.set(inputs[0]!, { shape: build });
    const shapes = outputShapes(
      layer,
      inputs.map((input) => this.values.get(input)?.shape ?? null),
    );
    const outputs = shapes.map((shape, tensor) => {
      const name = this.named(layer, call, tensor);
      this.values.set(name, { shape });
      return name;
    });
    this.nodes.push({
      name: outputs[0]!,
      operator: layer.className,
      inputs: [...inputs, ...weights.map(({ tensor }) => tensor)],
      outputs,
      attributes: attributesOf(layer.config),
      ...(layer.path.length === 0 ? {} : { path: layer.path }),
    });
    return outputs;
  }

  private named(layer: KerasLayer, call: number, tensor: number): string {
    return this.scoped(layer.path, key({ layer: layer.name, call, tensor }));
  }

  private scoped(path: readonly string[], name: string): string {
    return path.length === 0 ? name : `${path.join('/')}/${name}`;
  }
}

/** `dense`; the second call of a shared layer is `dense:1`, its second output `dense:1:1`. */
function key({ layer, call, tensor }: LayerOutput): string {
  if (tensor > 0) return `${layer}:${call}:${tensor}`;
  return call > 0 ? `${layer}:${call}` : layer;
}

const modelConfig = (model: unknown): JsonRecord => {
  const config = own(asRecord(model), 'config');
  // Keras 1 and early Keras 2 write the layers of a Sequential model as a bare list.
  return Array.isArray(config) ? { layers: config } : asRecord(config);
};

const layerList = (config: JsonRecord): readonly unknown[] => asList(own(config, 'layers'));

const isModel = (layer: KerasLayer): boolean =>
  Array.isArray(own(layer.config, 'layers')) && !layer.className.includes('RNN');

function readLayer(
  entry: unknown,
  path: readonly string[],
  prefix: string,
  used: Map<string, number>,
): KerasLayer | null {
  const record = asRecord(entry);
  const className = asText(own(record, 'class_name'));
  if (className === undefined) return null;
  const config = own(record, 'config');
  const fields: JsonRecord = Array.isArray(config) ? { layers: config } : asRecord(config);
  const bare = className.slice(className.lastIndexOf('>') + 1);
  const snake = toSnakeCase(bare);
  const count = used.get(snake);
  used.set(snake, (count ?? -1) + 1);
  return {
    name: asText(own(record, 'name')) ?? asText(own(fields, 'name')) ?? snake,
    className: bare,
    config: fields,
    path,
    place: `${prefix}layers/${count === undefined ? snake : `${snake}_${count + 1}`}`,
  };
}

/** `Conv2D` → `conv2d`, `MultiHeadAttention` → `multi_head_attention`. Source: keras/src/utils/naming.py. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function statedInput(layer: KerasLayer): KnownShape {
  return shapeOf(own(layer.config, 'batch_shape') ?? own(layer.config, 'batch_input_shape'));
}

/** Numbers, short texts, flags and flat lists of a config; a wrapped layer's as well, unless the wrapper has its own. */
function attributesOf(config: JsonRecord, depth = 0): Record<string, AttributeValue> {
  const found: [string, AttributeValue][] = [];
  for (const [name, value] of Object.entries(config)) {
    if (typeof value === 'number' || typeof value === 'boolean') found.push([name, value]);
    else if (typeof value === 'string' && value.length <= 200) found.push([name, value]);
    else if (Array.isArray(value) && value.length <= 64) {
      if (value.every((item) => typeof item === 'number')) found.push([name, value as number[]]);
      else if (value.every((item) => typeof item === 'string')) found.push([name, value as string[]]);
      else if (value.flat().every((item) => typeof item === 'number')) found.push([name, value.flat() as number[]]);
    }
  }
  const wrapped = asRecord(own(config, 'layer'));
  const inner = asText(own(wrapped, 'class_name'));
  if (inner !== undefined && depth < 4) {
    const outer = new Set(found.map(([name]) => name));
    for (const [name, value] of Object.entries(attributesOf(asRecord(own(wrapped, 'config')), depth + 1)))
      if (!outer.has(name)) found.push([name, value]);
    found.push(['layer', inner]);
  }
  return Object.fromEntries(found);
}
