import { breathe, raise } from '@espalier/base';
import { type Pages, rootTable, type Table, type Vector } from '../../flatbuffers/index.js';
import type {
  IndexList,
  Place,
  SparseDimension,
  Sparsity,
  TfliteModel,
  TfliteOperator,
  TfliteQuantization,
  TfliteSubgraph,
  TfliteTensor,
} from './model.js';
import { readOptions } from './options.js';
import {
  BLOCKWISE,
  BUFFER,
  CUSTOM,
  DETAILS_BLOCKWISE,
  DIMENSION,
  EXTERNAL_BUFFER,
  EXTERNAL_GROUP,
  INDEX_WIDTHS,
  METADATA,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPERATOR_NAMES,
  PLACEHOLDER,
  QUANTIZATION,
  SPARSE_CSR,
  SPARSITY,
  SUBGRAPH,
  TENSOR,
} from './schema.js';

const MAX_AXES = 64;
const MAX_OPERANDS = 65_536;
const MAX_SCALES = 4_194_304;
/** Tables, operands and scales that are kept, of the whole file: bounds the memory. */
const MAX_KEPT = 2_000_000;
/** Weight of a table that is kept, in operands and scales. */
const TABLE = 8;
/** Tables after which others get a turn: with pages in memory, nothing else would let them. */
const BREATHE_EVERY = 4_096;

/** Reads the structure: every table but no buffer. */
export async function readModel(pages: Pages): Promise<TfliteModel> {
  const reader = new ModelReader(pages);
  return await reader.model();
}

class ModelReader {
  private kept = 0;

  constructor(private readonly pages: Pages) {}

  async model(): Promise<TfliteModel> {
    const head = await this.pages.run((view) => {
      const root = rootTable(view);
      return {
        position: root.position,
        version: root.u32(MODEL.version),
        description: root.text(MODEL.description) ?? '',
        codes: root.vector(MODEL.operatorCodes, 4),
        subgraphs: root.vector(MODEL.subgraphs, 4),
        buffers: root.vector(MODEL.buffers, 4),
        metadata: root.vector(MODEL.metadata, 4),
        groups: root.vector(MODEL.externalGroups, 4),
        external: root.vector(MODEL.externalBuffers, 4),
      };
    });
    const operators = await this.each(head.codes, (table) => operatorName(table));
    const buffers = await this.each(head.buffers, (table) => bufferPlace(table, this.pages.source.sizeBytes));
    const metadata = await this.each(head.metadata, (table) => ({
      name: table.text(METADATA.name) ?? '',
      buffer: table.u32(METADATA.buffer),
    }));
    const groups = await this.each(head.groups, (table) => table.text(EXTERNAL_GROUP.name) ?? '');
    const external = new Map<number, { file: string; begin: number; length: number }>();
    for (const found of await this.each(head.external, externalBuffer)) {
      external.set(found.id, { file: groups[found.group] ?? '', begin: found.begin, length: found.length });
    }
    const subgraphs: TfliteSubgraph[] = [];
    for (let index = 0; index < (head.subgraphs?.length ?? 0); index++)
      subgraphs.push(await this.subgraph(head.subgraphs!, index, operators));
    return { version: head.version, description: head.description, subgraphs, buffers, external, metadata };
  }

  private async subgraph(all: Vector, index: number, operators: readonly string[]): Promise<TfliteSubgraph> {
    this.keep(TABLE);
    const head = await this.pages.run((view) => {
      const table = rootTable(view).element(all, index);
      return {
        name: table.text(SUBGRAPH.name) ?? '',
        inputs: table.i32s(SUBGRAPH.inputs, MAX_OPERANDS),
        outputs: table.i32s(SUBGRAPH.outputs, MAX_OPERANDS),
        tensors: table.vector(SUBGRAPH.tensors, 4),
        operators: table.vector(SUBGRAPH.operators, 4),
      };
    });
    const tensors = await this.each(
      head.tensors,
      readTensor,
      (tensor) => (tensor.quantization?.scales.length ?? 0) * 2 + tensor.shape.length,
    );
    const count = tensors.length;
    const found = await this.each(
      head.operators,
      (table) => readOperator(table, operators, count),
      (operator) => operator.inputs.length + operator.outputs.length,
    );
    const inRange = (at: number): boolean => at >= 0 && at < count;
    this.keep(head.inputs.length + head.outputs.length);
    return {
      name: head.name,
      tensors,
      inputs: head.inputs.filter(inRange),
      outputs: head.outputs.filter(inRange),
      operators: found,
    };
  }

  /** Reads every table of a vector, each as a unit of work of its own. */
  private async each<T>(
    vector: Vector | null,
    read: (table: Table) => T,
    weight: (read: T) => number = () => 0,
  ): Promise<T[]> {
    const found: T[] = [];
    for (let index = 0; index < (vector?.length ?? 0); index++) {
      const one = await this.pages.run((view) => read(rootTable(view).element(vector!, index)));
      this.keep(TABLE + weight(one));
      if (index % BREATHE_EVERY === BREATHE_EVERY - 1) await breathe();
      found.push(one);
    }
    return found;
  }

  private keep(items: number): void {
    this.kept += items;
    if (this.kept <= MAX_KEPT) return;
    raise({
      code: 'checkpoint/too-complex',
      file: this.pages.source.name,
      expected: MAX_KEPT,
      message: `The file has more than ${MAX_KEPT.toLocaleString('en-US')} tensors, operators and scales.`,
    });
  }
}

