import { type Fault, invariant, raise, type Work } from '@espalier/base';
import { BITS, type ByteSource, type Dtype, isDtype } from '@espalier/tensor';
import type { TensorEntry } from '../../checkpoint.js';
import { type GgufHeader, type GgufTensor, readHeader } from '../../formats/gguf/header.js';
import { openShards, type Shard } from '../../formats/gguf/shards.js';
import { type GgmlType, ggmlNumber, ggmlType } from '../../formats/gguf/types.js';
import { brief, UniqueNames } from '../../names.js';
import { changedTensors, noPlace } from '../changedTensors.js';
import { cannotStore, containerBytes, otherContainer, unstorable } from '../container.js';
import type { OutputContent, OutputTensor, StoredTensor, Writer } from '../output.js';
import { bytesPiece, copyPiece, lengthOf, type Piece, tensorPiece, writePieces } from '../pieces.js';
import { storedBytes } from '../storedBytes.js';
import { concat } from '../zipWriter.js';
import { GgufBytes } from './ggufBytes.js';
import { hasZero, zeroedBlocks } from './zeroedBlocks.js';

/** Number of the metadata type for texts and for 32-bit numbers. */
const TEXT = 8;
const UINT32 = 4;

/** `general.file_type` by the type that most weights have. (llama.cpp, enum llama_ftype) */
const FILE_TYPES: Readonly<Record<string, number>> = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q8_0: 7, BF16: 32 };

/** Version of the block layouts. (ggml, GGML_QNT_VERSION) */
const QUANTIZATION_VERSION = 2;

/** Keys of a model in several files; it is written as one. */
const SPLIT = new Set(['split.no', 'split.count', 'split.tensors.count']);

/**
 * GGUF, written around the file that was read: metadata and descriptions of tensors stay byte for byte, in their order; tensors that did not change are copied, whatever their type. A
 * tensor may come in blocks of another type (`stored.blocks`). A model in several files becomes one.
 */
export const gguf: Writer = {
  format: 'gguf',
  label: 'GGUF',
  extensions: ['.gguf'],
  refuses: (content): Fault | null =>
    otherContainer(content.input, 'gguf', 'A GGUF file') ?? unstorable(content, 'GGUF', whyNot),
  keeps: () => true,
  bytesOf: containerBytes,
  async write(folder, name, content, work) {
    const source = content.input.container!;
    const own: Shard = { source, header: await readHeader(source, work.signal) };
    const { shards, findings } = await openShards(own, work.signal);
    try {
      const [broken] = findings.filter(({ severity }) => severity === 'error');
      if (broken !== undefined) raise({ code: 'output/incomplete', message: broken.message, file: source.name });
      const pieces = piecesOf(shards, content);
      const created = await folder.create(name);
      if (!created.ok) raise(created.fault);
      const total = lengthOf(pieces);
      let done = 0;
      await writePieces(created.value, pieces, work, (bytes) => {
        done += bytes;
        work.progress({ done, total, label: name });
      });
    } finally {
      for (const shard of shards) if (shard !== own) await shard.source.close();
    }
  },
};

const noZero = (type: string): string => `it is stored in blocks of ${type}, which have no code that surely means zero`;

/** Types that a step may store weights in: they need no blocks. */
const HALVES: ReadonlySet<string> = new Set(['F16', 'BF16']);

/** Blocks of most types cannot be changed. */
const whyNot = ({ dtype }: OutputTensor, { storage }: TensorEntry): string | null =>
  isDtype(storage) || HALVES.has(dtype) || (hasZero(storage) && dtype === 'F32') ? null : noZero(storage);

/** A tensor of the output: its description without type and place, and its data. */
interface Placed {
  readonly described: Piece[];
  readonly type: number;
  readonly data: Piece;
  readonly elements: number;
}

