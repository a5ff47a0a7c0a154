import { type Fault, invariant, raise, type Work } from '@espalier/base';
import type { OutputContent, OutputFolder, OutputTensor, Writer } from './output.js';
import { writeWindows } from './writeWindows.js';

/** Names that the format has for types; what it has not cannot be written. (safetensors README, "Format".) */
const NAMES: Partial<Record<OutputTensor['dtype'], string>> = {
  F64: 'F64',
  F32: 'F32',
  F16: 'F16',
  BF16: 'BF16',
  F8_E4M3: 'F8_E4M3',
  F8_E5M2: 'F8_E5M2',
  F8_E8M0: 'F8_E8M0',
  F4: 'F4',
  I64: 'I64',
  I32: 'I32',
  I16: 'I16',
  I8: 'I8',
  U64: 'U64',
  U32: 'U32',
  U16: 'U16',
  U8: 'U8',
  BOOL: 'BOOL',
  C64: 'C64',
};

/** Readers refuse longer headers. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Values begin at a multiple of this. The format asks for nothing more than 8; pages of the file that begin where a line of the cache does are filled twice as
 * fast.
 */
const ALIGNMENT = 64;

export const safetensors: Writer = {
  format: 'safetensors',
  label: 'safetensors',
  extensions: ['.safetensors'],
  refuses({ tensors }): Fault | null {
    const odd = tensors.find(({ dtype }) => NAMES[dtype] === undefined);
    if (odd !== undefined)
      return { code: 'output/type', message: `safetensors has no type ${odd.dtype}, which ${odd.name} has.` };
    return null;
  },
  async write(folder, name, content, work) {
    const groups = shardsOf(name, content);
    let done = 0;
    const total = content.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    for (const [file, tensors] of groups) {
      await writeFile(folder, file, tensors, content.metadata, work, (bytes) => {
        done += bytes;
        work.progress({ done, total, label: file });
      });
    }
    if (groups.size > 1) await writeIndex(folder, name, groups, total);
  },
};

/** The tensors of each file. A checkpoint that was read from several shards is divided in the same way. */
function shardsOf(name: string, { tensors, input }: OutputContent): Map<string, OutputTensor[]> {
  const shards = input.files.map((file) => file.name).filter((file) => /\.safetensors$/.test(file));
  const isIndex = /\.index\.json$/.test(name);
  if (shards.length < 2 || !isIndex)
    return new Map([[isIndex ? name.replace(/\.index\.json$/, '') : name, [...tensors]]]);
  const groups = new Map<string, OutputTensor[]>(shards.map((shard) => [shard, []]));
  for (const tensor of tensors) {
    const home = tensor.origin?.data.kind === 'raw' ? tensor.origin.data.source.name : undefined;
    (groups.get(home ?? shards[0]!) ?? groups.get(shards[0]!)!).push(tensor);
  }
  return groups;
}

async function writeFile(
  folder: OutputFolder,
  name: string,
  tensors: readonly OutputTensor[],
  metadata: Readonly<Record<string, string>>,
  work: Work,
  wrote: (bytes: number) => void,
): Promise<void> {
  const created = await folder.create(name);
  if (!created.ok) raise(created.fault);
  const sink = created.value;
  const header = headerOf(tensors, metadata, name);
  await sink.write(header);
  for (const tensor of tensors) {
    const written = await writeWindows(sink, tensor, work, wrote);
    invariant(written === tensor.byteLength, `${tensor.name}: ${written} bytes of ${tensor.byteLength}`);
  }
}

/** Length, JSON, spaces up to a multiple of `ALIGNMENT`. Names like those of an object's own machinery are names like others. */
function headerOf(
  tensors: readonly OutputTensor[],
  metadata: Readonly<Record<string, string>>,
  file: string,
): Uint8Array {
  const entries: string[] = [];
  if (Object.keys(metadata).length > 0) entries.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let at = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    const entry = { dtype: NAMES[dtype], shape, data_offsets: [at, at + byteLength] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    at += byteLength;
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);
  const length = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT - 8;
  if (length > MAX_HEADER_BYTES) {
    raise({
      code: 'output/header-too-long',
      message: `The header would have ${length} bytes; readers take at most ${MAX_HEADER_BYTES}.`,
      file,
      expected: MAX_HEADER_BYTES,
      found: length,
    });
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

async function writeIndex(
  folder: OutputFolder,
  name: string,
  groups: ReadonlyMap<string, readonly OutputTensor[]>,
  total: number,
): Promise<void> {
  const created = await folder.create(name);
  if (!created.ok) raise(created.fault);
  const map = Object.fromEntries(
    [...groups].flatMap(([file, tensors]) => tensors.map((tensor) => [tensor.name, file])),
  );
  const index = { metadata: { total_size: total }, weight_map: map };
  await created.value.write(new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`));
}
