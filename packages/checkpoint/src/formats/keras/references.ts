import { asList, asRecord, isLength, isRecord, own } from '../../json.js';
import type { KnownShape } from '../tensorflow/nodeDef.js';

/** Output `tensor` of call `call` of a layer. */
export interface LayerOutput {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
  /** Keras 3 states it. */
  readonly shape?: KnownShape;
}

/** Nesting of argument structures that is followed. Real ones have three or four levels. */
const MAX_NESTING = 12;

/** The calls of a layer, each with the outputs that it reads, in order. Keras 2: nested lists; Keras 3: args and kwargs. */
export function callsOf(inboundNodes: unknown): LayerOutput[][] {
  return asList(inboundNodes).map((call) => referencesIn(call, 0));
}

/** Inputs or outputs of a model: `["x", 0, 0]`, a list of such, or a dictionary of such. */
export const endpointsOf = (value: unknown): LayerOutput[] => referencesIn(value, 0);

function referencesIn(value: unknown, depth: number): LayerOutput[] {
  if (depth > MAX_NESTING) return [];
  if (Array.isArray(value)) {
    const [layer, call, tensor, kwargs] = value as unknown[];
    if (typeof layer === 'string' && isLength(call) && isLength(tensor)) {
      return [{ layer, call, tensor }, ...referencesIn(kwargs, depth + 1)];
    }
    return value.flatMap((item) => referencesIn(item, depth + 1));
  }
  if (!isRecord(value)) return [];
  if (own(value, 'class_name') === '__keras_tensor__') {
    const config = asRecord(own(value, 'config'));
    const [layer, call, tensor] = asList(own(config, 'keras_history'));
    if (typeof layer !== 'string' || !isLength(call) || !isLength(tensor)) return [];
    const shape = shapeOf(own(config, 'shape'));
    return [shape === null ? { layer, call, tensor } : { layer, call, tensor, shape }];
  }
  return Object.values(value).flatMap((item) => referencesIn(item, depth + 1));
}

/** `[null, 28, 28, 1]`; anything else is unknown. */
export function shapeOf(value: unknown): KnownShape {
  if (!Array.isArray(value) || value.length > 32) return null;
  return value.every((axis) => axis === null || isLength(axis)) ? (value as (number | null)[]) : null;
}