function operatorName(table: Table): string {
  // The first field has one byte; codes that do not fit have a placeholder in it and the code in the other (schema.fbs, OperatorCode).
  const first = table.i8(OPERATOR_CODE.deprecatedBuiltinCode);
  const code = Math.max(table.i32(OPERATOR_CODE.builtinCode), first < PLACEHOLDER ? first : 0);
  if (code === CUSTOM) return table.text(OPERATOR_CODE.customCode) ?? 'CUSTOM';
  return OPERATOR_NAMES[code] ?? `operator ${code}`;
}

/** Data inside of the flatbuffer, or behind it in files above 2 GB (`offset` and `size`; offset 1 is reserved). */
function bufferPlace(table: Table, fileBytes: number): Place | null {
  const offset = table.u64(BUFFER.offset);
  if (offset > 1) {
    const length = table.u64(BUFFER.size);
    if (!Number.isSafeInteger(offset + length))
      table.malformed(`a buffer has ${length} bytes at ${offset} of a file of ${fileBytes}`);
    return { begin: offset, length };
  }
  const data = table.vector(BUFFER.data, 1);
  return data === null || data.length === 0 ? null : data;
}

function externalBuffer(table: Table): { id: number; group: number; begin: number; length: number } {
  return {
    id: table.u32(EXTERNAL_BUFFER.id),
    group: table.u32(EXTERNAL_BUFFER.group),
    begin: table.u64(EXTERNAL_BUFFER.offset),
    length: table.u64(EXTERNAL_BUFFER.length),
  };
}

function readTensor(table: Table): TfliteTensor {
  const shape = table.i32s(TENSOR.shape, MAX_AXES);
  const signature = table.i32s(TENSOR.shapeSignature, MAX_AXES);
  const quantization = table.table(TENSOR.quantization);
  const sparsity = table.table(TENSOR.sparsity);
  return {
    name: table.text(TENSOR.name) ?? '',
    offset: table.position,
    shape,
    signature: signature.length === shape.length ? signature : shape,
    type: table.i8(TENSOR.type),
    buffer: table.u32(TENSOR.buffer),
    externalBuffer: table.u32(TENSOR.externalBuffer),
    isVariable: table.bool(TENSOR.isVariable),
    quantization: quantization === null ? null : readQuantization(quantization),
    sparsity: sparsity === null ? null : readSparsity(sparsity),
  };
}

function readQuantization(table: Table): TfliteQuantization | null {
  const scales = table.f32s(QUANTIZATION.scale, MAX_SCALES);
  const details = table.u8(QUANTIZATION.detailsType) === DETAILS_BLOCKWISE ? table.table(QUANTIZATION.details) : null;
  if (scales.length === 0 && details === null) return null;
  return {
    scales,
    zeroPoints: table.i64s(QUANTIZATION.zeroPoint, MAX_SCALES),
    axis: table.i32(QUANTIZATION.dimension),
    blockwise:
      details === null
        ? null
        : {
            scales: details.i32(BLOCKWISE.scales),
            zeroPoints: details.i32(BLOCKWISE.zeroPoints),
            blockSize: details.i32(BLOCKWISE.blockSize),
          },
  };
}

function readSparsity(table: Table): Sparsity {
  const dimensions = table.vector(SPARSITY.dimensions, 4);
  if ((dimensions?.length ?? 0) > 2 * MAX_AXES) table.malformed(`a sparse tensor has ${dimensions!.length} dimensions`);
  return {
    offset: table.position,
    traversalOrder: table.i32s(SPARSITY.traversalOrder, 2 * MAX_AXES),
    blockMap: table.i32s(SPARSITY.blockMap, MAX_AXES),
    dimensions: Array.from({ length: dimensions?.length ?? 0 }, (_, index) =>
      readDimension(table.element(dimensions!, index)),
    ),
  };
}

function readDimension(table: Table): SparseDimension {
  if (table.i8(DIMENSION.format) !== SPARSE_CSR) return { kind: 'dense', size: table.i32(DIMENSION.denseSize) };
  return {
    kind: 'csr',
    segments: indexList(table, DIMENSION.segmentsType, DIMENSION.segments),
    indices: indexList(table, DIMENSION.indicesType, DIMENSION.indices),
  };
}

function indexList(table: Table, typeField: number, field: number): IndexList {
  const type = table.u8(typeField);
  const width = INDEX_WIDTHS[type];
  if (width === undefined) return table.malformed(`a list of indices has the type ${type}`);
  const values = table.table(field)?.vector(0, width) ?? { begin: 0, length: 0 };
  return { ...values, width };
}

function readOperator(table: Table, operators: readonly string[], tensors: number): TfliteOperator {
  const operator = operators[table.u32(OPERATOR.code)];
  if (operator === undefined)
    return table.malformed(`an operator has the code ${table.u32(OPERATOR.code)} of ${operators.length}`);
  const operands = (field: number): number[] =>
    table.i32s(field, MAX_OPERANDS).map((at) => (at >= 0 && at < tensors ? at : -1));
  return {
    operator,
    inputs: operands(OPERATOR.inputs),
    outputs: operands(OPERATOR.outputs),
    attributes: readOptions(operator, table.table(OPERATOR.options)),
  };
}
