import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { brief } from '../../names.js';
import { Cursor } from './cursor.js';

/** What the header of a GGUF file says. Source: "GGUF" in the documents of ggml (docs/gguf.md), versions 1 to 3. */
export interface GgufHeader {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** Where the entries of the metadata stand in the file, in its order. */
  readonly entries: readonly { readonly key: string; readonly begin: number; readonly end: number }[];
  readonly alignment: number;
  readonly tensors: readonly GgufTensor[];
  /** Byte offset of the data; offsets of tensors count from here. */
  readonly dataBegin: number;
}

/** Short texts and numbers; lists by their length, with the first numbers of short ones. */
export type MetadataValue =
  | { readonly kind: 'text'; readonly text: string; readonly cut: boolean }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'list'; readonly of: string; readonly length: number; readonly numbers: readonly number[] | null };

export interface GgufTensor {
  readonly name: string;
  /** ne[0] first: the innermost axis, as in the file. */
  readonly ne: readonly number[];
  readonly type: number;
  /** From the beginning of the data. */
  readonly offset: number;
  /** Where its description stands in the file: first byte and the byte after the last. */
  readonly at: number;
  readonly end: number;
}

const DEFAULT_ALIGNMENT = 32;
const MAX_ENTRIES = 65_536;
const MAX_TENSORS = 262_144;
const MAX_KEY_BYTES = 65_535;
/** ggml itself keeps 64 bytes of a name. */
const MAX_NAME_BYTES = 1_024;
/** Texts of the metadata are cut here: they are for people. Chat templates are longer. */
const MAX_TEXT_BYTES = 8_192;
const MAX_AXES = 8;
const MAX_NESTING = 8;
const SHORT_LIST = 16;

/** Types of metadata values by number (`gguf_metadata_value_type`), with their size where it is fixed. */
const TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
const SIZES: readonly (number | null)[] = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;

const utf8 = new TextDecoder('utf-8');

/** Reads the header from front to back. Nothing is kept of lists of tokens; reads are at most 1 MiB. */
export async function readHeader(source: ByteSource, signal: AbortSignal | undefined): Promise<GgufHeader> {
  return await new HeaderReader(new Cursor(source, signal)).header();
}

class HeaderReader {
  private version = 0;

  constructor(private readonly cursor: Cursor) {}

  async header(): Promise<GgufHeader> {
    const { cursor } = this;
    await cursor.need(8);
    if (utf8.decode(cursor.take8(4)) !== 'GGUF') {
      raise({
        code: 'checkpoint/header-malformed',
        file: cursor.source.name,
        offset: 0,
        expected: 'GGUF',
        message: 'The file does not begin with GGUF.',
      });
    }
    this.version = cursor.u32();
    if ((this.version & 0xffff) === 0) {
      // Byte order is not stated: a small version number shows it (gguf_reader.py of llama.cpp).
      cursor.at -= 4;
      cursor.bigEndian = true;
      this.version = cursor.u32();
    }
    if (this.version < 1 || this.version > 3) {
      raise({
        code: 'checkpoint/unknown-version',
        file: cursor.source.name,
        offset: 4,
        expected: '1 to 3',
        found: this.version,
        message: `The file has version ${this.version} of GGUF, this reader knows 1 to 3.`,
      });
    }
    const tensorCount = await this.count('tensors', MAX_TENSORS, 16);
    const entryCount = await this.count('metadata entries', MAX_ENTRIES, 9);
    const metadata = new Map<string, MetadataValue>();
    const entries: GgufHeader['entries'][number][] = [];
    for (let i = 0; i < entryCount; i++) {
      const begin = cursor.at;
      const key = await this.name('The key of a metadata entry', MAX_KEY_BYTES);
      await cursor.need(4);
      metadata.set(key, await this.value(cursor.u32(), 0));
      entries.push({ key, begin, end: cursor.at });
    }
    const tensors: GgufTensor[] = [];
    for (let i = 0; i < tensorCount; i++) tensors.push(await this.tensor());
    const alignment = this.alignment(metadata);
    const dataBegin = Math.ceil(cursor.at / alignment) * alignment;
    return { version: this.version, bigEndian: cursor.bigEndian, metadata, entries, alignment, tensors, dataBegin };
  }

  private async tensor(): Promise<GgufTensor> {
    const { cursor } = this;
    const at = cursor.at;
    const name = await this.name('The name of a tensor', MAX_NAME_BYTES);
    await cursor.need(4);
    const axes = cursor.u32();
    if (axes > MAX_AXES) this.malformed(at, `Tensor ${brief(name)} has ${axes} axes, at most ${MAX_AXES} are possible`);
    await cursor.need(axes * 8 + 12);
    const ne = Array.from({ length: axes }, () => this.size());
    const type = cursor.u32();
    const offset = Number(cursor.u64());
    const elements = ne.reduce((product, length) => product * length, 1);
    if (!ne.every(Number.isSafeInteger) || !Number.isSafeInteger(elements) || !Number.isSafeInteger(offset)) {
      this.malformed(
        at,
        `Tensor ${brief(name)} has the sizes ${ne.join('×')} and the offset ${offset}, more than can be addressed`,
      );
    }
    return { name, ne, type, offset, at, end: cursor.at };
  }

