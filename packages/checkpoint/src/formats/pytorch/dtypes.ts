import type { Dtype } from '@espalier/tensor';

/** How one element of a PyTorch storage lies in the file. */
export interface StoredType {
  /** null: nobody decodes it (complex32, bits1x8 …). */
  readonly dtype: Dtype | null;
  /** What the table shows: `F32`, `QINT8`. */
  readonly label: string;
  /** Bytes of one element of the storage. */
  readonly width: number;
  /** Values packed into one element: two for quint4x2 and float4_e2m1fn_x2. */
  readonly packed?: number;
}

const plain = (dtype: Dtype, width: number): StoredType => ({ dtype, label: dtype, width });
const quantized = (dtype: Dtype, label: string, width: number): StoredType => ({ dtype, label, width });

/** By the class of the storage. Source: torch/storage.py, `_dtype_to_storage_type_map`. */
export const STORAGE_TYPES: ReadonlyMap<string, StoredType> = new Map([
  ['DoubleStorage', plain('F64', 8)],
  ['FloatStorage', plain('F32', 4)],
  ['HalfStorage', plain('F16', 2)],
  ['BFloat16Storage', plain('BF16', 2)],
  ['LongStorage', plain('I64', 8)],
  ['IntStorage', plain('I32', 4)],
  ['ShortStorage', plain('I16', 2)],
  ['CharStorage', plain('I8', 1)],
  ['ByteStorage', plain('U8', 1)],
  ['BoolStorage', plain('BOOL', 1)],
  ['ComplexDoubleStorage', plain('C128', 16)],
  ['ComplexFloatStorage', plain('C64', 8)],
  ['QInt8Storage', quantized('I8', 'QINT8', 1)],
  ['QUInt8Storage', quantized('U8', 'QUINT8', 1)],
  ['QInt32Storage', quantized('I32', 'QINT32', 4)],
  ['QUInt4x2Storage', { dtype: 'U4', label: 'QUINT4X2', width: 1, packed: 2 }],
  ['QUInt2x4Storage', { dtype: null, label: 'QUINT2X4', width: 1, packed: 4 }],
  ['UntypedStorage', plain('U8', 1)],
]);

/** By `torch.dtype`, for tensors whose storage does not say. */
export const TORCH_DTYPES: ReadonlyMap<string, StoredType> = new Map([
  ['float64', plain('F64', 8)],
  ['double', plain('F64', 8)],
  ['float32', plain('F32', 4)],
  ['float', plain('F32', 4)],
  ['float16', plain('F16', 2)],
  ['half', plain('F16', 2)],
  ['bfloat16', plain('BF16', 2)],
  ['float8_e4m3fn', plain('F8_E4M3', 1)],
  ['float8_e5m2', plain('F8_E5M2', 1)],
  ['float8_e4m3fnuz', plain('F8_E4M3FNUZ', 1)],
  ['float8_e5m2fnuz', plain('F8_E5M2FNUZ', 1)],
  ['float8_e8m0fnu', plain('F8_E8M0', 1)],
  ['float4_e2m1fn_x2', { dtype: 'F4', label: 'F4', width: 1, packed: 2 }],
  ['int64', plain('I64', 8)],
  ['long', plain('I64', 8)],
  ['int32', plain('I32', 4)],
  ['int', plain('I32', 4)],
  ['int16', plain('I16', 2)],
  ['short', plain('I16', 2)],
  ['int8', plain('I8', 1)],
  ['uint64', plain('U64', 8)],
  ['uint32', plain('U32', 4)],
  ['uint16', plain('U16', 2)],
  ['uint8', plain('U8', 1)],
  ['bool', plain('BOOL', 1)],
  ['complex128', plain('C128', 16)],
  ['complex64', plain('C64', 8)],
  ['complex32', { dtype: null, label: 'complex32', width: 4 }],
  ['qint8', quantized('I8', 'QINT8', 1)],
  ['quint8', quantized('U8', 'QUINT8', 1)],
  ['qint32', quantized('I32', 'QINT32', 4)],
  ['quint4x2', { dtype: 'U4', label: 'QUINT4X2', width: 1, packed: 2 }],
]);
