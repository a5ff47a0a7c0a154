import { idleWork, ok, parseOptions, sizeOf } from '@espalier/base';
import type { Affine, TensorEntry } from '@espalier/checkpoint';
import type { HeadAxes, TensorHead } from '@espalier/model';
import { byteLength, type Dtype, memorySource } from '@espalier/tensor';
import type { PrunableLayer } from '../layer.js';
import type { BitMask } from '../mask.js';
import { maskBits } from '../maskBits.js';
import type { MaskAnswer, MethodContext } from '../method.js';
import { methods } from '../methods.js';

export const work = idleWork();

export interface LayerSpec {
  readonly name?: string;
  readonly shape: readonly number[];
  readonly dtype?: Dtype;
  /** Stored bytes, or values of an F32 tensor. */
  readonly bytes?: Uint8Array;
  readonly values?: ArrayLike<number>;
  readonly affine?: Affine;
  readonly role?: TensorHead['role'];
  readonly axes?: Partial<HeadAxes>;
}

/** A layer made of arrays, at an odd place of a file. Without axes the outputs come first and the inputs second. */
export function layerOf(spec: LayerSpec): PrunableLayer {
  const { name = 'layer.weight', shape, dtype = 'F32', affine } = spec;
  const bytes = spec.bytes ?? new Uint8Array(Float32Array.from(spec.values ?? new Float32Array(sizeOf(shape))).buffer);
  const begin = 8;
  const file = new Uint8Array(begin + bytes.length);
  file.set(bytes, begin);
  const elements = sizeOf(shape);
  const entry: TensorEntry = {
    name,
    dtype: affine === undefined ? dtype : 'F32',
    storage: dtype,
    shape,
    elements,
    bytes: byteLength(dtype, elements),
    data: {
      kind: 'raw',
      dtype,
      source: memorySource('test', file),
      begin,
      ...(affine === undefined ? {} : { affine }),
    },
  };
  return { head: headOf(entry, spec), entry };
}

function headOf({ name, dtype, storage, shape, elements, bytes }: TensorEntry, spec: LayerSpec): TensorHead {
  const vector = shape.length < 2;
  const axes = {
    output: vector ? [] : [0],
    input: vector ? [] : [1],
    kernel: shape.slice(2).map((_, i) => i + 2),
    groups: 1,
    ...spec.axes,
  };
  const channels = (list: readonly number[]): number | null =>
    list.length === 0 ? null : list.reduce((product, axis) => product * shape[axis]!, 1);
  return {
    name,
    dtype,
    storage,
    shape,
    elements,
    bytes,
    role: spec.role ?? (vector ? 'norm' : shape.length === 2 ? 'linear' : 'conv'),
    prunable: !vector,
    layer: name.slice(0, Math.max(0, name.lastIndexOf('.'), name.lastIndexOf('/'))),
    outputChannels: channels(axes.output),
    inputChannels: channels(axes.input),
    axes,
    description: '',
  };
}

/** What a method answers; options as a person gives them. */
export async function runMethod(
  name: string,
  layers: readonly PrunableLayer[],
  given: unknown = {},
  context: Partial<MethodContext> = {},
): ReturnType<(typeof methods)[number]['masks']> {
  const method = methods.find(({ description }) => description.name === name)!;
  const { options, problems } = parseOptions(method.description, given);
  if (problems.length > 0) throw new Error(problems[0]!.message);
  return method.masks(layers, options, { work, open: async () => ok([]), ...context });
}

/** The same, and it succeeds. */
export async function answerOf(...args: Parameters<typeof runMethod>): Promise<MaskAnswer> {
  const answer = await runMethod(...args);
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value;
}

/** Its masks as bits, layer by layer; undefined where a layer was left alone. */
export async function bitsOf(...args: Parameters<typeof runMethod>): Promise<(BitMask | undefined)[]> {
  const { masks } = await answerOf(...args);
  const all: (BitMask | undefined)[] = [];
  for (const layer of args[1]) {
    const mask = masks.get(layer.head.name);
    all.push(mask === undefined ? undefined : await maskBits(layer, mask, work));
  }
  return all;
}