function piecesOf(shards: readonly Shard[], content: OutputContent): Piece[] {
  const [{ header, source }] = shards as [Shard];
  const { version, bigEndian, alignment } = header;
  const bytes = new GgufBytes(version, bigEndian);
  const changed = changedTensors(content);
  const names = new UniqueNames(source.name, []);
  const placed: Placed[] = [];
  let retyped = false;
  for (const shard of shards) {
    for (const tensor of shard.header.tensors) {
      const name = names.take(tensor.name);
      const output = changed.get(name);
      changed.delete(name);
      const next = output === undefined ? copied(tensor, shard) : replaced(output, tensor, shard, bytes);
      retyped ||= next.type !== tensor.type;
      placed.push(next);
    }
  }
  for (const name of changed.keys()) raise(noPlace(name, 'GGUF', source.name));
  const entries = metadataPieces(header, source, content, bytes, retyped ? placed : null);
  const head: Piece[] = [
    copyPiece(source, 0, 8),
    bytesPiece(concat([bytes.size(placed.length), bytes.size(entries.count)])),
    ...entries.pieces,
  ];
  const data: Piece[] = [];
  let at = 0;
  for (const { described, type, data: piece } of placed) {
    head.push(...described, bytesPiece(concat([bytes.u32(type), bytes.u64(at)])));
    data.push(piece);
    at += piece.length;
    const gap = (alignment - (at % alignment)) % alignment;
    if (gap > 0) data.push(bytesPiece(new Uint8Array(gap)));
    at += gap;
  }
  const length = lengthOf(head);
  const gap = (alignment - (length % alignment)) % alignment;
  return [...head, bytesPiece(new Uint8Array(gap)), ...data];
}

/** The bytes of a tensor's type and place, at the end of its description. */
const TAIL_BYTES = 12;

function copied(tensor: GgufTensor, { source, header }: Shard): Placed {
  const type = ggmlType(tensor.type);
  const elements = tensor.ne.reduce((product, length) => product * length, 1);
  if (type === null) {
    return raise({
      code: 'output/tensor',
      message: `${brief(tensor.name)} has the type ${tensor.type}, whose size is not known: it cannot be copied.`,
      file: source.name,
    });
  }
  const length = Math.ceil(elements / type.blockElements) * type.blockBytes;
  const begin = header.dataBegin + tensor.offset;
  if (begin + length > source.sizeBytes) {
    return raise({
      code: 'output/incomplete',
      message: `The file ends at ${source.sizeBytes}, tensor ${brief(tensor.name)} needs ${length} bytes at ${begin}.`,
      file: source.name,
    });
  }
  return {
    described: [copyPiece(source, tensor.at, tensor.end - TAIL_BYTES)],
    type: tensor.type,
    data: copyPiece(source, begin, begin + length),
    elements,
  };
}

function replaced(output: OutputTensor, tensor: GgufTensor, shard: Shard, bytes: GgufBytes): Placed {
  const { source, header } = shard;
  const { number, stored } = storedTensor(output, tensor, shard);
  const ne = [...output.shape].reverse();
  const sameShape = ne.length === tensor.ne.length && ne.every((length, axis) => length === tensor.ne[axis]);
  const described = sameShape
    ? [copyPiece(source, tensor.at, tensor.end - TAIL_BYTES)]
    : [
        bytesPiece(
          concat([...bytes.text(tensor.name), bytes.u32(ne.length), ...ne.map((length) => bytes.size(length))]),
        ),
      ];
  const width = stored.blocks === undefined ? BITS[stored.dtype] / 8 : 1;
  const windows = header.bigEndian && width > 1 ? swapped(stored, width) : stored.windows;
  return {
    described,
    type: number,
    data: tensorPiece(output.name, { ...stored, windows }),
    elements: output.shape.reduce((product, length) => product * length, 1),
  };
}

