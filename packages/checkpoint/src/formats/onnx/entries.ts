import { raise, type Shape, sizeOf } from '@espalier/base';
import type { Dtype, LogicalDtype } from '@espalier/tensor';
import type { Axes, Role, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import type { FoundTensor } from './collect.js';
import { elementType } from './elementType.js';
import type { OnnxSparse } from './proto.js';
import { sparseData } from './sparse.js';
import { none, type Place, placeAttributeList, placeTensor, unreadable } from './tensorData.js';

/** An entry that still learns its quantization, axes and role from the graph. */
export interface Draft {
  readonly name: string;
  readonly origin: FoundTensor['origin'];
  dtype: LogicalDtype;
  storage: string;
  shape: Shape;
  elements: number;
  bytes: number;
  data: TensorData;
  axes?: Axes;
  roleHint?: Role;
  sharesStorageWith?: string;
  packedFrom?: readonly string[];
}

/** Constant nodes with fewer elements hold parameters of operators, not weights. */
const CONSTANT_ELEMENTS = 64;

/** Turns what was found into entries: shapes checked, values placed. */
export async function toDrafts(found: readonly FoundTensor[], place: Place): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const tensor of found) {
    place.signal?.throwIfAborted();
    const draft = await toDraft(tensor, place);
    if (draft.origin === 'constant' && draft.elements < CONSTANT_ELEMENTS)
      draft.roleHint = draft.dtype === 'STRING' ? 'text' : 'constant';
    drafts.push(draft);
  }
  markShared(drafts);
  return drafts;
}

async function toDraft({ name, origin, offset, content }: FoundTensor, place: Place): Promise<Draft> {
  switch (content.kind) {
    case 'tensor': {
      const { tensor } = content;
      const { dtype, storage } = elementType(tensor.dataType);
      const shape = shapeOf(tensor.dims);
      if (shape === null)
        return { name, origin, dtype, storage, ...impossible(tensor.dims, name, place.source.name, offset) };
      const placed = await placeTensor(tensor, name, place);
      return { name, origin, dtype, storage, shape, elements: sizeOf(shape), ...placed };
    }
    case 'sparse':
      return { name, origin, ...(await sparseDraft(content.sparse, name, place)) };
    case 'list': {
      const { elements, ...placed } = await placeAttributeList(content.list, content.dtype, name, place);
      return {
        name,
        origin,
        dtype: content.dtype,
        storage: content.dtype,
        shape: content.scalar ? [] : [elements],
        elements,
        ...placed,
      };
    }
    case 'text': {
      const { elements, bytes, scalar } = content;
      return {
        name,
        origin,
        dtype: 'STRING',
        storage: 'STRING',
        shape: scalar ? [] : [elements],
        elements,
        bytes,
        data: none('text'),
      };
    }
  }
}

async function sparseDraft(sparse: OnnxSparse, name: string, place: Place): Promise<Omit<Draft, 'name' | 'origin'>> {
  const file = place.source.name;
  const { values, indices } = sparse;
  if (values === null || indices === null) {
    return raise({
      code: 'checkpoint/header-malformed',
      file,
      offset: sparse.offset,
      message: `Sparse tensor ${brief(name)} has no ${values === null ? 'values' : 'indices'}.`,
    });
  }
  const { dtype, storage } = elementType(values.dataType);
  const shape = shapeOf(sparse.dims);
  const valueShape = shapeOf(values.dims);
  const indexShape = shapeOf(indices.dims);
  if (shape === null || valueShape === null || indexShape === null) {
    const [wrong] = [sparse.dims, values.dims, indices.dims].filter((dims) => shapeOf(dims) === null);
    return { dtype, storage, ...impossible(wrong!, name, file, sparse.offset) };
  }
  const elements = sizeOf(shape);
  const stored = sizeOf(valueShape);
  const rankFits = indexShape.length === 1 || (indexShape.length === 2 && indexShape[1] === shape.length);
  if (
    valueShape.length !== 1 ||
    !rankFits ||
    indexShape[0] !== stored ||
    elementType(indices.dataType).dtype !== 'I64'
  ) {
    const fault = {
      code: 'checkpoint/sparse-indices',
      file,
      offset: sparse.offset,
      message: `Sparse tensor ${brief(name)}: values of shape ${valueShape.join('×')} and indices of shape ${indexShape.join('×')} do not belong together.`,
    };
    return { dtype, storage, shape, elements, bytes: 0, data: unreadable(fault) };
  }
  const placedValues = await placeTensor(values, name, place);
  const placedIndices = await placeTensor(indices, name, place);
  const bytes = placedValues.bytes + placedIndices.bytes;
  const base = { dtype, storage: `${storage} sparse`, shape, elements, bytes };
  const spoiled = [placedValues.data, placedIndices.data].find((data) => data.kind === 'none' && data.why !== 'empty');
  if (spoiled !== undefined) return { ...base, data: spoiled };
  if (elements === 0) return { ...base, data: none('empty') };
  const data = sparseData({
    name,
    file,
    offset: sparse.offset,
    shape,
    dtype: dtype as Dtype,
    stored,
    values: placedValues.data,
    indices: placedIndices.data,
    indexShape,
  });
  return { ...base, data };
}

/** Sizes of the axes where they can be: whole, not negative, and their product an exact number. */
function shapeOf(dims: readonly number[]): Shape | null {
  const possible = dims.every((length) => Number.isSafeInteger(length) && length >= 0);
  return possible && Number.isSafeInteger(sizeOf(dims)) ? [...dims] : null;
}

/** What is left of a tensor whose shape cannot be: its name, its type and the fault. */
function impossible(
  dims: readonly number[],
  name: string,
  file: string,
  offset: number,
): Pick<Draft, 'shape' | 'elements' | 'bytes' | 'data'> {
  const fault = {
    code: 'checkpoint/header-malformed',
    file,
    offset,
    found: dims.join('×'),
    message: `Tensor ${brief(name)} has a shape that cannot be: ${dims.join('×')}.`,
  };
  return { shape: [0], elements: 0, bytes: 0, data: unreadable(fault) };
}

/** Tied weights point at the very same bytes of an external file. */
function markShared(drafts: readonly Draft[]): void {
  const first = new Map<string, Draft>();
  for (const draft of drafts) {
    if (draft.data.kind !== 'raw') continue;
    const key = `${draft.data.begin} ${draft.bytes} ${draft.data.source.name}`;
    const before = first.get(key);
    if (before !== undefined && before.data.kind === 'raw' && before.data.source === draft.data.source)
      draft.sharesStorageWith = before.name;
    else first.set(key, draft);
  }
}
