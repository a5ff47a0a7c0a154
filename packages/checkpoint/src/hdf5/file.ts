import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { Block, type Widths } from './block.js';

/** Metadata lies scattered in small pieces: it is read by pages, of which a few are kept. */
const PAGE_BYTES = 16 * 1024;
const MAX_PAGES = 256;
/** Longest piece of metadata that is read at once. Attributes stay below 64 KiB, texts in heaps below some megabytes. */
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;
/** Pieces of metadata looked at in one file: bounds the time that a file which refers to itself can take. */
const MAX_BLOCKS = 20_000_000;

/** Reads pieces of an HDF5 file by address. */
export class Hdf5Bytes {
  private readonly pages = new Map<number, Uint8Array>();
  private blocks = 0;

  constructor(
    readonly source: ByteSource,
    /** Byte in the file that addresses count from. */
    readonly base: number,
    readonly widths: Widths,
    readonly signal?: AbortSignal | undefined,
  ) {}

  /** Absolute offset in the file of `length` bytes at an address, checked against its end. */
  place(address: number, length: number, what: string): number {
    const begin = this.base + address;
    if (begin + length > this.source.sizeBytes || !Number.isSafeInteger(begin + length)) {
      raise({
        code: 'checkpoint/truncated',
        file: this.source.name,
        offset: begin,
        expected: begin + length,
        found: this.source.sizeBytes,
        message: `The file ends at ${this.source.sizeBytes}, ${what} needs ${length} bytes at ${begin}.`,
        hint: 'It may be an unfinished download.',
      });
    }
    return begin;
  }

  /** `length` bytes at an address. */
  async block(address: number, length: number, what: string): Promise<Block> {
    const begin = this.place(address, length, what);
    this.count(begin);
    if (length > MAX_BLOCK_BYTES) {
      raise({
        code: 'checkpoint/too-complex',
        file: this.source.name,
        offset: begin,
        expected: MAX_BLOCK_BYTES,
        found: length,
        message: `${what} has ${length} bytes.`,
      });
    }
    return new Block(this.source.name, await this.bytes(begin, length), begin, this.widths);
  }

  /** Up to `length` bytes at an address, fewer at the end of the file, at least `atLeast`. */
  async upTo(address: number, atLeast: number, length: number, what: string): Promise<Block> {
    const begin = this.place(address, atLeast, what);
    return this.block(address, Math.min(length, this.source.sizeBytes - begin), what);
  }

  private count(offset: number): void {
    this.signal?.throwIfAborted();
    if (++this.blocks <= MAX_BLOCKS) return;
    raise({
      code: 'checkpoint/too-complex',
      file: this.source.name,
      offset,
      expected: MAX_BLOCKS,
      message: 'The structure of the HDF5 file does not end.',
    });
  }

  private async bytes(begin: number, length: number): Promise<Uint8Array> {
    if (length > 4 * PAGE_BYTES) return this.source.read(begin, length, this.signal);
    const bytes = new Uint8Array(length);
    for (let at = begin; at < begin + length; ) {
      const number = Math.floor(at / PAGE_BYTES);
      const page = await this.page(number);
      const from = at - number * PAGE_BYTES;
      const piece = page.subarray(from, Math.min(page.length, from + begin + length - at));
      bytes.set(piece, at - begin);
      at += piece.length;
    }
    return bytes;
  }

  private async page(number: number): Promise<Uint8Array> {
    const known = this.pages.get(number);
    if (known !== undefined) {
      this.pages.delete(number);
      this.pages.set(number, known);
      return known;
    }
    const begin = number * PAGE_BYTES;
    const page = await this.source.read(begin, Math.min(PAGE_BYTES, this.source.sizeBytes - begin), this.signal);
    this.pages.set(number, page);
    if (this.pages.size > MAX_PAGES) this.pages.delete(this.pages.keys().next().value!);
    return page;
  }
}
