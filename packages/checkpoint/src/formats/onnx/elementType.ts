import type { Dtype, LogicalDtype } from '@espalier/tensor';

/** What TensorProto.DataType means to this product. */
export interface ElementType {
  readonly dtype: LogicalDtype;
  /** How raw data is laid out; null where it is not numbers of a known layout. */
  readonly layout: Dtype | null;
  /** Bits of one element in raw data; 0 for texts. */
  readonly bits: number;
  readonly storage: string;
}

const plain = (dtype: Dtype, bits: number): ElementType => ({ dtype, layout: dtype, bits, storage: dtype });

/**
 * TensorProto.DataType of onnx.proto (ONNX 1.23), by number. Two-bit integers have no logical type of their own: they count as the
 * next wider one.
 */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: plain('F32', 32),
  2: plain('U8', 8),
  3: plain('I8', 8),
  4: plain('U16', 16),
  5: plain('I16', 16),
  6: plain('I32', 32),
  7: plain('I64', 64),
  8: { dtype: 'STRING', layout: null, bits: 0, storage: 'STRING' },
  9: plain('BOOL', 8),
  10: plain('F16', 16),
  11: plain('F64', 64),
  12: plain('U32', 32),
  13: plain('U64', 64),
  14: plain('C64', 64),
  15: plain('C128', 128),
  16: plain('BF16', 16),
  17: plain('F8_E4M3', 8),
  18: plain('F8_E4M3FNUZ', 8),
  19: plain('F8_E5M2', 8),
  20: plain('F8_E5M2FNUZ', 8),
  21: plain('U4', 4),
  22: plain('I4', 4),
  23: plain('F4', 4),
  24: plain('F8_E8M0', 8),
  25: { dtype: 'U4', layout: null, bits: 2, storage: 'UINT2' },
  26: { dtype: 'I4', layout: null, bits: 2, storage: 'INT2' },
  27: plain('F6_E2M3', 6),
  28: plain('F6_E3M2', 6),
};

export const elementType = (dataType: number): ElementType =>
  TYPES[dataType] ?? { dtype: 'UNKNOWN', layout: null, bits: 0, storage: `type ${dataType}` };

const NUMBERS = new Map(
  Object.entries(TYPES).flatMap(([number, { layout }]) => (layout === null ? [] : [[layout, Number(number)]])),
);

/** The number of a type, for writers; ONNX has one for each. */
export const dataTypeOf = (dtype: Dtype): number => NUMBERS.get(dtype)!;

/** True for the integers that `DequantizeLinear` and its relatives take. */
export const isQuantized = (dtype: LogicalDtype): boolean => /^[IU](4|8|16|32)$/.test(dtype);
