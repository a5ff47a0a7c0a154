import { stridesOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Format, TensorData, TensorEntry } from '../../checkpoint.js';
import { brief, UniqueNames } from '../../names.js';
import { stridedData } from '../../values/strided.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { blockData } from './blockData.js';
import { type GgufHeader, type GgufTensor, type MetadataValue, readHeader } from './header.js';
import { rolesOf } from './roles.js';
import { openShards, type Shard } from './shards.js';
import { type GgmlType, ggmlType } from './types.js';

/** GGUF: the file format of llama.cpp, one file or several. */
export const gguf: Format = {
  name: 'gguf',
  matches: (head) => head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46,
  async open(source, { signal }): Promise<Checkpoint> {
    const own: Shard = { source, header: await readHeader(source, signal) };
    const { shards, findings } = await openShards(own, signal);
    try {
      const tensors: TensorEntry[] = [];
      const places = new Map<string, TensorEntry>();
      const names = new UniqueNames(source.name, findings);
      for (const shard of shards) {
        for (const tensor of shard.header.tensors) {
          const entry = toEntry(tensor, names.take(tensor.name), shard);
          const place = `${shard.source.name} ${tensor.offset} ${entry.bytes}`;
          const first = places.get(place);
          if (first === undefined) places.set(place, entry);
          tensors.push(first === undefined || entry.bytes === 0 ? entry : { ...entry, sharesStorageWith: first.name });
        }
      }
      const [first] = shards;
      return {
        format: 'gguf',
        formatLabel: 'GGUF',
        tensors,
        metadata: metadataOf(first!.header),
        findings: [...findings, ...unreadableFindings(tensors)],
        files: [own, ...shards.filter((shard) => shard !== own)].map((shard) => ({
          name: shard.source.name,
          sizeBytes: shard.source.sizeBytes,
        })),
        container: source,
        close: async () => {
          for (const shard of shards) await shard.source.close();
        },
      };
    } catch (error) {
      for (const shard of shards) if (shard !== own) await shard.source.close();
      throw error;
    }
  },
};

function toEntry(tensor: GgufTensor, name: string, { source, header }: Shard): TensorEntry {
  const shape = [...tensor.ne].reverse();
  const elements = shape.reduce((product, length) => product * length, 1);
  const type = ggmlType(tensor.type);
  const bytes = type === null ? 0 : Math.ceil(elements / type.blockElements) * type.blockBytes;
  return {
    name,
    dtype: type === null ? 'UNKNOWN' : type.dtype,
    storage: type === null ? `type ${tensor.type}` : type.name,
    shape,
    elements,
    bytes,
    data: dataOf(tensor, type, elements, bytes, source, header, shape),
    ...rolesOf(tensor.name, shape),
  };
}

function dataOf(
  tensor: GgufTensor,
  type: GgmlType | null,
  elements: number,
  bytes: number,
  source: ByteSource,
  header: GgufHeader,
  shape: readonly number[],
): TensorData {
  if (type === null) return unsupported(tensor, source, `has the type ${tensor.type}, which this reader does not know`);
  if (elements === 0) return { kind: 'none', why: 'empty' };
  const begin = header.dataBegin + tensor.offset;
  if ((tensor.ne[0] ?? 1) % type.blockElements !== 0) {
    return {
      kind: 'none',
      why: 'unreadable',
      fault: {
        code: 'checkpoint/size-mismatch',
        file: source.name,
        offset: tensor.at,
        expected: type.blockElements,
        found: tensor.ne[0] ?? 1,
        message: `Tensor ${brief(tensor.name)} has rows of ${tensor.ne[0] ?? 1}, blocks of ${type.name} hold ${type.blockElements}.`,
      },
    };
  }
  if (begin + bytes > source.sizeBytes) {
    return {
      kind: 'none',
      why: 'unreadable',
      fault: {
        code: 'checkpoint/truncated',
        file: source.name,
        offset: begin,
        expected: begin + bytes,
        found: source.sizeBytes,
        message: `The file ends at ${source.sizeBytes}, tensor ${brief(tensor.name)} needs ${bytes} bytes at ${begin}.`,
        hint: 'It may be an unfinished download.',
      },
    };
  }
  if (type.layout !== null) {
    if (!header.bigEndian || type.blockBytes === 1) return { kind: 'raw', dtype: type.layout, source, begin };
    return stridedData({ source, dtype: type.layout, shape, strides: stridesOf(shape), begin, bigEndian: true });
  }
  if (header.bigEndian) return unsupported(tensor, source, `holds blocks of ${type.name} in big-endian order`);
  if (type.decode === null)
    return unsupported(tensor, source, `holds blocks of ${type.name}, whose meaning is not published`);
  return blockData(source, begin, type.blockElements, type.blockBytes, type.decode);
}

function unsupported(tensor: GgufTensor, source: ByteSource, what: string): TensorData {
  const fault = {
    code: 'checkpoint/unsupported-tensor',
    file: source.name,
    offset: tensor.at,
    message: `Tensor ${brief(tensor.name)} ${what}. It has no values here.`,
  };
  return { kind: 'none', why: 'unsupported', fault };
}

function metadataOf(header: GgufHeader): Record<string, string> {
  const texts = [...header.metadata].map(([key, value]): [string, string] => [key, textOf(value)]);
  return { ...Object.fromEntries(texts), 'GGUF.version': `${header.version}${header.bigEndian ? ', big-endian' : ''}` };
}

function textOf(value: MetadataValue): string {
  switch (value.kind) {
    case 'text':
      return value.cut ? `${value.text}…` : value.text;
    case 'number':
    case 'bool':
      return String(value.value);
    case 'list':
      return value.numbers !== null
        ? `[${value.numbers.join(', ')}]`
        : `${value.length.toLocaleString('en-US')} values of ${value.of}`;
  }
}
