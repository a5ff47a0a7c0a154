import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

const MIN_WINDOW = 65_536;
const MAX_WINDOW = 1_048_576;

/**
 * Reads a header from front to back through a window, so that a list of a million tokens passes by without being kept. `need` brings bytes in;
 * the synchronous readers take them.
 */
export class Cursor {
  /** Offset in the file of the next byte. */
  at = 0;
  bigEndian = false;
  private bytes: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private begin = 0;
  private windowBytes = MIN_WINDOW;

  constructor(
    readonly source: ByteSource,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** True when the next `length` bytes are at hand. */
  has(length: number): boolean {
    return this.at + length <= this.begin + this.bytes.length;
  }

  /** Brings the next `length` bytes in. Raises `checkpoint/truncated` where the file ends before. */
  async need(length: number): Promise<void> {
    if (this.has(length)) return;
    this.checkRest(length, 'the header');
    const goesOn = this.at <= this.begin + this.bytes.length;
    this.windowBytes = goesOn ? Math.min(MAX_WINDOW, 2 * this.windowBytes) : MIN_WINDOW;
    const size = Math.min(Math.max(length, this.windowBytes), this.source.sizeBytes - this.at);
    this.bytes = await this.source.read(this.at, size, this.signal);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.begin = this.at;
  }

  /** Passes over bytes that nobody wants. */
  skip(length: number, what: string): void {
    this.checkRest(length, what);
    this.at += length;
  }

  checkRest(length: number, what: string): void {
    if (this.at + length <= this.source.sizeBytes) return;
    raise({
      code: 'checkpoint/truncated',
      file: this.source.name,
      offset: this.at,
      expected: this.at + length,
      found: this.source.sizeBytes,
      message: `The file ends at ${this.source.sizeBytes}, ${what} needs ${length} bytes at ${this.at}.`,
      hint: 'It may be an unfinished download.',
    });
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  i8(): number {
    return this.view.getInt8(this.take(1));
  }
  u16(): number {
    return this.view.getUint16(this.take(2), !this.bigEndian);
  }
  i16(): number {
    return this.view.getInt16(this.take(2), !this.bigEndian);
  }
  u32(): number {
    return this.view.getUint32(this.take(4), !this.bigEndian);
  }
  i32(): number {
    return this.view.getInt32(this.take(4), !this.bigEndian);
  }
  f32(): number {
    return this.view.getFloat32(this.take(4), !this.bigEndian);
  }
  f64(): number {
    return this.view.getFloat64(this.take(8), !this.bigEndian);
  }
  u64(): bigint {
    return this.view.getBigUint64(this.take(8), !this.bigEndian);
  }
  i64(): bigint {
    return this.view.getBigInt64(this.take(8), !this.bigEndian);
  }

  /** The next bytes as a view of the window. */
  take8(length: number): Uint8Array {
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  private take(length: number): number {
    const from = this.at - this.begin;
    this.at += length;
    return from;
  }
}
