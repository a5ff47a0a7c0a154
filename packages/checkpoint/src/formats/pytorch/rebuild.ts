import { type Shape, sizeOf } from '@espalier/base';
import { STORAGE_TYPES, type StoredType, TORCH_DTYPES } from './dtypes.js';
import { isKind, itemsOf, nameOf, type PyBytes, type PyObject, type Value, wholeNumber } from './pickle/value.js';

/** A storage that a tensor is a view of. */
export interface StorageRef {
  /** Key within the file, as text. */
  readonly key: string;
  readonly type: StoredType;
  /** Elements of `type` that the pickle says it has. */
  readonly elements: number;
  /** First element of the view that very old files take of a storage. */
  readonly viewBegin: number;
}

export interface DenseTensor {
  readonly kind: 'dense';
  readonly storage: StorageRef;
  readonly type: StoredType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  /** First element within the storage. */
  readonly offset: number;
  readonly negated?: boolean;
  readonly quantizer?: Quantizer;
}

export type Quantizer =
  | { readonly kind: 'tensor'; readonly scale: number; readonly zeroPoint: number }
  | {
      readonly kind: 'channel';
      readonly axis: number;
      readonly scales: DenseTensor | readonly number[];
      readonly zeroPoints: DenseTensor | readonly number[];
    };

export interface SparseTensor {
  readonly kind: 'sparse';
  readonly layout: 'coo' | 'csr' | 'csc' | 'bsr' | 'bsc';
  readonly shape: Shape;
  /** COO: indices [axes, nnz]. Others: where each compressed row (or column) begins. */
  readonly first: DenseTensor;
  /** Others than COO: the plain indices. */
  readonly second?: DenseTensor;
  readonly values: DenseTensor;
}

export interface NumpyTensor {
  readonly kind: 'numpy';
  /** numpy's own text: `<f4`. */
  readonly descr: string;
  readonly shape: Shape;
  readonly fortran: boolean;
  readonly bytes: PyBytes;
}

/** A tensor as the pickle describes it, before any byte of it was looked for. */
export type Rebuilt =
  | DenseTensor
  | SparseTensor
  | NumpyTensor
  | { readonly kind: 'meta'; readonly type: StoredType; readonly shape: Shape }
  /** Certainly a tensor, but of a kind that is not understood, or with claims that cannot be. */
  | { readonly kind: 'unsupported'; readonly what: string };

const unsupported = (what: string): Rebuilt => ({ kind: 'unsupported', what });

/** undefined: this is no tensor. Source: torch/_utils.py and torch/_tensor.py, the functions named here. */
export function rebuild(value: Value, depth = 0): Rebuilt | undefined {
  if (!isKind(value, 'object') || depth > 8) return undefined;
  const { args } = value;
  switch (nameOf(value.type)) {
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return dense(args, args[6]);
    case 'torch._utils._rebuild_tensor_v3':
      return dense(args, args[7], args[6]);
    case 'torch._utils._rebuild_qtensor':
      return quantizedTensor(args);
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return args[0] === undefined ? undefined : rebuild(args[0], depth + 1);
    case 'torch.nn.parameter.Parameter':
    case 'torch.nn.parameter.Buffer':
    case 'torch.Tensor':
      return value.args[0] === undefined ? undefined : rebuild(value.args[0], depth + 1);
    case 'torch._tensor._rebuild_from_type':
    case 'torch._tensor._rebuild_from_type_v2':
      return rebuild({ kind: 'object', type: args[0] ?? null, args: itemsOf(args[2]) ?? [] }, depth + 1);
    case 'torch.jit._pickle.restore_type_tag':
      return args[0] === undefined ? undefined : rebuild(args[0], depth + 1);
    case 'torch._utils._rebuild_sparse_tensor':
      return sparse(args[0], itemsOf(args[1]) ?? []);
    case 'torch._utils._rebuild_sparse_csr_tensor':
      return compressed('csr', itemsOf(args[1]) ?? []);
    case 'torch._utils._rebuild_meta_tensor_no_storage':
      return meta(args);
    case 'torch._utils._rebuild_device_tensor_from_numpy':
    case 'torch._utils._rebuild_xla_tensor':
      return args[0] === undefined ? undefined : rebuild(args[0], depth + 1);
    case 'torch._utils._rebuild_wrapper_subclass':
    case 'torch._utils._rebuild_nested_tensor':
    case 'torch._utils._rebuild_device_tensor_from_cpu_tensor':
      return unsupported(nameOf(value.type)!.slice('torch._utils._rebuild_'.length));
    case 'numpy.core.multiarray._reconstruct':
    case 'numpy._core.multiarray._reconstruct':
      return numpyState(itemsOf(value.state));
    case 'numpy.core.numeric._frombuffer':
    case 'numpy._core.numeric._frombuffer':
      return numpyBuffer(args);
    default:
      return undefined;
  }
}

