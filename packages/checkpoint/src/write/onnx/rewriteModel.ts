import { raise, type Work } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { collect, type FoundTensor } from '../../formats/onnx/collect.js';
import type { ExternalFiles } from '../../formats/onnx/external.js';
import type { OnnxModel } from '../../formats/onnx/proto.js';
import { readModel } from '../../formats/onnx/readModel.js';
import { UniqueNames } from '../../names.js';
import { type Span, spanOfFile, type WireField, WireReader } from '../../protobuf/index.js';
import { changedTensors, noPlace } from '../changedTensors.js';
import type { OutputContent, OutputTensor } from '../output.js';
import { bytesPiece, copyPiece, type Piece, tensorPiece } from '../pieces.js';
import { bytesField, intField, piecesField, textField } from '../protoBytes.js';
import { type Rewrite, rewriteMessage } from '../rewriteMessage.js';
import type { DataFile } from './dataFile.js';
import { type EditPlan, editPlan } from './editPlan.js';
import { attributeMessage, nodeMessage, pairMessage, tensorMessage } from './newMessages.js';
import { MOVED_BYTES, TensorRewriter } from './tensorRewriter.js';

/**
 * The model around new tensors, as pieces of the file that is written. What nothing changes is copied byte for byte: texts, unknown fields, their order. Data of `external` files, which stay
 * open until the pieces are written, go to `data`; with `movesAll` so do those of every large initializer, for models that one file cannot hold.
 */
export async function rewriteModel(
  source: ByteSource,
  content: OutputContent,
  external: ExternalFiles,
  data: DataFile,
  movesAll: boolean,
  work: Work,
): Promise<Piece[]> {
  const model = await readModel(spanOfFile(source), work.signal);
  return await new ModelRewriter(source, model, content, external, data, movesAll, work).run();
}

/** What a graph gets besides what it has. */
interface Additions {
  readonly nodes: Piece[];
  readonly initializers: Piece[];
}

class ModelRewriter {
  private readonly reader: WireReader;
  private readonly found: ReadonlyMap<number, FoundTensor>;
  private readonly outputs: ReadonlyMap<string, OutputTensor>;
  private readonly edits: EditPlan;
  private readonly tensors: TensorRewriter;
  /** Whether shapes that the file states for values between nodes may be wrong afterwards. */
  private readonly reshapes: boolean;

  constructor(
    private readonly source: ByteSource,
    model: OnnxModel,
    private readonly content: OutputContent,
    external: ExternalFiles,
    private readonly data: DataFile,
    private readonly movesAll: boolean,
    work: Work,
  ) {
    this.reader = new WireReader({ signal: work.signal });
    const collected = collect(model, new UniqueNames(source.name, []));
    this.found = new Map(collected.tensors.map((tensor) => [tensor.offset, tensor]));
    this.edits = editPlan(content.graphEdits ?? [], model, collected, source.name);
    this.outputs = changedOutputs(content, collected.tensors, this.edits, source.name);
    const { reader, outputs } = this;
    const shapes = new Map(content.input.tensors.map(({ name, shape }) => [name, shape]));
    this.tensors = new TensorRewriter({ reader, file: source.name, outputs, shapes, external, data, movesAll, work });
    this.reshapes = [...this.outputs].some(([name, output]) => this.tensors.isReshaped(name, output));
  }

  async run(): Promise<Piece[]> {
    const facts = Object.entries(this.content.metadata).filter(([key]) => key.startsWith('espalier.'));
    const keys = new Set(facts.map(([key]) => key));
    const model = await rewriteMessage(
      this.reader,
      spanOfFile(this.source),
      {
        7: this.graph(7, true),
        14: async (field) => (keys.has(await this.textOf(field.span(), 1)) ? [] : null),
        20: this.inside(20, { 1: this.graph(1, false), 2: this.graph(2, false) }),
        25: this.inside(25, { 7: this.node(7, { nodes: [], initializers: [] }) }),
      },
      { last: () => facts.map(([key, value]) => bytesPiece(bytesField(14, pairMessage(key, value)))) },
    );
    return model ?? [copyPiece(this.source, 0, this.source.sizeBytes)];
  }

