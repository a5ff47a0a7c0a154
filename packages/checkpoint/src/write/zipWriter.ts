import type { Work } from '@espalier/base';
import { crc32 } from '../zip/crc32.js';
import type { ByteSink, OutputTensor } from './output.js';
import { writeWindows } from './writeWindows.js';

/** Fields of 32 bits hold this where the true figure stands in the zip64 extra field. */
const FULL = 0xffff_ffff;

interface Entry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  /** Bytes in the archive, and how they came about: 0 as they are, 8 deflated. */
  readonly stored: number;
  readonly method: number;
  readonly offset: number;
}

/**
 * Writes a zip archive whose entries are stored as they come, zip64 where sizes ask for it. (APPNOTE 6.3.10.) Times are those of no clock, so that the
 * same content gives the same bytes.
 */
export class ZipWriter {
  readonly #sink: ByteSink;
  /** Data begin at multiples of this many bytes. */
  readonly #alignment: number;
  readonly #entries: Entry[] = [];

  constructor(sink: ByteSink, alignment = 1) {
    this.#sink = sink;
    this.#alignment = alignment;
  }

  async addBytes(name: string, bytes: Uint8Array): Promise<void> {
    const begun = await this.#begin(name, { size: bytes.length, stored: bytes.length, method: 0, crc: crc32(bytes) });
    await this.#sink.write(bytes);
    this.#entries.push(begun);
  }