function dense(args: readonly Value[], metadata: Value | undefined, dtype?: Value): Rebuilt {
  const storage = storageOf(args[0]);
  const shape = sizesOf(args[2]);
  const offset = wholeNumber(args[1]);
  if (storage === undefined) return unsupported('its storage');
  const type = dtype === undefined ? storage.type : torchDtype(dtype);
  if (type === undefined) return unsupported(`dtype ${nameOf(dtype) ?? 'unknown'}`);
  const strides = sizesOf(args[3]);
  if (shape === undefined || strides?.length !== shape.length || offset === undefined || offset < 0) {
    return unsupported('its sizes or strides cannot be');
  }
  const negated = isKind(metadata, 'dict') && metadata.entries.get('neg') === true;
  return { kind: 'dense', storage, type, shape, strides, offset, ...(negated ? { negated } : {}) };
}

function quantizedTensor(args: readonly Value[]): Rebuilt {
  const tensor = dense(args, undefined);
  if (tensor.kind !== 'dense') return tensor;
  const parameters = itemsOf(args[4]) ?? [];
  switch (nameOf(parameters[0])) {
    case 'torch.per_tensor_affine':
    case 'torch.per_tensor_symmetric': {
      const [, scale, zeroPoint] = parameters;
      if (typeof scale !== 'number' || typeof zeroPoint !== 'number') return unsupported('a scale that is no number');
      return { ...tensor, quantizer: { kind: 'tensor', scale, zeroPoint } };
    }
    case 'torch.per_channel_affine':
    case 'torch.per_channel_symmetric':
    case 'torch.per_channel_affine_float_qparams': {
      const scales = numbersOf(parameters[1]);
      const zeroPoints = numbersOf(parameters[2]);
      const axis = wholeNumber(parameters[3]);
      if (scales === undefined || zeroPoints === undefined || axis === undefined)
        return unsupported('scales that are no tensors');
      if (axis < 0 || axis >= tensor.shape.length) return unsupported(`a channel axis of ${axis}`);
      return { ...tensor, quantizer: { kind: 'channel', axis, scales, zeroPoints } };
    }
    default:
      return unsupported(`quantization ${nameOf(parameters[0]) ?? 'unknown'}`);
  }
}

/** A tensor, or a list of numbers as very old files have it. */
function numbersOf(value: Value | undefined): DenseTensor | readonly number[] | undefined {
  const items = itemsOf(value);
  if (items?.every((item): item is number => typeof item === 'number')) return items as readonly number[];
  const tensor = value === undefined ? undefined : rebuild(value, 1);
  return tensor?.kind === 'dense' ? tensor : undefined;
}

const LAYOUTS: ReadonlyMap<string, SparseTensor['layout']> = new Map([
  ['torch.sparse_coo', 'coo'],
  ['torch.sparse_csr', 'csr'],
  ['torch.sparse_csc', 'csc'],
  ['torch.sparse_bsr', 'bsr'],
  ['torch.sparse_bsc', 'bsc'],
]);

function sparse(layoutValue: Value | undefined, data: readonly Value[]): Rebuilt {
  const name = layoutName(layoutValue);
  const layout = LAYOUTS.get(name ?? '');
  if (layout === undefined) return unsupported(`layout ${name ?? 'unknown'}`);
  if (layout !== 'coo') return compressed(layout, data);
  const [first, values] = [denseOf(data[0]), denseOf(data[1])];
  const shape = sizesOf(data[2]);
  if (first === undefined || values === undefined || shape === undefined)
    return unsupported('a sparse tensor without indices');
  return { kind: 'sparse', layout, shape, first, values };
}

/** `torch.serialization._get_layout('torch.sparse_coo')`, or the layout itself. */
function layoutName(value: Value | undefined): string | undefined {
  if (isKind(value, 'object')) return typeof value.args[0] === 'string' ? value.args[0] : undefined;
  return nameOf(value);
}