/** The bytes of a changed tensor: in the blocks they come in, else in the type that the file has for it. */
function storedTensor(
  output: OutputTensor,
  tensor: GgufTensor,
  { source, header }: Shard,
): { readonly number: number; readonly stored: StoredTensor } {
  const cannot = (why: string): never => raise({ ...cannotStore(output.name, 'GGUF', why), file: source.name });
  const given = output.stored;
  if (given?.blocks !== undefined) {
    const number = ggmlNumber(given.blocks);
    const type = number === null ? null : ggmlType(number);
    if (number === null || type === null) return cannot(`it has no type ${given.blocks}`);
    checkRows(output, type, cannot);
    if (header.bigEndian) return cannot('blocks are not written in big-endian order');
    return { number, stored: given };
  }
  const type = ggmlType(tensor.type);
  if (type === null) return cannot(`its type is ${tensor.type}, which is not known`);
  if (HALVES.has(output.dtype) && given === undefined) return { number: ggmlNumber(output.dtype)!, stored: output };
  if (type.layout !== null) return { number: tensor.type, stored: storedBytes(output, type.layout as Dtype, 'GGUF') };
  const zeroed = header.bigEndian ? null : zeroedBlocks(output, type.name, source, header.dataBegin + tensor.offset);
  return zeroed === null ? cannot(noZero(type.name)) : { number: tensor.type, stored: zeroed };
}

function checkRows({ shape, byteLength, stored }: OutputTensor, type: GgmlType, cannot: (why: string) => never): void {
  const row = shape.at(-1) ?? 1;
  if (row % type.blockElements !== 0) cannot(`rows of ${row} are not whole blocks of ${type.blockElements}`);
  const elements = shape.reduce((product, length) => product * length, 1);
  const needed = (elements / type.blockElements) * type.blockBytes;
  invariant(stored?.byteLength === needed, `${byteLength} bytes of ${needed} of ${type.name}`);
}

function swapped({ windows }: StoredTensor, width: number): OutputTensor['windows'] {
  return async function* (work: Work) {
    for await (const window of windows(work)) {
      // Windows hold whole numbers: every maker of them cuts at multiples of 8 bytes.
      const turned = new Uint8Array(window.length);
      for (let at = 0; at < window.length; at++) turned[at] = window[at - (at % width) + width - 1 - (at % width)]!;
      yield turned;
    }
  };
}

/** The entries of the first file, without those that are new or of a division into files. */
function metadataPieces(
  { entries, metadata }: GgufHeader,
  source: ByteSource,
  content: OutputContent,
  bytes: GgufBytes,
  retyped: readonly Placed[] | null,
): { readonly pieces: Piece[]; readonly count: number } {
  const added = new Map<string, Uint8Array>();
  const entry = (key: string, type: number, value: Uint8Array[]): void => {
    added.set(key, concat([...bytes.text(key), bytes.u32(type), ...value]));
  };
  for (const [key, value] of Object.entries(content.metadata))
    if (key.startsWith('espalier.')) entry(key, TEXT, bytes.text(value));
  if (retyped !== null) {
    const fileType = FILE_TYPES[commonType(retyped)];
    if (fileType !== undefined && metadata.has('general.file_type'))
      entry('general.file_type', UINT32, [bytes.u32(fileType)]);
    const version = 'general.quantization_version';
    if (!metadata.has(version)) entry(version, UINT32, [bytes.u32(QUANTIZATION_VERSION)]);
  }
  const kept = entries.filter(({ key }) => !added.has(key) && !SPLIT.has(key));
  return {
    pieces: [
      ...kept.map(({ begin, end }) => copyPiece(source, begin, end)),
      ...[...added.values()].map((value) => bytesPiece(value)),
    ],
    count: kept.length + added.size,
  };
}

/** The type that most elements have. */
function commonType(placed: readonly Placed[]): string {
  const counts = new Map<number, number>();
  for (const { type, elements } of placed) counts.set(type, (counts.get(type) ?? 0) + elements);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return ggmlType(most?.[0] ?? 0)?.name ?? '';
}
