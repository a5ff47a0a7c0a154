import { type Shape, sizeOf, stridesOf } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import type { TensorData, TensorEntry } from '../../checkpoint.js';
import { stridedData } from '../../values/strided.js';
import { type NumpyType, parseNumpyType } from './dtype.js';

/** An array whose bytes lie somewhere in a source. */
export interface ArrayClaim {
  readonly descr: string;
  readonly structured?: boolean;
  readonly shape: Shape;
  readonly fortran: boolean;
  readonly source: ByteSource;
  /** Offset of the first element in `source`. */
  readonly begin: number;
  /** Bytes from there that belong to the array or may do so. */
  readonly available: number;
}

/** An array as an entry. What cannot be read becomes its `data`, never an exception. `file` is for messages. */
export function arrayEntry(name: string, claim: ArrayClaim, file: string): TensorEntry {
  const type: NumpyType = claim.structured ? { kind: 'other', width: null } : parseNumpyType(claim.descr);
  const elements = sizeOf(claim.shape);
  const width = type.kind === 'objects' ? null : type.width;
  const bytes = width === null ? claim.available : elements * width;
  return {
    name,
    dtype: type.kind === 'numbers' ? type.dtype : type.kind === 'text' ? 'STRING' : 'UNKNOWN',
    storage: storageLabel(type, claim),
    shape: claim.shape,
    elements,
    bytes: Math.min(bytes, Number.MAX_SAFE_INTEGER),
    data: dataOf(name, type, claim, elements, bytes, file),
  };
}

function storageLabel(type: NumpyType, { descr, structured, fortran }: ArrayClaim): string {
  if (structured) return 'structured';
  if (type.kind !== 'numbers') return type.kind === 'objects' ? 'Python objects' : descr;
  return `${type.dtype}${type.bigEndian ? ' big-endian' : ''}${fortran ? ' Fortran order' : ''}`;
}

function dataOf(
  name: string,
  type: NumpyType,
  claim: ArrayClaim,
  elements: number,
  bytes: number,
  file: string,
): TensorData {
  const refused = (code: string, message: string): TensorData => ({
    kind: 'none',
    why: 'unsupported',
    fault: { code, file, offset: claim.begin, message },
  });
  if (type.kind === 'objects') {
    return refused(
      'checkpoint/pickled-array',
      `Array ${name} holds Python objects, which are a pickle. They were not read.`,
    );
  }
  if (type.kind === 'other')
    return refused(
      'checkpoint/unsupported-tensor',
      `Array ${name} has elements of type ${claim.descr}, which are not numbers.`,
    );
  if (type.kind === 'text') return { kind: 'none', why: 'text' };
  if (elements === 0) return { kind: 'none', why: 'empty' };
  if (bytes > claim.available) {
    const message = `The file ends ${claim.available} bytes after the header, array ${name} needs ${bytes} at ${claim.begin}.`;
    const fault = {
      code: 'checkpoint/truncated',
      file,
      offset: claim.begin,
      expected: bytes,
      found: claim.available,
      message,
    };
    return { kind: 'none', why: 'unreadable', fault };
  }
  const { source, begin, shape } = claim;
  // Order says nothing about arrays with at most one axis longer than 1.
  const fortran = claim.fortran && shape.filter((length) => length > 1).length > 1;
  if (!fortran && !type.bigEndian) return { kind: 'raw', dtype: type.dtype, source, begin };
  const strides = fortran ? stridesOf([...shape].reverse()).reverse() : stridesOf(shape);
  return stridedData({ source, dtype: type.dtype, shape, strides, begin, bigEndian: type.bigEndian });
}

/** An array inside a pickle, its bytes in the pickle's source or already in memory. */
export function numpyEntry(
  name: string,
  array: {
    readonly descr: string;
    readonly shape: Shape;
    readonly fortran: boolean;
    readonly bytes: { readonly length: number; readonly offset: number | null; readonly bytes: Uint8Array | null };
  },
  pickle: ByteSource,
  file: string,
): TensorEntry {
  const { bytes } = array;
  const inFile = bytes.offset !== null;
  const source = inFile ? pickle : memorySource(file, bytes.bytes ?? new Uint8Array(0));
  return arrayEntry(name, { ...array, source, begin: bytes.offset ?? 0, available: bytes.length }, file);
}
