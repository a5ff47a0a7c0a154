import { type Fault, raise, type Shape, sizeOf } from '@espalier/base';
import type { ByteSource, LogicalDtype, Values } from '@espalier/tensor';
import type { Affine, Axes, Role, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { dequantize, readValues } from '../../values/readValues.js';
import { type ElementType, elementType } from './elementType.js';
import type { Place, TfliteModel, TfliteSubgraph, TfliteTensor } from './model.js';
import { planSparse, sparseData } from './sparse.js';

/** An entry that still learns its axes and role from the operators. */
export interface Draft {
  readonly name: string;
  readonly dtype: LogicalDtype;
  readonly storage: string;
  readonly shape: Shape;
  readonly elements: number;
  readonly bytes: number;
  data: TensorData;
  axes?: Axes;
  roleHint?: Role;
  sharesStorageWith?: string;
}

/** Tensors of a subgraph as the rest of the reader knows them: a name that is unique in the file, and the entry of those that hold weights. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: TfliteTensor;
  readonly draft: Draft | null;
}

/** Opens a file beside the model, once. */
export type OpenBeside = (name: string) => Promise<{ ok: true; value: ByteSource } | { ok: false; fault: Fault }>;

/**
 * Gives each tensor its name, and those that have data their entry. Tensors without a buffer are activations and variables,
 * which are no part of the checkpoint.
 */
export async function nameTensors(
  model: TfliteModel,
  source: ByteSource,
  openBeside: OpenBeside,
): Promise<NamedTensor[][]> {
  const taken = new Map<string, number>();
  const metadata = new Set(model.metadata.map(({ buffer }) => buffer));
  const firstOf = new Map<string, Draft>();
  const named: NamedTensor[][] = [];
  for (const subgraph of model.subgraphs) {
    const tensors: NamedTensor[] = [];
    for (const [index, tensor] of subgraph.tensors.entries()) {
      const name = uniqueName(tensor.name || `tensor_${index}`, subgraph, taken);
      const place = metadata.has(tensor.buffer) ? null : await placeOf(tensor, model, source, openBeside);
      const draft = place === null ? null : toDraft(name, tensor, place, source);
      if (draft !== null && place !== null && place.fault === null) {
        const key = `${place.source.name} ${place.begin}`;
        const first = firstOf.get(key);
        if (first === undefined) firstOf.set(key, draft);
        else draft.sharesStorageWith = first.name;
      }
      tensors.push({ name, tensor, draft });
    }
    named.push(tensors);
  }
  const all = named.map((tensors, index) => ({ tensors, subgraph: model.subgraphs[index]! }));
  for (const { tensors } of all) for (const named of tensors) joinBlockwise(named, tensors);
  return named;
}

/** The name in the file; where it was used before, in its subgraph's name space, then numbered. */
function uniqueName(name: string, subgraph: TfliteSubgraph, taken: Map<string, number>): string {
  let free = name;
  if (taken.has(free) && subgraph.name !== '') free = `${subgraph.name}/${name}`;
  const stem = free;
  let count = taken.get(stem) ?? 1;
  while (taken.has(free)) free = `${stem}#${++count}`;
  taken.set(stem, count);
  if (free !== stem) taken.set(free, 1);
  return free;
}

interface Located extends Place {
  readonly source: ByteSource;
  readonly fault: Fault | null;
}

async function placeOf(
  tensor: TfliteTensor,
  model: TfliteModel,
  source: ByteSource,
  openBeside: OpenBeside,
): Promise<Located | null> {
  if (tensor.externalBuffer !== 0) {
    const external = model.external.get(tensor.externalBuffer);
    if (external === undefined) return null;
    const file = await openBeside(external.file);
    if (!file.ok) return { begin: 0, length: external.length, source, fault: file.fault };
    return { begin: external.begin, length: external.length, source: file.value, fault: null };
  }
  if (tensor.buffer === 0) return null;
  const buffer = model.buffers[tensor.buffer];
  if (buffer === undefined) {
    return raise({
      code: 'checkpoint/header-malformed',
      file: source.name,
      offset: tensor.offset,
      expected: model.buffers.length,
      found: tensor.buffer,
      message: `Tensor ${brief(tensor.name)} has buffer ${tensor.buffer} of ${model.buffers.length}.`,
    });
  }
  return buffer === null ? null : { ...buffer, source, fault: null };
}

function toDraft(name: string, tensor: TfliteTensor, place: Located, main: ByteSource): Draft {
  const type = elementType(tensor.type);
  const { shape } = tensor;
  const elements = sizeOf(shape);
  if (shape.some((length) => length < 0) || !Number.isSafeInteger(elements)) {
    const fault = {
      code: 'checkpoint/header-malformed',
      file: main.name,
      offset: tensor.offset,
      found: shape.join('×'),
      message: `Tensor ${brief(name)} has a shape that cannot be: ${shape.join('×')}.`,
    };
    const data: TensorData = { kind: 'none', why: 'unreadable', fault };
    return { name, dtype: type.dtype, storage: type.storage, shape: [0], elements: 0, bytes: place.length, data };
  }
  const { quantization } = tensor;
  const blockwise = quantization?.blockwise ?? null;
  const quantized =
    quantization !== null &&
    type.quantized !== undefined &&
    (blockwise !== null || quantization.scales.some((scale) => scale !== 0));
  const blocks = blockwise === null ? '' : `, blocks of ${blockwise.blockSize}`;
  return {
    name,
    dtype: quantized ? 'F32' : type.dtype,
    storage: `${quantized ? `${type.quantized} affine${blocks}` : type.storage}${tensor.sparsity === null ? '' : ' sparse'}`,
    shape,
    elements,
    bytes: place.length,
    data: dataOf(name, tensor, type, elements, place, main),
  };
}

function dataOf(
  name: string,
  tensor: TfliteTensor,
  type: ElementType,
  elements: number,
  place: Located,
  main: ByteSource,
): TensorData {
  const unreadable = (fault: Fault): TensorData => ({ kind: 'none', why: 'unreadable', fault });
  if (place.fault !== null) return unreadable(place.fault);
  if (type.dtype === 'STRING') return { kind: 'none', why: 'text' };
  if (type.dtype === 'UNKNOWN')
    return unsupported(`Tensor ${brief(name)} has the type ${type.storage}`, main.name, tensor.offset);
  const { source, begin, length } = place;
  if (begin + length > source.sizeBytes) {
    return unreadable({
      code: 'checkpoint/truncated',
      file: source.name,
      offset: begin,
      expected: begin + length,
      found: source.sizeBytes,
      message: `${source.name} ends at ${source.sizeBytes}, tensor ${brief(name)} needs ${length} bytes at ${begin}.`,
      hint: 'It may be an unfinished download.',
    });
  }
  let stored = elements;
  const plan = tensor.sparsity === null ? null : planSparse(tensor.sparsity, tensor.shape, name, main.name);
  if (plan !== null) {
    if (!plan.ok) return unreadable(plan.fault);
    stored = plan.value.stored;
  }
  const needed = Math.ceil((stored * type.bits) / 8);
  if (needed !== length) {
    return unreadable({
      code: 'checkpoint/size-mismatch',
      file: source.name,
      offset: begin,
      expected: needed,
      found: length,
      message: `Tensor ${brief(name)} (${type.storage}, ${tensor.shape.join('×') || 'scalar'}) needs ${needed} bytes, its buffer has ${length}.`,
    });
  }
  if (elements === 0) return { kind: 'none', why: 'empty' };
  const affine = affineOf(tensor, type, name, main.name);
  if ('fault' in affine) return unreadable(affine.fault);
  const values: TensorData =
    type.layout === null ? twoBitData(source, begin) : { kind: 'raw', dtype: type.layout, source, begin };
  if (plan !== null) {
    const sparse = sparseData(plan.value, tensor.shape, values, name, main, isWide(type.dtype));
    return finished(sparse, affine.affine, tensor.shape);
  }
  return finished(values, affine.affine, tensor.shape);
}

const unsupported = (what: string, file: string | null, offset: number): TensorData => ({
  kind: 'none',
  why: 'unsupported',
  fault: {
    code: 'checkpoint/unsupported-tensor',
    ...(file === null ? {} : { file }),
    offset,
    message: `${what}. It has no values here.`,
  },
});

const isWide = (dtype: LogicalDtype): boolean => /^(F64|[IU](32|64))$/.test(dtype);

function finished(data: TensorData, affine: Affine | null, shape: Shape): TensorData {
  if (affine === null || data.kind === 'none') return data;
  if (data.kind === 'raw') return { ...data, affine };
  return {
    ...data,
    read: async (begin, count, signal) => dequantize(await data.read(begin, count, signal), affine, shape, begin),
  };
}

function affineOf(
  tensor: TfliteTensor,
  type: ElementType,
  name: string,
  file: string,
): { affine: Affine | null } | { fault: Fault } {
  const { quantization, shape } = tensor;
  if (quantization === null || type.quantized === undefined) return { affine: null };
  const { scales, zeroPoints, axis } = quantization;
  if (scales.every((scale) => scale === 0)) return { affine: null };
  const perChannel = scales.length > 1;
  const fits =
    (!perChannel || (axis >= 0 && axis < shape.length && shape[axis] === scales.length)) &&
    (zeroPoints.length <= 1 || zeroPoints.length === scales.length);
  if (!fits) {
    return {
      fault: {
        code: 'checkpoint/quantization',
        file,
        offset: tensor.offset,
        found: scales.length,
        ...(shape[axis] === undefined ? {} : { expected: shape[axis] }),
        message: `Tensor ${brief(name)} (${shape.join('×')}) has ${scales.length} scales and ${zeroPoints.length} zero points along axis ${axis}.`,
      },
    };
  }
  return {
    affine: {
      form: 'zero-point',
      scales: Float32Array.from(scales),
      zeroPoints: Float64Array.from(scales, (_, i) => zeroPoints[zeroPoints.length === 1 ? 0 : i] ?? 0),
      axis: perChannel ? axis : null,
    },
  };
}

/** INT2: four values a byte, the first in the lowest bits. */
function twoBitData(source: ByteSource, begin: number): TensorData {
  return {
    kind: 'decoded',
    blockElements: 4,
    async read(from, count, signal): Promise<Values> {
      const first = from >> 2;
      const bytes = await source.read(begin + first, Math.ceil((from + count) / 4) - first, signal);
      const out = new Float32Array(count);
      for (let i = 0; i < count; i++)
        out[i] = (((bytes[((from + i) >> 2) - first]! >> (2 * ((from + i) & 3))) & 3) << 30) >> 30;
      return out;
    },
  };
}

/** Blockwise quantization keeps scales and zero points in other tensors of the same subgraph, one for each block along the last axis. */
function joinBlockwise({ tensor, draft }: NamedTensor, siblings: readonly NamedTensor[]): void {
  const blockwise = tensor.quantization?.blockwise;
  if (
    blockwise === null ||
    blockwise === undefined ||
    draft === null ||
    draft.data.kind === 'none' ||
    draft.shape.length === 0
  )
    return;
  const last = draft.shape[draft.shape.length - 1]!;
  const { blockSize } = blockwise;
  const scales = siblings[blockwise.scales]?.draft;
  const zeroPoints = siblings[blockwise.zeroPoints]?.draft;
  const blocks = blockSize > 0 ? (draft.elements / last) * Math.ceil(last / blockSize) : 0;
  if (scales === undefined || scales === null || scales.elements !== blocks || scales.data.kind === 'none') {
    draft.data = unsupported(`The scales of the blocks of ${brief(draft.name)} are not there`, null, tensor.offset);
    return;
  }
  const points = zeroPoints?.data.kind === 'raw' && zeroPoints.elements === blocks ? zeroPoints : null;
  const stored = { ...draft, data: draft.data };
  const perRow = Math.ceil(last / blockSize);
  scales.roleHint = 'scale';
  if (points !== null) points.roleHint = 'scale';
  draft.data = {
    kind: 'decoded',
    blockElements: blockSize,
    async read(begin, count, signal) {
      const block = (at: number): number => Math.floor(at / last) * perRow + Math.floor((at % last) / blockSize);
      const first = block(begin);
      const needed = block(begin + count - 1) - first + 1;
      const codes = await readValues(stored, begin, count, signal);
      const scale = await readValues(scales, first, needed, signal);
      const zero = points === null ? null : await readValues(points, first, needed, signal);
      const out = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const at = block(begin + i) - first;
        out[i] = scale[at]! * (codes[i]! - (zero?.[at] ?? 0));
      }
      return out;
    },
  };
}
