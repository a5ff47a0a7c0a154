import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { maskedCrc32c } from './crc32c.js';
import { unpackSnappy } from './snappy.js';

export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const FOOTER_BYTES = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Blocks of an index have 4 KiB to 256 KiB; one with a large value is as large as that value. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/**
 * Entries of a sorted string table in order, block by block, every checksum checked.
 * Source: leveldb, doc/table_format.md; TensorFlow keeps the same format in tsl/lib/io.
 * Faults: `checkpoint/truncated`, `leveldb/malformed`, `leveldb/checksum`.
 */
export async function* readTable(source: ByteSource, signal?: AbortSignal): AsyncGenerator<TableEntry> {
  const { sizeBytes } = source;
  if (sizeBytes < FOOTER_BYTES)
    malformed(source, 0, `A table ends with ${FOOTER_BYTES} bytes of footer, the file has ${sizeBytes}`);
  const begin = sizeBytes - FOOTER_BYTES;
  const footer = await source.read(begin, FOOTER_BYTES, signal);
  if (!MAGIC.every((byte, index) => footer[40 + index] === byte)) {
    malformed(source, begin + 40, 'The file does not end with the magic number of a table. It may be cut off');
  }
  const walker = new Walker(footer, source, begin);
  walker.handle();
  const index = await readBlock(source, walker.handle(), signal);
  for (const { value } of entriesOf(index, source)) {
    const block = await readBlock(source, new Walker(value, source, index.offset).handle(), signal);
    yield* entriesOf(block, source);
  }
}

interface TableBlock {
  readonly bytes: Uint8Array;
  /** Where it stands in the file, for messages. */
  readonly offset: number;
}

/** The content of a block; behind it stand its compression and its checksum. */
async function readBlock(
  source: ByteSource,
  { offset, size }: Handle,
  signal: AbortSignal | undefined,
): Promise<TableBlock> {
  if (size > MAX_BLOCK_BYTES) malformed(source, offset, `A block has ${size} bytes`);
  if (offset + size + 5 > source.sizeBytes)
    malformed(source, offset, `A block ends at ${offset + size + 5}, behind the end of the file`);
  const stored = await source.read(offset, size + 5, signal);
  const stated =
    (stored[size + 1]! | (stored[size + 2]! << 8) | (stored[size + 3]! << 16) | (stored[size + 4]! << 24)) >>> 0;
  const found = maskedCrc32c(stored.subarray(0, size + 1));
  if (stated !== found) {
    raise({
      code: 'leveldb/checksum',
      file: source.name,
      offset,
      expected: hex(stated),
      found: hex(found),
      message: `The checksum of the ${size} bytes at ${offset} is wrong.`,
    });
  }
  const bytes = stored.subarray(0, size);
  const compression = stored[size]!;
  if (compression === 0) return { bytes, offset };
  if (compression !== 1) malformed(source, offset + size, `A block has the unknown compression ${compression}`);
  return {
    bytes: unpackSnappy(bytes, MAX_BLOCK_BYTES) ?? malformed(source, offset, 'A block cannot be unpacked'),
    offset,
  };
}

const hex = (crc: number): string => `0x${crc.toString(16).padStart(8, '0')}`;

/** Entries share the beginning of their key with the one before. Behind them stand the places where a whole key begins. */
function* entriesOf(block: TableBlock, source: ByteSource): Generator<TableEntry> {
  const { bytes, offset } = block;
  if (bytes.length < 4) malformed(source, offset, 'A block has no end');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const restarts = view.getUint32(bytes.length - 4, true);
  const end = bytes.length - 4 - 4 * restarts;
  if (end < 0) malformed(source, offset, `A block of ${bytes.length} bytes cannot have ${restarts} whole keys`);
  const walker = new Walker(bytes.subarray(0, end), source, offset);
  let key: Uint8Array = new Uint8Array(0);
  while (walker.left > 0) {
    const shared = walker.varint();
    const added = walker.varint();
    const length = walker.varint();
    if (shared > key.length) malformed(source, offset, `A key shares ${shared} bytes with one of ${key.length}`);
    const rest = walker.take(added);
    const next = new Uint8Array(shared + added);
    next.set(key.subarray(0, shared));
    next.set(rest, shared);
    key = next;
    yield { key, value: walker.take(length) };
  }
}

class Walker {
  private at = 0;
  constructor(
    private readonly bytes: Uint8Array,
    private readonly source: ByteSource,
    private readonly offset: number,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      if (this.left <= 0) break;
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return malformed(this.source, this.offset, 'A number in a block does not end');
  }

  handle(): Handle {
    return { offset: this.varint(), size: this.varint() };
  }

  take(length: number): Uint8Array {
    if (length > this.left)
      malformed(this.source, this.offset, `An entry needs ${length} bytes, its block has ${this.left} left`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function malformed(source: ByteSource, offset: number, what: string): never {
  raise({ code: 'leveldb/malformed', file: source.name, offset, message: `${what}.` });
}
