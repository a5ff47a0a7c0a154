import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

const PAGE_BYTES = 65_536;
/** Pages that are kept: 16 MiB. One unit of work may not touch more. */
const MAX_PAGES = 256;

/** Thrown by a view inside of `run` when it needs pages that are not there; never leaves this file. */
class MissingPages extends Error {
  constructor(
    readonly first: number,
    readonly last: number,
  ) {
    super('pages are missing');
  }
}

/**
 * Random access to a large file for readers that are written as if it were in memory. `run` gives a synchronous view; where the view needs a page that is not
 * there, the page is read and the unit of work begins again. Units should be small (one table with its vectors), so that little is done twice.
 */
export class Pages {
  private readonly pages = new Map<number, { bytes: Uint8Array; usedBy: number }>();
  private unit = 0;

  constructor(
    readonly source: ByteSource,
    readonly signal?: AbortSignal,
  ) {}

  /** Runs a pure reader, perhaps several times, until it has all it needs. */
  async run<T>(work: (view: FileView) => T): Promise<T> {
    this.signal?.throwIfAborted();
    this.unit++;
    const view = new FileView(this.source.name, this.source.sizeBytes, (page) => {
      const found = this.pages.get(page);
      if (found !== undefined) found.usedBy = this.unit;
      return found?.bytes;
    });
    for (let loads = 0; ; ) {
      try {
        return work(view);
      } catch (missing) {
        if (!(missing instanceof MissingPages)) throw missing;
        loads += missing.last - missing.first + 1;
        if (loads > MAX_PAGES) {
          raise({
            code: 'checkpoint/too-complex',
            file: this.source.name,
            offset: missing.first * PAGE_BYTES,
            expected: MAX_PAGES * PAGE_BYTES,
            message: `A part of the structure is spread over more than ${MAX_PAGES * PAGE_BYTES} bytes.`,
          });
        }
        await this.load(missing.first, missing.last);
      }
    }
  }

  private async load(first: number, last: number): Promise<void> {
    const begin = first * PAGE_BYTES;
    const end = Math.min((last + 1) * PAGE_BYTES, this.source.sizeBytes);
    const bytes = await this.source.read(begin, end - begin, this.signal);
    for (let page = first; page <= last; page++) {
      const at = (page - first) * PAGE_BYTES;
      this.pages.set(page, { bytes: bytes.subarray(at, at + PAGE_BYTES), usedBy: this.unit });
    }
    if (this.pages.size <= 2 * MAX_PAGES) return;
    for (const [page, { usedBy }] of this.pages) {
      if (this.pages.size <= MAX_PAGES) return;
      if (usedBy !== this.unit) this.pages.delete(page);
    }
  }
}

/** Little-endian numbers at any byte offset of the file. Every access is checked against its size. */
export class FileView {
  private readonly scratch = new DataView(new ArrayBuffer(8));

  constructor(
    readonly file: string,
    readonly sizeBytes: number,
    private readonly page: (index: number) => Uint8Array | undefined,
  ) {}

  u8(at: number): number {
    return this.gather(at, 1).getUint8(0);
  }
  i8(at: number): number {
    return this.gather(at, 1).getInt8(0);
  }
  u16(at: number): number {
    return this.gather(at, 2).getUint16(0, true);
  }
  i32(at: number): number {
    return this.gather(at, 4).getInt32(0, true);
  }
  u32(at: number): number {
    return this.gather(at, 4).getUint32(0, true);
  }
  f32(at: number): number {
    return this.gather(at, 4).getFloat32(0, true);
  }
  /** Rounded to the nearest double beyond 2⁵³. */
  u64(at: number): number {
    const view = this.gather(at, 8);
    return view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  }
  i64(at: number): number {
    const view = this.gather(at, 8);
    return view.getInt32(4, true) * 2 ** 32 + view.getUint32(0, true);
  }

  /** A copy of a range, for texts and vectors of numbers. */
  bytes(at: number, length: number): Uint8Array {
    this.check(at, length);
    const out = new Uint8Array(length);
    if (length === 0) return out;
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor((at + length - 1) / PAGE_BYTES);
    this.need(first, last);
    for (let page = first; page <= last; page++) {
      const bytes = this.page(page)!;
      const from = Math.max(at, page * PAGE_BYTES);
      const to = Math.min(at + length, (page + 1) * PAGE_BYTES);
      out.set(bytes.subarray(from - page * PAGE_BYTES, to - page * PAGE_BYTES), from - at);
    }
    return out;
  }

  /** Raises unless the range lies inside of the file. */
  check(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.sizeBytes) return;
    raise({
      code: at >= 0 && at < this.sizeBytes ? 'checkpoint/truncated' : 'checkpoint/header-malformed',
      file: this.file,
      offset: Math.max(0, at),
      expected: at + length,
      found: this.sizeBytes,
      message: `The structure points to ${length} bytes at ${at}, the file has ${this.sizeBytes}.`,
    });
  }

  private gather(at: number, length: number): DataView {
    this.check(at, length);
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor((at + length - 1) / PAGE_BYTES);
    this.need(first, last);
    for (let i = 0; i < length; i++) {
      const page = Math.floor((at + i) / PAGE_BYTES);
      this.scratch.setUint8(i, this.page(page)![at + i - page * PAGE_BYTES]!);
    }
    return this.scratch;
  }

  private need(first: number, last: number): void {
    for (let page = first; page <= last; page++) {
      if (this.page(page) !== undefined) continue;
      // One page is common; a long vector is read in one go, as far as one unit of work may go.
      throw new MissingPages(page, Math.min(last, page + MAX_PAGES));
    }
  }
}
