import { byteLength, decodeValues } from '@espalier/tensor';
import type { Axes, Role, TensorData, TensorEntry } from '../../checkpoint.js';
import type { Stored, WeightSpec } from './manifest.js';
import type { Place } from './place.js';

/** What the topology knows of a weight's purpose. */
export interface WeightUse {
  readonly role?: Role;
  readonly axes?: Axes;
}

/** A weight of the manifest as an entry; its values are read on demand. */
export function toEntry(name: string, weight: WeightSpec, place: Place, use: WeightUse | undefined): TensorEntry {
  const role: Role | undefined =
    weight.group === 'optimizer' ? 'optimizer' : weight.dtype === 'STRING' ? 'text' : use?.role;
  return {
    name,
    dtype: weight.dtype,
    storage: weight.storage,
    shape: weight.shape,
    elements: weight.elements,
    bytes: place.bytes,
    data: dataOf(weight, place),
    ...(use?.axes === undefined ? {} : { axes: use.axes }),
    ...(role === undefined ? {} : { roleHint: role }),
  };
}

function dataOf(weight: WeightSpec, place: Place): TensorData {
  if (weight.fault !== undefined) return { kind: 'none', why: 'unreadable', fault: weight.fault };
  if (weight.stored?.kind === 'strings') return { kind: 'none', why: weight.elements === 0 ? 'empty' : 'text' };
  if (weight.elements === 0) return { kind: 'none', why: 'empty' };
  if ('fault' in place)
    return { kind: 'none', why: weight.stored === null ? 'unsupported' : 'unreadable', fault: place.fault };
  if (weight.stored === null) return { kind: 'none', why: 'unsupported' };
  const { dtype, affine, rounded } = weight.stored;
  if (rounded) return roundedData(weight.stored, place);
  return { kind: 'raw', dtype, source: place.source, begin: place.begin, ...(affine === undefined ? {} : { affine }) };
}

/** int32 weights stored as uint8 or uint16: `Math.round(v · scale + min)`, as TensorFlow.js loads them. */
function roundedData(
  stored: Extract<Stored, { kind: 'numbers' }>,
  place: Extract<Place, { begin: number }>,
): TensorData {
  const affine = stored.affine?.form === 'minimum' ? stored.affine : { scale: 1, minimum: 0 };
  const width = byteLength(stored.dtype, 1);
  return {
    kind: 'decoded',
    blockElements: 1,
    async read(begin, count, signal) {
      const bytes = await place.source.read(place.begin + begin * width, count * width, signal);
      const stored64 = decodeValues(stored.dtype, bytes, count);
      // An Int32Array wraps as the reference does for values beyond 32 bits.
      return Float64Array.from(Int32Array.from(stored64, (value) => Math.round(value * affine.scale + affine.minimum)));
    },
  };
}
