import type { Dtype } from '@espalier/tensor';

/** An element type as NumPy writes it: byte order, kind and bytes per element. */
export type NumpyType =
  | { readonly kind: 'numbers'; readonly dtype: Dtype; readonly width: number; readonly bigEndian: boolean }
  | { readonly kind: 'text'; readonly width: number }
  /** Python objects: what follows is a pickle. */
  | { readonly kind: 'objects' }
  | { readonly kind: 'other'; readonly width: number | null };

const NUMBERS: ReadonlyMap<string, Dtype> = new Map([
  ['f8', 'F64'],
  ['f4', 'F32'],
  ['f2', 'F16'],
  ['c16', 'C128'],
  ['c8', 'C64'],
  ['i8', 'I64'],
  ['i4', 'I32'],
  ['i2', 'I16'],
  ['i1', 'I8'],
  ['u8', 'U64'],
  ['u4', 'U32'],
  ['u2', 'U16'],
  ['u1', 'U8'],
  ['b1', 'BOOL'],
]);

/** `<f4`, `|u1`, `>i8`, `|S12`, `|O` … Source: NumPy, "The Array Interface", typestr. */
export function parseNumpyType(descr: string): NumpyType {
  const match = /^([<>|=]?)([a-zA-Z?])(\d*)(?:\[.*\])?$/.exec(descr);
  if (match === null) return { kind: 'other', width: null };
  const [, order, letter, digits] = match as unknown as [string, string, string, string];
  const size = digits === '' ? null : Number(digits);
  if (letter === 'O') return { kind: 'objects' };
  // Text: S counts bytes, U characters of four bytes.
  if (letter === 'S' || letter === 'a') return { kind: 'text', width: size ?? 0 };
  if (letter === 'U') return { kind: 'text', width: 4 * (size ?? 0) };
  const dtype = letter === '?' ? 'BOOL' : NUMBERS.get(letter + digits);
  if (dtype === undefined) return { kind: 'other', width: size };
  const width = letter === '?' ? 1 : (size ?? 1);
  return { kind: 'numbers', dtype, width, bigEndian: order === '>' && width > 1 };
}
