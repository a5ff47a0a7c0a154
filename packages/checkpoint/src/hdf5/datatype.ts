import type { Dtype } from '@espalier/tensor';
import type { Block } from './block.js';

/** What an element is. */
export type Hdf5Type =
  /** A number that one of our types describes, little-endian unless `bigEndian`. */
  | {
      readonly kind: 'number';
      readonly bytes: number;
      readonly dtype: Dtype;
      readonly bigEndian: boolean;
      readonly name: string;
    }
  | { readonly kind: 'text'; readonly bytes: number; readonly padding: 'nul' | 'space' }
  /** A length and a reference into a global heap. */
  | { readonly kind: 'variable'; readonly bytes: number; readonly text: boolean; readonly of: Hdf5Type }
  | { readonly kind: 'array'; readonly bytes: number; readonly shape: readonly number[]; readonly of: Hdf5Type }
  | { readonly kind: 'opaque'; readonly bytes: number }
  | { readonly kind: 'other'; readonly bytes: number; readonly name: string };

const CLASSES = [
  'integer',
  'float',
  'time',
  'string',
  'bitfield',
  'opaque',
  'compound',
  'reference',
  'enum',
  'variable length',
  'array',
  'complex',
];
const MAX_NESTING = 16;

/** Reads a datatype message. Source: HDF5 File Format Specification 3.0, section IV.A.2.d. */
export function readDatatype(block: Block, depth = 0): Hdf5Type {
  if (depth > MAX_NESTING) block.malformed('A datatype is nested too deeply');
  const head = block.u8();
  const kind = head & 15;
  const version = head >> 4;
  const bits = block.uint(3);
  const bytes = block.u32();
  const other = (name = CLASSES[kind] ?? `class ${kind}`): Hdf5Type => ({ kind: 'other', bytes, name });
  switch (kind) {
    case 0:
    case 4:
      return readInteger(block, bits, bytes, kind === 0 && (bits & 8) !== 0) ?? other();
    case 1:
      return readFloat(block, bits, bytes) ?? other();
    case 3:
      return { kind: 'text', bytes, padding: (bits & 15) === 2 ? 'space' : 'nul' };
    case 5:
      return { kind: 'opaque', bytes };
    case 6:
      return readCompound(block, version, bits & 0xffff, bytes, depth) ?? other();
    case 8:
      return readEnum(block, version, bits & 0xffff, depth) ?? other();
    case 9:
      return { kind: 'variable', bytes, text: (bits & 15) === 1, of: readDatatype(block, depth + 1) };
    case 10:
      return readArray(block, version, bytes, depth);
    case 11:
      return complexOf(readDatatype(block, depth + 1), bytes) ?? other();
    default:
      return other();
  }
}

const INTEGERS: Readonly<Record<string, Dtype>> = {
  '1s': 'I8',
  '2s': 'I16',
  '4s': 'I32',
  '8s': 'I64',
  '1u': 'U8',
  '2u': 'U16',
  '4u': 'U32',
  '8u': 'U64',
};

function readInteger(block: Block, bits: number, bytes: number, signed: boolean): Hdf5Type | null {
  const offset = block.u16();
  const precision = block.u16();
  const dtype = INTEGERS[`${bytes}${signed ? 's' : 'u'}`];
  if (dtype === undefined || offset !== 0 || precision !== 8 * bytes) return null;
  return { kind: 'number', bytes, dtype, bigEndian: (bits & 1) !== 0, name: `${signed ? 'int' : 'uint'}${8 * bytes}` };
}

/** By bytes, sign position, exponent position and size, mantissa position and size, and exponent bias. */
const FLOATS: Readonly<Record<string, readonly [Dtype, string]>> = {
  '8 63 52 11 0 52 1023': ['F64', 'float64'],
  '4 31 23 8 0 23 127': ['F32', 'float32'],
  '2 15 10 5 0 10 15': ['F16', 'float16'],
  '2 15 7 8 0 7 127': ['BF16', 'bfloat16'],
  '1 7 3 4 0 3 7': ['F8_E4M3', 'float8_e4m3fn'],
  '1 7 2 5 0 2 15': ['F8_E5M2', 'float8_e5m2'],
};

function readFloat(block: Block, bits: number, bytes: number): Hdf5Type | null {
  block.skip(4);
  const exponentAt = block.u8();
  const exponentBits = block.u8();
  const mantissaAt = block.u8();
  const mantissaBits = block.u8();
  const bias = block.u32();
  const key = [bytes, (bits >> 8) & 255, exponentAt, exponentBits, mantissaAt, mantissaBits, bias].join(' ');
  const known = Object.hasOwn(FLOATS, key) ? FLOATS[key]! : null;
  // Bit 6 marks the mixed order of VAX.
  if (known === null || (bits & 0x40) !== 0) return null;
  return { kind: 'number', bytes, dtype: known[0], bigEndian: (bits & 1) !== 0, name: known[1] };
}

/** h5py stores complex numbers as a compound of two floats. */
function readCompound(block: Block, version: number, members: number, bytes: number, depth: number): Hdf5Type | null {
  const types: { offset: number; type: Hdf5Type }[] = [];
  for (let member = 0; member < members; member++) {
    const from = block.at;
    block.nulText(from, version < 3 ? 8 : 1);
    const offset = version < 3 ? block.u32() : block.uint(widthFor(bytes));
    if (version === 1) {
      block.skip(12 + 16);
    }
    types.push({ offset, type: readDatatype(block, depth + 1) });
  }
  const [re, im] = types;
  if (types.length !== 2 || re!.offset !== 0 || im!.offset !== re!.type.bytes) return null;
  const same =
    re!.type.kind === 'number' &&
    im!.type.kind === 'number' &&
    re!.type.dtype === im!.type.dtype &&
    re!.type.bigEndian === im!.type.bigEndian;
  return same ? complexOf(re!.type, bytes) : null;
}

/** Bytes that hold the numbers up to `largest`. */
export function widthFor(largest: number): number {
  let width = 1;
  while (largest >= 256 ** width && width < 8) width++;
  return width;
}

function complexOf(part: Hdf5Type, bytes: number): Hdf5Type | null {
  if (part.kind !== 'number' || bytes !== 2 * part.bytes) return null;
  if (part.dtype === 'F32')
    return { kind: 'number', bytes, dtype: 'C64', bigEndian: part.bigEndian, name: 'complex64' };
  if (part.dtype === 'F64')
    return { kind: 'number', bytes, dtype: 'C128', bigEndian: part.bigEndian, name: 'complex128' };
  return null;
}

/** h5py stores booleans as an enumeration FALSE, TRUE of bytes. Other enumerations are their integers. */
function readEnum(block: Block, version: number, members: number, depth: number): Hdf5Type | null {
  const base = readDatatype(block, depth + 1);
  if (base.kind !== 'number') return null;
  const names: string[] = [];
  for (let member = 0; member < members; member++) names.push(block.nulText(block.at, version < 3 ? 8 : 1));
  const boolean = base.bytes === 1 && names.length === 2 && names[0] === 'FALSE' && names[1] === 'TRUE';
  return boolean ? { ...base, dtype: 'BOOL', name: 'bool' } : base;
}

function readArray(block: Block, version: number, bytes: number, depth: number): Hdf5Type {
  const rank = block.u8();
  if (version < 3) block.skip(3);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(block.u32());
  if (version < 3) block.skip(4 * rank);
  return { kind: 'array', bytes, shape, of: readDatatype(block, depth + 1) };
}