  /** A field that is a message of which only some fields matter. */
  private inside(number: number, rewrites: Readonly<Record<number, Rewrite>>): Rewrite {
    return async (field) => {
      const pieces = await rewriteMessage(this.reader, field.span(), rewrites);
      return pieces === null ? null : piecesField(number, pieces);
    };
  }

  /** GraphProto. */
  private graph(number: number, isMain: boolean): Rewrite {
    return async (field) => {
      const span = field.span();
      const added: Additions = { nodes: [], initializers: [] };
      if (isMain) {
        for (const node of this.edits.nodesAtBegin) added.nodes.push(bytesPiece(bytesField(1, nodeMessage(node))));
        for (const tensor of this.edits.initializers) this.addInitializer(tensor.name, tensor, added);
      }
      const inputs = await this.changedInputs(span);
      const pieces = await rewriteMessage(
        this.reader,
        span,
        {
          1: this.node(1, added),
          5: this.initializer(added),
          11: async (field) => {
            const name = inputs.size === 0 ? undefined : inputs.get(await this.textOf(field.span(), 1));
            if (name === undefined) return null;
            return name === 'dropped' ? [] : this.reshapedInput(field.span(), name);
          },
          ...(this.reshapes ? { 13: () => [] } : {}),
          15: this.tensors.sparse(15, (offset) => this.found.get(offset)),
        },
        { first: () => added.nodes, last: () => added.initializers },
      );
      return pieces === null ? null : piecesField(number, pieces);
    };
  }

  /** Initializers that are graph inputs too, as IR versions below 4 have it, where their statement there would be wrong. */
  private async changedInputs(span: Span): Promise<Map<string, readonly number[] | 'dropped'>> {
    const changed = new Map<string, readonly number[] | 'dropped'>();
    if (!this.reshapes && this.edits.dequantized.size === 0) return changed;
    await this.reader.message(span, {
      5: (field) => {
        const found = this.found.get(field.begin);
        if (found === undefined || found.content.kind !== 'tensor') return;
        const local = found.content.tensor.name;
        const output = this.outputs.get(found.name);
        if (this.edits.dequantized.has(found.name)) changed.set(local, 'dropped');
        else if (output !== undefined && this.tensors.isReshaped(found.name, output)) changed.set(local, output.shape);
      },
    });
    return changed;
  }

  /** ValueInfoProto with another shape: `type.tensor_type.shape`. */
  private async reshapedInput(span: Span, shape: readonly number[]): Promise<Piece[]> {
    const dimensions = shape.map((length) => bytesPiece(bytesField(1, intField(1, length))));
    const stated: Rewrite = () => piecesField(2, dimensions);
    const pieces = await rewriteMessage(this.reader, span, { 2: this.inside(2, { 1: this.inside(1, { 2: stated }) }) });
    return piecesField(11, pieces ?? [copyPiece(span.source, span.begin, span.end)]);
  }

  private initializer(added: Additions): Rewrite {
    return async (field) => {
      const span = field.span();
      const found = this.found.get(span.begin);
      const edit = found === undefined ? undefined : this.edits.dequantized.get(found.name);
      if (edit !== undefined) {
        for (const [name, tensor] of edit.tensors) this.addInitializer(name, tensor, added);
        added.nodes.push(bytesPiece(bytesField(1, nodeMessage(edit.node))));
        return [];
      }
      const pieces = await this.tensors.tensor(span, found, true);
      return pieces === null ? null : piecesField(5, pieces);
    };
  }

  private addInitializer(name: string, tensor: OutputTensor, added: Additions): void {
    const place =
      this.movesAll && tensor.byteLength >= MOVED_BYTES ? this.data.add(tensorPiece(tensor.name, tensor)) : null;
    added.initializers.push(...piecesField(5, tensorMessage(name, tensor, place)));
  }