  /** A value of the metadata. Lists are passed over, but for the first numbers of short ones. */
  private async value(type: number, depth: number): Promise<MetadataValue> {
    const { cursor } = this;
    if (type === STRING) {
      const length = await this.length();
      cursor.checkRest(length, 'a text');
      const kept = Math.min(length, MAX_TEXT_BYTES);
      await cursor.need(kept);
      const text = utf8.decode(cursor.take8(kept));
      cursor.skip(length - kept, 'a text');
      return { kind: 'text', text, cut: kept < length };
    }
    if (type === ARRAY) return await this.list(depth);
    const size = SIZES[type];
    if (size === undefined || size === null) this.malformed(cursor.at, `A metadata value has the type ${type}`);
    await cursor.need(size!);
    return type === 7 ? { kind: 'bool', value: cursor.u8() !== 0 } : { kind: 'number', value: this.number(type) };
  }

  private async list(depth: number): Promise<MetadataValue> {
    const { cursor } = this;
    await cursor.need(12);
    const type = cursor.u32();
    const at = cursor.at;
    const length = await this.length();
    const of = TYPES[type];
    if (of === undefined) return this.malformed(at, `A list has elements of the type ${type}`);
    const size = SIZES[type]!;
    if (size === null) {
      if (type === ARRAY && depth >= MAX_NESTING) this.malformed(at, `Lists are nested more than ${MAX_NESTING} deep`);
      for (let i = 0; i < length; i++) {
        if (type === ARRAY) await this.list(depth + 1);
        else await this.skipText();
      }
      return { kind: 'list', of, length, numbers: null };
    }
    if (length > SHORT_LIST) {
      cursor.skip(length * size, `a list of ${length} numbers`);
      return { kind: 'list', of, length, numbers: null };
    }
    await cursor.need(length * size);
    const numbers = Array.from({ length }, () => Number(type === 7 ? cursor.u8() : this.number(type)));
    return { kind: 'list', of, length, numbers };
  }

  private async skipText(): Promise<void> {
    const { cursor } = this;
    const wide = this.version === 1 ? 4 : 8;
    if (!cursor.has(wide)) await cursor.need(wide);
    cursor.skip(this.size(), 'a text of a list');
  }

  private number(type: number): number | bigint {
    const { cursor } = this;
    switch (type) {
      case 0:
        return cursor.u8();
      case 1:
        return cursor.i8();
      case 2:
        return cursor.u16();
      case 3:
        return cursor.i16();
      case 4:
        return cursor.u32();
      case 5:
        return cursor.i32();
      case 6:
        return cursor.f32();
      case 10:
        return cursor.u64();
      case 11:
        return cursor.i64();
      default:
        return cursor.f64();
    }
  }

  /** Sizes have 32 bits in version 1 and 64 bits since. Beyond 2⁵³ the nearest double, which no check lets pass. */
  private size(): number {
    return this.version === 1 ? this.cursor.u32() : Number(this.cursor.u64());
  }

  private async length(): Promise<number> {
    await this.cursor.need(this.version === 1 ? 4 : 8);
    return this.size();
  }

  /** A count of things of at least `least` bytes each: a file cannot hold more than fit into it. */
  private async count(what: string, limit: number, least: number): Promise<number> {
    const at = this.cursor.at;
    const count = await this.length();
    if (count <= limit && count * least <= this.cursor.source.sizeBytes) return count;
    return raise({
      code: 'checkpoint/header-malformed',
      file: this.cursor.source.name,
      offset: at,
      found: count,
      expected: Math.min(limit, Math.floor(this.cursor.source.sizeBytes / least)),
      message: `The header says ${count} ${what}, more than a file of ${this.cursor.source.sizeBytes} bytes can describe.`,
    });
  }

  private async name(what: string, limit: number): Promise<string> {
    const at = this.cursor.at;
    const length = await this.length();
    if (length > limit) this.malformed(at, `${what} has ${length} bytes, at most ${limit} are possible`);
    await this.cursor.need(length);
    return utf8.decode(this.cursor.take8(length));
  }

  private alignment(metadata: ReadonlyMap<string, MetadataValue>): number {
    const stated = metadata.get('general.alignment');
    if (stated === undefined) return DEFAULT_ALIGNMENT;
    const value = stated.kind === 'number' ? Number(stated.value) : Number.NaN;
    if (Number.isSafeInteger(value) && value > 0 && value <= 2 ** 30 && (value & (value - 1)) === 0) return value;
    return this.malformed(
      this.cursor.at,
      `general.alignment is ${stated.kind === 'number' ? stated.value : `a ${stated.kind}`}, it must be a power of two`,
    );
  }

  private malformed(offset: number, what: string): never {
    raise({ code: 'checkpoint/header-malformed', file: this.cursor.source.name, offset, message: `${what}.` });
  }
}
