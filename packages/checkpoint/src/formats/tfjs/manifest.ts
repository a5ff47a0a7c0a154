import { type Fault, raise, type Shape, shapeText, sizeOf } from '@espalier/base';
import { byteLength, type Dtype, type LogicalDtype } from '@espalier/tensor';
import type { Affine } from '../../checkpoint.js';
import { asText, isLength, isRecord, own } from '../../json.js';
import { brief } from '../../names.js';

/** One entry of a weights manifest, checked. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly elements: number;
  readonly dtype: LogicalDtype;
  readonly storage: string;
  /** How its bytes lie in the shard. null: nobody knows how long it is, so nothing behind it can be found either. */
  readonly stored: Stored | null;
  /** The claim itself is impossible. */
  readonly fault?: Fault;
  /** `optimizer` for the state of an optimizer that was saved along. */
  readonly group?: string;
}

export type Stored =
  /** Length-prefixed texts, as many as the shape says. */
  | { readonly kind: 'strings' }
  | {
      readonly kind: 'numbers';
      readonly dtype: Dtype;
      readonly bytes: number;
      readonly affine?: Affine;
      readonly rounded: boolean;
    };

export interface WeightGroup {
  /** Files whose bytes, one after the other, hold the weights, one after the other. */
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

/** Types that TensorFlow.js and its converter write. Source: tfjs-core `io/types.ts`, converter `write_weights.py`. */
const DTYPES: Readonly<Record<string, Dtype>> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  bool: 'BOOL',
  complex64: 'C64',
};

/** Checks every claim of `weightsManifest`. Fault: `checkpoint/header-malformed`. */
export function parseManifest(claim: unknown, file: string): WeightGroup[] {
  if (!Array.isArray(claim)) malformed(file, 'the weights manifest is not a list of groups');
  return (claim as unknown[]).map((group, index) => {
    if (!isRecord(group)) return malformed(file, `group ${index} is not an object`);
    const paths = own(group, 'paths');
    const weights = own(group, 'weights');
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
      return malformed(file, `the paths of group ${index} are not a list of names`);
    }
    if (!Array.isArray(weights)) return malformed(file, `the weights of group ${index} are not a list`);
    return { paths, weights: weights.map((weight, at) => readSpec(weight, `weight ${at} of group ${index}`, file)) };
  });
}

function readSpec(claim: unknown, place: string, file: string): WeightSpec {
  if (!isRecord(claim)) return malformed(file, `${place} is not an object`);
  const name = own(claim, 'name');
  const dtype = own(claim, 'dtype');
  const shape = own(claim, 'shape');
  if (typeof name !== 'string') return malformed(file, `${place} has no name`);
  if (typeof dtype !== 'string') return malformed(file, `${brief(name)}: its dtype is not a text`);
  if (!Array.isArray(shape) || !shape.every(isLength))
    return malformed(file, `${brief(name)}: its shape is not a list of sizes`);
  const elements = sizeOf(shape);
  if (!Number.isSafeInteger(elements * 16)) return impossible(name, shape as number[], dtype, file);
  const group = asText(own(claim, 'group'));
  const base = { name, shape: shape as number[], elements, ...(group === undefined ? {} : { group }) };
  const quantization = own(claim, 'quantization');
  if (quantization !== undefined && quantization !== null) {
    return { ...base, ...readQuantized(quantization, dtype, elements, name, file) };
  }
  if (dtype === 'string') return { ...base, dtype: 'STRING', storage: 'string', stored: { kind: 'strings' } };
  const plain = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype]! : null;
  if (plain === null) return { ...base, dtype: 'UNKNOWN', storage: dtype, stored: null };
  const stored = { kind: 'numbers', dtype: plain, bytes: byteLength(plain, elements), rounded: false } as const;
  return { ...base, dtype: plain, storage: dtype, stored };
}

/** A weight that cannot exist: it is listed with its claim, without elements, and nobody can tell where the next one begins. */
function impossible(name: string, shape: Shape, dtype: string, file: string): WeightSpec {
  const message = `The weight ${brief(name)} claims a shape of ${shapeText(shape)}, more elements than can be addressed.`;
  const fault: Fault = { code: 'checkpoint/header-malformed', file, found: shapeText(shape), message };
  return { name, shape, elements: 0, dtype: 'UNKNOWN', storage: dtype, stored: null, fault };
}

/** `v · scale + min` in double precision, stored as f32; int32 weights are rounded. Source: tfjs-core `decodeWeights`. */
function readQuantized(
  claim: unknown,
  dtype: string,
  elements: number,
  name: string,
  file: string,
): Pick<WeightSpec, 'dtype' | 'storage' | 'stored'> {
  if (!isRecord(claim)) return malformed(file, `${brief(name)}: its quantization is not an object`);
  const stored = own(claim, 'dtype');
  if (stored === 'float16' && dtype === 'float32') {
    return {
      dtype: 'F32',
      storage: 'float16',
      stored: { kind: 'numbers', dtype: 'F16', bytes: 2 * elements, rounded: false },
    };
  }
  const integer = stored === 'uint8' ? 'U8' : stored === 'uint16' ? 'U16' : null;
  if (integer === null || (dtype !== 'float32' && dtype !== 'int32')) {
    return {
      dtype: 'UNKNOWN',
      storage: `${dtype} as ${typeof stored === 'string' ? stored : 'something unknown'}`,
      stored: null,
    };
  }
  const scale = own(claim, 'scale');
  const minimum = own(claim, 'min');
  if (
    typeof scale !== 'number' ||
    typeof minimum !== 'number' ||
    !Number.isFinite(scale) ||
    !Number.isFinite(minimum)
  ) {
    return malformed(file, `${brief(name)}: its quantization has no scale and min`);
  }
  return {
    dtype: dtype === 'float32' ? 'F32' : 'I32',
    storage: `${stored} affine`,
    stored: {
      kind: 'numbers',
      dtype: integer,
      bytes: byteLength(integer, elements),
      affine: { form: 'minimum', scale, minimum },
      rounded: dtype === 'int32',
    },
  };
}

function malformed(file: string, what: string): never {
  raise({ code: 'checkpoint/header-malformed', file, message: `The weights manifest is malformed: ${what}.` });
}
