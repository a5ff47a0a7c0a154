import type { Dtype, LogicalDtype } from '@espalier/tensor';

export interface DataType {
  /** `float`, `bfloat16`: as TensorFlow calls it, without DT_. */
  readonly name: string;
  readonly logical: LogicalDtype;
  /** How an element lies in memory; null where it is no number. */
  readonly stored: Dtype | null;
}

const number = (name: string, dtype: Dtype): DataType => ({ name, logical: dtype, stored: dtype });

/** tensorflow/core/framework/types.proto. 4-bit integers take a byte each. */
const TYPES: Readonly<Record<number, DataType>> = {
  1: number('float', 'F32'),
  2: number('double', 'F64'),
  3: number('int32', 'I32'),
  4: number('uint8', 'U8'),
  5: number('int16', 'I16'),
  6: number('int8', 'I8'),
  7: { name: 'string', logical: 'STRING', stored: null },
  8: number('complex64', 'C64'),
  9: number('int64', 'I64'),
  10: number('bool', 'BOOL'),
  11: number('qint8', 'I8'),
  12: number('quint8', 'U8'),
  13: number('qint32', 'I32'),
  14: number('bfloat16', 'BF16'),
  15: number('qint16', 'I16'),
  16: number('quint16', 'U16'),
  17: number('uint16', 'U16'),
  18: number('complex128', 'C128'),
  19: number('half', 'F16'),
  22: number('uint32', 'U32'),
  23: number('uint64', 'U64'),
  24: number('float8_e5m2', 'F8_E5M2'),
  25: number('float8_e4m3fn', 'F8_E4M3'),
  26: number('float8_e4m3fnuz', 'F8_E4M3FNUZ'),
  28: number('float8_e5m2fnuz', 'F8_E5M2FNUZ'),
  29: { name: 'int4', logical: 'I4', stored: 'I8' },
  30: { name: 'uint4', logical: 'U4', stored: 'U8' },
};

/** The type of an enum value; 100 and more are references to a variable of the type. */
export function dataType(value: number): DataType {
  const plain = value > 100 ? value - 100 : value;
  return Object.hasOwn(TYPES, plain) ? TYPES[plain]! : { name: `type ${value}`, logical: 'UNKNOWN', stored: null };
}