function compressed(layout: Exclude<SparseTensor['layout'], 'coo'>, data: readonly Value[]): Rebuilt {
  const [first, second, values] = [denseOf(data[0]), denseOf(data[1]), denseOf(data[2])];
  const shape = sizesOf(data[3]);
  if (first === undefined || second === undefined || values === undefined || shape === undefined) {
    return unsupported('a sparse tensor without indices');
  }
  return { kind: 'sparse', layout, shape, first, second, values };
}

function denseOf(value: Value | undefined): DenseTensor | undefined {
  const tensor = value === undefined ? undefined : rebuild(value, 1);
  return tensor?.kind === 'dense' && tensor.quantizer === undefined ? tensor : undefined;
}

function meta(args: readonly Value[]): Rebuilt {
  const type = torchDtype(args[0]);
  const shape = sizesOf(args[1]);
  return type === undefined || shape === undefined
    ? unsupported('a meta tensor without a size')
    : { kind: 'meta', type, shape };
}

/**
 * `('storage', torch.FloatStorage, '0', 'cpu', 12)`, in legacy files with the view as a sixth item. A storage inside a byte string has the same
 * description as its state, once it was found there.
 */
export function storageOf(value: Value | undefined): StorageRef | undefined {
  const id = itemsOf(isKind(value, 'persistent') ? value.id : isKind(value, 'object') ? value.state : undefined);
  if (id === undefined || id[0] !== 'storage') return undefined;
  const type = STORAGE_TYPES.get(nameOf(id[1])?.split('.').at(-1) ?? '');
  const key =
    typeof id[2] === 'string' || typeof id[2] === 'number' || typeof id[2] === 'bigint' ? String(id[2]) : undefined;
  const elements = wholeNumber(id[4]);
  if (type === undefined || key === undefined || elements === undefined || elements < 0) return undefined;
  const view = itemsOf(id[5]);
  const viewBegin = view === undefined ? 0 : wholeNumber(view[1]);
  return viewBegin === undefined || viewBegin < 0 ? undefined : { key, type, elements, viewBegin };
}

function torchDtype(value: Value | undefined): StoredType | undefined {
  const name = nameOf(value);
  return name?.startsWith('torch.') ? TORCH_DTYPES.get(name.slice('torch.'.length)) : undefined;
}

/** Sizes or strides: whole, not negative, with a product that can be addressed. */
function sizesOf(value: Value | undefined): number[] | undefined {
  const items = itemsOf(value);
  if (items === undefined || items.length > 64) return undefined;
  const sizes = items.map(wholeNumber);
  if (!sizes.every((size): size is number => size !== undefined && size >= 0)) return undefined;
  return Number.isSafeInteger(sizeOf(sizes.filter((size) => size > 0))) ? sizes : undefined;
}

/** `ndarray.__setstate__`: (version, shape, dtype, is Fortran, bytes). */
function numpyState(state: readonly Value[] | undefined): Rebuilt {
  const [, shapeValue, dtype, fortran, bytes] = state ?? [];
  const descr = numpyDescr(dtype);
  const shape = sizesOf(shapeValue);
  if (descr === undefined || shape === undefined || !isKind(bytes, 'bytes'))
    return unsupported('a NumPy array of objects');
  return { kind: 'numpy', descr, shape, fortran: fortran === true || fortran === 1, bytes };
}

/** `_frombuffer(bytes, dtype, shape, order)`, from protocol 5. */
function numpyBuffer([bytes, dtype, shapeValue, order]: readonly Value[]): Rebuilt {
  const descr = numpyDescr(dtype);
  const shape = sizesOf(shapeValue);
  if (descr === undefined || shape === undefined || !isKind(bytes, 'bytes'))
    return unsupported('a NumPy array of objects');
  return { kind: 'numpy', descr, shape, fortran: order === 'F', bytes };
}

/** `dtype('f4', False, True)` with the byte order in its state: (3, '<', …). */
function numpyDescr(value: Value | undefined): string | undefined {
  if (!isKind(value, 'object') || nameOf(value.type) !== 'numpy.dtype' || typeof value.args[0] !== 'string')
    return undefined;
  const order = itemsOf((value as PyObject).state)?.[1];
  const fields = itemsOf((value as PyObject).state)?.[3];
  if (fields !== undefined && fields !== null) return undefined;
  return `${order === '>' ? '>' : '<'}${value.args[0]}`;
}
