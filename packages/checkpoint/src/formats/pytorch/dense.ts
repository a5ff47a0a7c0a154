import { attempt, type Fault, raise, type Shape, shapeText, sizeOf } from '@espalier/base';
import { byteLength, type LogicalDtype, type Values } from '@espalier/tensor';
import type { Affine, TensorData, TensorEntry } from '../../checkpoint.js';
import { dequantize, readValues } from '../../values/readValues.js';
import { extentOf, isContiguous, stridedData } from '../../values/strided.js';
import { type FindStorage, isFault, type Place } from './place.js';
import type { DenseTensor, Quantizer } from './rebuild.js';

/** Views that repeat their storage may state any size; nobody scans more than this from repeated elements. */
const MAX_EXPANDED = 2 ** 28;

/** A dense tensor as an entry. What is missing or wrong becomes its `data`, never an exception. */
export async function denseEntry(
  name: string,
  tensor: DenseTensor,
  file: string,
  find: FindStorage,
): Promise<TensorEntry> {
  const laid = layOut(tensor);
  const elements = sizeOf(laid.shape);
  const extent = extentOf(tensor.shape, tensor.strides);
  const stored =
    tensor.type.packed === undefined
      ? Math.min(elements, extent) * tensor.type.width
      : byteLength(tensor.type.dtype ?? 'U8', elements);
  const entry = {
    name,
    dtype: tensor.quantizer === undefined ? (tensor.type.dtype ?? 'UNKNOWN') : 'F32',
    storage: tensor.type.label,
    shape: laid.shape,
    elements,
    bytes: stored,
  } satisfies Omit<TensorEntry, 'data'>;
  const data = await attempt(() => denseData(entry, tensor, laid, extent, file, find));
  return { ...entry, data: data.ok ? data.value : { kind: 'none', why: 'unreadable', fault: data.fault } };
}

/** float4_e2m1fn_x2 counts bytes in its last axis; everybody else counts values. */
function layOut(tensor: DenseTensor): { readonly shape: Shape } {
  if (tensor.type.label !== 'F4' || tensor.shape.length === 0) return { shape: tensor.shape };
  return { shape: [...tensor.shape.slice(0, -1), 2 * tensor.shape.at(-1)!] };
}

async function denseData(
  entry: Omit<TensorEntry, 'data'>,
  tensor: DenseTensor,
  laid: { readonly shape: Shape },
  extent: number,
  file: string,
  find: FindStorage,
): Promise<TensorData> {
  const { type, offset } = tensor;
  if (entry.elements === 0) return { kind: 'none', why: 'empty' };
  const unsupported = (message: string): TensorData => ({
    kind: 'none',
    why: 'unsupported',
    fault: { code: 'checkpoint/unsupported-tensor', file, message: `Tensor ${entry.name} ${message}.` },
  });
  if (type.dtype === null) return unsupported(`has the element type ${type.label}, which is not decoded`);
  if (entry.elements > extent && entry.elements > MAX_EXPANDED) {
    return unsupported(`repeats ${extent} stored elements up to ${shapeText(tensor.shape)}`);
  }
  const place = await find(tensor.storage);
  if (isFault(place)) raise({ ...place, message: `${place.message} Tensor ${entry.name} needs it.` });
  const packed = type.packed ?? 1;
  if (offset % packed !== 0) return unsupported('begins inside of a byte');
  const from = ((tensor.storage.viewBegin + offset) / packed) * type.width;
  const length = type.packed === undefined ? extent * type.width : entry.bytes;
  raiseIfShort(entry.name, tensor, place, from, length, file);

  const contiguous = isContiguous(tensor.shape, tensor.strides);
  if (type.packed !== undefined) {
    // Rows are padded to whole bytes, so odd rows are not one stream of values.
    if (!contiguous || (tensor.shape.at(-1) ?? 0) % 2 === 1)
      return unsupported('packs several values into a byte and is not contiguous');
  }
  const affine = tensor.quantizer === undefined ? undefined : await affineOf(tensor, tensor.quantizer, file, find);
  const begin = place.begin + from;
  if (contiguous && !tensor.negated && !(place.bigEndian && type.width > 1)) {
    return { kind: 'raw', dtype: type.dtype, source: place.source, begin, ...(affine === undefined ? {} : { affine }) };
  }
  return stridedData({
    source: place.source,
    dtype: type.dtype,
    shape: laid.shape,
    strides: tensor.strides,
    begin,
    bigEndian: place.bigEndian,
    finish: (values, first) => finish(values, tensor, affine, first),
  });
}

function finish(values: Values, tensor: DenseTensor, affine: Affine | undefined, begin: number): Values {
  const numbers = affine === undefined ? values : dequantize(values, affine, tensor.shape, begin);
  if (tensor.negated) for (let i = 0; i < numbers.length; i++) numbers[i] = -numbers[i]!;
  return numbers;
}

function raiseIfShort(
  name: string,
  tensor: DenseTensor,
  place: Place,
  from: number,
  length: number,
  file: string,
): void {
  const { key, elements, type } = tensor.storage;
  const available = Math.min(place.bytes, elements * type.width);
  if (from + length <= available) return;
  const fault: Fault = {
    code: 'checkpoint/truncated',
    file,
    offset: place.begin + from,
    expected: from + length,
    found: available,
    message: `Storage ${key} ends at ${available}, tensor ${name} needs ${length} bytes at ${from}.`,
  };
  raise(fault);
}

async function affineOf(tensor: DenseTensor, quantizer: Quantizer, file: string, find: FindStorage): Promise<Affine> {
  if (quantizer.kind === 'tensor') {
    return {
      form: 'zero-point',
      scales: Float32Array.of(quantizer.scale),
      zeroPoints: Float64Array.of(quantizer.zeroPoint),
      axis: null,
    };
  }
  const channels = tensor.shape[quantizer.axis]!;
  const read = async (part: 'scales' | 'zeroPoints'): Promise<Float64Array> => {
    const stated = quantizer[part];
    const numbers = 'kind' in stated ? await smallValues(stated, `${part} of a quantized tensor`, file, find) : stated;
    if (numbers.length === channels) return Float64Array.from(numbers);
    return raise({
      code: 'checkpoint/size-mismatch',
      file,
      expected: channels,
      found: numbers.length,
      message: `A quantized tensor of ${channels} channels has ${numbers.length} ${part === 'scales' ? 'scales' : 'zero points'}.`,
    });
  };
  return {
    form: 'zero-point',
    scales: await read('scales'),
    zeroPoints: await read('zeroPoints'),
    axis: quantizer.axis,
  };
}

const MAX_CHANNELS = 16 * 1024 * 1024;

async function smallValues(tensor: DenseTensor, what: string, file: string, find: FindStorage): Promise<Values> {
  const entry = await denseEntry(what, tensor, file, find);
  if (entry.data.kind === 'none' && entry.data.fault !== undefined) raise(entry.data.fault);
  if (entry.elements > MAX_CHANNELS) {
    raise({
      code: 'checkpoint/size-mismatch',
      file,
      expected: MAX_CHANNELS,
      found: entry.elements,
      message: `There are too many ${what}.`,
    });
  }
  return await readValues(entry);
}

/** Dtype of the decoded values of a dense tensor. */
export const logicalDtype = (tensor: DenseTensor): LogicalDtype => tensor.type.dtype ?? 'UNKNOWN';