  /** NodeProto. */
  private node(number: number, added: Additions): Rewrite {
    return async (field) => {
      const span = field.span();
      const replaced = await this.dequantizedConstant(span, number, added);
      if (replaced !== null) return replaced;
      const edits = this.edits.nodes.get(span.begin);
      const before = (edits?.before ?? []).map((node) => bytesPiece(bytesField(number, nodeMessage(node))));
      const attributes = new Map(edits?.attributes ?? []);
      let input = 0;
      const pieces = await rewriteMessage(
        this.reader,
        span,
        {
          ...(edits === undefined
            ? {}
            : {
                1: () => {
                  const value = edits.inputs.get(input++);
                  return value === undefined ? null : [bytesPiece(textField(1, value))];
                },
              }),
          5: async (field) => {
            if (attributes.size > 0) {
              const name = await this.textOf(field.span(), 1);
              const value = attributes.get(name);
              attributes.delete(name);
              if (value !== undefined) return [bytesPiece(bytesField(5, attributeMessage(name, value)))];
            }
            return this.attribute(field);
          },
        },
        {
          last: () => [...attributes].map(([name, value]) => bytesPiece(bytesField(5, attributeMessage(name, value)))),
        },
      );
      if (pieces === null && before.length === 0) return null;
      return [...before, ...piecesField(number, pieces ?? [copyPiece(span.source, span.begin, span.end)])];
    };
  }

  /** What stands in the place of a `Constant` that is dequantized now; null for every other node. */
  private async dequantizedConstant(span: Span, number: number, added: Additions): Promise<Piece[] | null> {
    if (this.edits.dequantized.size === 0) return null;
    let name: string | undefined;
    await this.reader.message(span, {
      5: (field) => {
        name ??= this.found.get(field.begin)?.name;
      },
    });
    const edit = name === undefined ? undefined : this.edits.dequantized.get(name);
    if (edit === undefined) return null;
    for (const [local, tensor] of edit.tensors) this.addInitializer(local, tensor, added);
    return [bytesPiece(bytesField(number, nodeMessage(edit.node)))];
  }

  /** AttributeProto: a constant's value, another tensor, a subgraph. */
  private async attribute(field: WireField): Promise<Piece[] | null> {
    const span = field.span();
    const constant = this.found.get(span.begin);
    if (constant?.content.kind === 'list' && this.outputs.has(constant.name)) return this.tensors.list(span, constant);
    const tensor =
      (number: number): Rewrite =>
      async (field) => {
        const inner = field.span();
        const pieces = await this.tensors.tensor(inner, constant ?? this.found.get(inner.begin), false);
        return pieces === null ? null : piecesField(number, pieces);
      };
    return this.inside(5, {
      5: tensor(5),
      6: this.graph(6, false),
      10: tensor(10),
      11: this.graph(11, false),
      22: this.tensors.sparse(22, (offset) => constant ?? this.found.get(offset)),
    })(field);
  }

  private async textOf(span: Span, number: number): Promise<string> {
    let text = '';
    await this.reader.message(span, {
      [number]: (field) => {
        text = field.text();
      },
    });
    return text;
  }
}

/** The tensors that are not as the input has them, by the name of what they replace. Raises `output/tensor` for one that replaces nothing. */
function changedOutputs(
  content: OutputContent,
  found: readonly FoundTensor[],
  edits: EditPlan,
  file: string,
): Map<string, OutputTensor> {
  const known = new Set(found.map(({ name }) => name));
  const changed = changedTensors(content);
  for (const name of [...changed.keys()]) {
    if (edits.dequantized.has(name) || edits.added.has(name)) changed.delete(name);
    else if (!known.has(name)) raise(noPlace(name, 'ONNX', file));
  }
  return changed;
}