  /** An entry of another archive, its bytes as they are there. */
  async addCopied(
    name: string,
    entry: { readonly size: number; readonly stored: number; readonly method: number; readonly crc: number },
    windows: OutputTensor['windows'],
    work: Work,
    wrote: (bytes: number) => void,
  ): Promise<void> {
    const begun = await this.#begin(name, entry);
    await writeWindows(this.#sink, { windows }, work, wrote);
    this.#entries.push(begun);
  }

  /** Data that arrive window by window, after some leading bytes; their checksum is put in place afterwards. */
  async addTensor(
    name: string,
    lead: Uint8Array,
    tensor: Pick<OutputTensor, 'byteLength' | 'windows'>,
    work: Work,
    wrote: (bytes: number) => void,
  ): Promise<number> {
    const size = lead.length + tensor.byteLength;
    const begun = await this.#begin(name, { size, stored: size, method: 0, crc: 0 });
    let crc = crc32(lead);
    if (lead.length > 0) await this.#sink.write(lead);
    const written = await writeWindows(
      this.#sink,
      summed(tensor, (window) => (crc = crc32(window, crc))),
      work,
      wrote,
    );
    const patch = new Uint8Array(4);
    new DataView(patch.buffer).setUint32(0, crc, true);
    await this.#sink.patch(begun.offset + 14, patch);
    this.#entries.push({ ...begun, crc });
    return written;
  }

  async #begin(name: string, { size, stored, method, crc }: Omit<Entry, 'name' | 'offset'>): Promise<Entry> {
    const bytes = new TextEncoder().encode(name);
    const offset = this.#sink.position;
    const isLarge = size >= FULL || stored >= FULL;
    const zip64 = isLarge ? sizes64([size, stored]) : new Uint8Array(0);
    const extra = concat([zip64, this.#padding(offset + 30 + bytes.length + zip64.length)]);
    const header = new DataView(new ArrayBuffer(30));
    header.setUint32(0, 0x0403_4b50, true);
    header.setUint16(4, isLarge ? 45 : 20, true);
    // Names are UTF-8.
    header.setUint16(6, 0x0800, true);
    header.setUint16(8, method, true);
    header.setUint32(14, crc, true);
    header.setUint32(18, isLarge ? FULL : stored, true);
    header.setUint32(22, isLarge ? FULL : size, true);
    header.setUint16(26, bytes.length, true);
    header.setUint16(28, extra.length, true);
    header.setUint16(12, 0x21, true);
    await this.#sink.write(concat([new Uint8Array(header.buffer), bytes, extra]));
    return { name: bytes, crc, size, stored, method, offset };
  }

  /** A field that readers skip, so that what follows is aligned: `FB`, as PyTorch writes it. */
  #padding(at: number): Uint8Array {
    if (this.#alignment === 1) return new Uint8Array(0);
    const length = (this.#alignment - ((at + 4) % this.#alignment)) % this.#alignment;
    const field = new Uint8Array(4 + length).fill(0x5a, 4);
    new DataView(field.buffer).setUint16(0, 0x4246, true);
    new DataView(field.buffer).setUint16(2, length, true);
    return field;
  }

  /** The central directory; nothing may be added afterwards. */
  async finish(): Promise<void> {
    const begin = this.#sink.position;
    for (const { name, crc, size, stored, method, offset } of this.#entries) {
      const isLarge = size >= FULL || stored >= FULL;
      const large = [...(isLarge ? [size, stored] : []), ...(offset >= FULL ? [offset] : [])];
      const extra = large.length === 0 ? new Uint8Array(0) : sizes64(large);
      const header = new DataView(new ArrayBuffer(46));
      header.setUint32(0, 0x0201_4b50, true);
      header.setUint16(4, large.length === 0 ? 20 : 45, true);
      header.setUint16(6, large.length === 0 ? 20 : 45, true);
      header.setUint16(8, 0x0800, true);
      header.setUint16(10, method, true);
      header.setUint16(14, 0x21, true);
      header.setUint32(16, crc, true);
      header.setUint32(20, isLarge ? FULL : stored, true);
      header.setUint32(24, isLarge ? FULL : size, true);
      header.setUint16(28, name.length, true);
      header.setUint16(30, extra.length, true);
      header.setUint32(42, Math.min(offset, FULL), true);
      await this.#sink.write(concat([new Uint8Array(header.buffer), name, extra]));
    }
    const length = this.#sink.position - begin;
    const count = this.#entries.length;
    if (count >= 0xffff || begin >= FULL || length >= FULL)
      await this.#sink.write(end64(begin, length, count, this.#sink.position));
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x0605_4b50, true);
    end.setUint16(8, Math.min(count, 0xffff), true);
    end.setUint16(10, Math.min(count, 0xffff), true);
    end.setUint32(12, Math.min(length, FULL), true);
    end.setUint32(16, Math.min(begin, FULL), true);
    await this.#sink.write(new Uint8Array(end.buffer));
  }
}

/** The windows of a tensor, each looked at as it passes. */
const summed = (
  tensor: Pick<OutputTensor, 'windows'>,
  look: (window: Uint8Array) => void,
): Pick<OutputTensor, 'windows'> => ({
  async *windows(work) {
    for await (const window of tensor.windows(work)) {
      look(window);
      yield window;
    }
  },
});

function sizes64(values: readonly number[]): Uint8Array {
  const field = new DataView(new ArrayBuffer(4 + 8 * values.length));
  field.setUint16(0, 1, true);
  field.setUint16(2, 8 * values.length, true);
  for (const [i, value] of values.entries()) field.setBigUint64(4 + 8 * i, BigInt(value), true);
  return new Uint8Array(field.buffer);
}

function end64(begin: number, length: number, count: number, at: number): Uint8Array {
  const end = new DataView(new ArrayBuffer(76));
  end.setUint32(0, 0x0606_4b50, true);
  end.setBigUint64(4, 44n, true);
  end.setUint16(12, 45, true);
  end.setUint16(14, 45, true);
  end.setBigUint64(24, BigInt(count), true);
  end.setBigUint64(32, BigInt(count), true);
  end.setBigUint64(40, BigInt(length), true);
  end.setBigUint64(48, BigInt(begin), true);
  end.setUint32(56, 0x0706_4b50, true);
  end.setBigUint64(64, BigInt(at), true);
  end.setUint32(72, 1, true);
  return new Uint8Array(end.buffer);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
