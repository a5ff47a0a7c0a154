import { raise } from '@espalier/base';

/** Sizes of addresses and lengths in this file, as the superblock states them. */
export interface Widths {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

const utf8 = new TextDecoder('utf-8');

/** A piece of the file in memory with a position in it. Every step is checked; faults name the byte in the file. */
export class Block {
  at = 0;
  private readonly view: DataView;

  constructor(
    readonly file: string,
    readonly bytes: Uint8Array,
    /** Offset of the first byte in the file. */
    readonly begin: number,
    readonly widths: Widths,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.step(1));
  }

  u16(): number {
    return this.view.getUint16(this.step(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.step(4), true);
  }

  /** Unsigned little-endian of 0 to 8 bytes, rounded to the nearest double beyond 2⁵³. */
  uint(width: number): number {
    const at = this.step(width);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.bytes[at + i]!;
    return value;
  }

  length(): number {
    return this.uint(this.widths.lengthBytes);
  }

  /** An address, relative to the base address. null: undefined (all bits set). */
  address(): number | null {
    const width = this.widths.offsetBytes;
    const at = this.at;
    const value = this.uint(width);
    for (let i = 0; i < width; i++) if (this.bytes[at + i] !== 255) return value;
    return null;
  }

  take(length: number): Uint8Array {
    const at = this.step(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.step(length);
  }

  /** The next `length` bytes as a block of their own. */
  part(length: number): Block {
    const begin = this.begin + this.at;
    return new Block(this.file, this.take(length), begin, this.widths);
  }

  /** A text of `length` bytes, up to its first NUL. */
  text(length: number): string {
    return textOf(this.take(length));
  }

  /** A text that ends with a NUL; moves behind it, and on to the next multiple of `align` from `from`. */
  nulText(from: number, align: number): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) this.malformed('A name does not end');
    const text = utf8.decode(this.bytes.subarray(this.at, end));
    this.at = Math.min(from + Math.ceil((end + 1 - from) / align) * align, this.bytes.length);
    return text;
  }

  signature(expected: string): void {
    const at = this.begin + this.at;
    const found = String.fromCharCode(...this.take(4));
    if (found === expected) return;
    raise({
      code: 'hdf5/malformed',
      file: this.file,
      offset: at,
      expected,
      found: JSON.stringify(found),
      message: `A block of the HDF5 file does not begin with ${expected}.`,
    });
  }

  malformed(what: string): never {
    raise({ code: 'hdf5/malformed', file: this.file, offset: this.begin + this.at, message: `${what}.` });
  }

  unsupported(what: string): never {
    raise({
      code: 'hdf5/unsupported',
      file: this.file,
      offset: this.begin + this.at,
      message: `${what} cannot be read yet.`,
    });
  }

  private step(length: number): number {
    const at = this.at;
    if (length < 0 || at + length > this.bytes.length) {
      raise({
        code: 'hdf5/malformed',
        file: this.file,
        offset: this.begin + at,
        expected: length,
        found: this.bytes.length - at,
        message: `${length} bytes are needed, the block of the HDF5 file ends after ${this.bytes.length - at}.`,
      });
    }
    this.at = at + length;
    return at;
  }
}

/** UTF-8 up to the first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
