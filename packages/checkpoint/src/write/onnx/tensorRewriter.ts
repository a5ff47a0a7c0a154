import { type Fault, invariant, raise, sizeOf, type Work } from '@espalier/base';
import type { Dtype } from '@espalier/tensor';
import type { FoundTensor } from '../../formats/onnx/collect.js';
import { elementType } from '../../formats/onnx/elementType.js';
import type { ExternalFiles } from '../../formats/onnx/external.js';
import type { OnnxTensor } from '../../formats/onnx/proto.js';
import { readTensor } from '../../formats/onnx/readTensor.js';
import { type Span, spanLength, type WireReader } from '../../protobuf/index.js';
import { cannotStore } from '../container.js';
import type { OutputTensor } from '../output.js';
import { bytesPiece, copyPiece, type Piece, tensorPiece } from '../pieces.js';
import { piecesField } from '../protoBytes.js';
import { type Rewrite, rewriteMessage } from '../rewriteMessage.js';
import { storedBytes } from '../storedBytes.js';
import type { DataFile } from './dataFile.js';
import { rewriteTensor } from './rewriteTensor.js';
import { sparseMessage } from './sparseMessage.js';

/** Initializers with less data stay inside of the model when the others move out of it. */
export const MOVED_BYTES = 1024;

/** What tensors of a model are written with. */
export interface TensorPlace {
  readonly reader: WireReader;
  readonly file: string;
  /** The tensors that change, by unique name; their shapes in the input. */
  readonly outputs: ReadonlyMap<string, OutputTensor>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly external: ExternalFiles;
  readonly data: DataFile;
  /** Whether large initializers leave the model. */
  readonly movesAll: boolean;
  readonly work: Work;
}

/** Puts new values in the place of those of tensors, however these are kept. */
export class TensorRewriter {
  constructor(private readonly place: TensorPlace) {}

  isReshaped(name: string, { shape }: OutputTensor): boolean {
    const before = this.place.shapes.get(name);
    return before !== undefined && before.join() !== shape.join();
  }

  /** TensorProto. */
  async tensor(span: Span, found: FoundTensor | undefined, canMove: boolean): Promise<Piece[] | null> {
    const tensor = found?.content.kind === 'tensor' ? found.content.tensor : await readTensor(this.place.reader, span);
    const name = found?.name ?? tensor.name;
    const output = this.place.outputs.get(name);
    if (output === undefined || found === undefined) return this.unchangedTensor(span, tensor, name, canMove);
    const { layout } = elementType(tensor.dataType);
    if (layout === null) raise(this.cannot(name, `its type is ${elementType(tensor.dataType).storage}`));
    // The shape of packed codes is their own; it stays where that of the weight does.
    const reshaped = this.isReshaped(name, output);
    const stored = storedBytes(output, layout, 'ONNX', reshaped ? sizeOf(output.shape) : sizeOf(tensor.dims));
    const piece = tensorPiece(name, stored);
    const dims = reshaped ? { dims: output.shape } : {};
    if (tensor.external !== null || (this.place.movesAll && canMove && stored.byteLength >= MOVED_BYTES))
      return rewriteTensor(this.place.reader, span, { ...dims, external: this.place.data.add(piece) });
    return rewriteTensor(this.place.reader, span, { ...dims, data: { field: dataField(tensor, layout), piece } });
  }

  private async unchangedTensor(
    span: Span,
    tensor: OnnxTensor,
    name: string,
    canMove: boolean,
  ): Promise<Piece[] | null> {
    if (tensor.external === null) {
      if (!this.place.movesAll || !canMove || tensor.raw === null || spanLength(tensor.raw) < MOVED_BYTES) return null;
      const { source, begin, end } = tensor.raw;
      return rewriteTensor(this.place.reader, span, { external: this.place.data.add(copyPiece(source, begin, end)) });
    }
    const { bits } = elementType(tensor.dataType);
    const needed = Math.ceil((sizeOf(tensor.dims) * bits) / 8);
    const place = needed === 0 ? null : await this.place.external.place(tensor.external, needed, name);
    if (place !== null && !place.ok) raise({ ...place.fault, code: 'output/incomplete' });
    const key = `${tensor.external.get('location')} ${tensor.external.get('offset') ?? 0} ${needed}`;
    const piece =
      place === null
        ? bytesPiece(new Uint8Array(0))
        : copyPiece(place.value.source, place.value.begin, place.value.begin + needed);
    const entries = new Map([...tensor.external, ...this.place.data.add(piece, key)]);
    return rewriteTensor(this.place.reader, span, { external: entries });
  }

  /** SparseTensorProto. */
  sparse(number: number, find: (offset: number) => FoundTensor | undefined): Rewrite {
    return async (field) => {
      const span = field.span();
      const found = find(span.begin);
      const output = found === undefined ? undefined : this.place.outputs.get(found.name);
      if (output === undefined || found?.content.kind !== 'sparse') {
        const part =
          (number: number): Rewrite =>
          async (field) => {
            const pieces = await this.tensor(field.span(), undefined, false);
            return pieces === null ? null : piecesField(number, pieces);
          };
        const pieces = await rewriteMessage(this.place.reader, span, { 1: part(1), 2: part(2) });
        return pieces === null ? null : piecesField(number, pieces);
      }
      const { values } = found.content.sparse;
      const { layout } = elementType(values?.dataType ?? 0);
      if (layout === null) raise(this.cannot(found.name, 'its type is not known'));
      return piecesField(number, await sparseMessage(values?.name ?? '', output, layout, this.place.work));
    };
  }

  /** The numbers of a `value_floats` or `value_ints`, packed. */
  async list(span: Span, { name, content }: FoundTensor): Promise<Piece[]> {
    const output = this.place.outputs.get(name)!;
    invariant(content.kind === 'list', name);
    if (content.dtype !== 'F32' || content.scalar) raise(this.cannot(name, 'it is a list of an attribute'));
    const values = piecesField(7, [tensorPiece(name, storedBytes(output, 'F32', 'ONNX'))]);
    const pieces = await rewriteMessage(this.place.reader, span, { 7: () => [] }, { last: () => values });
    return piecesField(5, pieces ?? []);
  }

  private cannot(name: string, why: string): Fault {
    return { ...cannotStore(name, 'ONNX', why), file: this.place.file };
  }
}

/** Where the values of a tensor stand, if that can stay so; everything can be raw data. */
function dataField(tensor: OnnxTensor, dtype: Dtype): 4 | 9 | 10 {
  const isPacked = (list: OnnxTensor['floats']): boolean => list?.pieces.length === 1 && list.loose.length === 0;
  if (tensor.raw === null && dtype === 'F32' && isPacked(tensor.floats)) return 4;
  if (tensor.raw === null && dtype === 'F64' && isPacked(tensor.doubles)) return 10;
  return 9;
}
