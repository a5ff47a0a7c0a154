import type { Dtype, LogicalDtype } from '@espalier/tensor';

/** What `TensorType` means to this product. `layout` is null where the bytes are no numbers of a known layout. */
export interface ElementType {
  readonly dtype: LogicalDtype;
  readonly layout: Dtype | null;
  readonly bits: number;
  readonly storage: string;
  /** How the type is called where it holds quantized numbers. */
  readonly quantized?: string;
}

const plain = (dtype: Dtype, bits: number, quantized?: string): ElementType => ({
  dtype,
  layout: dtype,
  bits,
  storage: dtype,
  ...(quantized === undefined ? {} : { quantized }),
});

/** TensorType of schema.fbs, by number. Two-bit integers have no logical type of their own: they count as the next wider one. */
const TYPES: readonly ElementType[] = [
  plain('F32', 32),
  plain('F16', 16),
  plain('I32', 32, 'int32'),
  plain('U8', 8, 'uint8'),
  plain('I64', 64, 'int64'),
  { dtype: 'STRING', layout: null, bits: 0, storage: 'STRING' },
  plain('BOOL', 8),
  plain('I16', 16, 'int16'),
  plain('C64', 64),
  plain('I8', 8, 'int8'),
  plain('F64', 64),
  plain('C128', 128),
  plain('U64', 64),
  { dtype: 'UNKNOWN', layout: null, bits: 0, storage: 'RESOURCE' },
  { dtype: 'UNKNOWN', layout: null, bits: 0, storage: 'VARIANT' },
  plain('U32', 32, 'uint32'),
  plain('U16', 16, 'uint16'),
  plain('I4', 4, 'int4'),
  plain('BF16', 16),
  { dtype: 'I4', layout: null, bits: 2, storage: 'INT2', quantized: 'int2' },
  plain('U4', 4, 'uint4'),
];

export const elementType = (type: number): ElementType =>
  TYPES[type] ?? { dtype: 'UNKNOWN', layout: null, bits: 0, storage: `type ${type}` };
