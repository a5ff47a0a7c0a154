import { raise } from '@espalier/base';
import type { FileView } from './pages.js';

const utf8 = new TextDecoder('utf-8');
/** Names and descriptions beyond this are not texts for people. */
const MAX_TEXT_BYTES = 65_536;

/** A vector in the file: where its elements begin, and how many there are. Its whole extent lies inside of the file. */
export interface Vector {
  readonly begin: number;
  readonly length: number;
}

/**
 * A FlatBuffers table. Fields are named by their index in the schema (the first field of a table is 0). Absent fields give the default.
 * Each offset, each vtable and each length is checked against the file. Source: FlatBuffers, "Internals".
 */
export class Table {
  private readonly vtable: number;
  private readonly vtableBytes: number;
  private readonly tableBytes: number;

  constructor(
    private readonly view: FileView,
    readonly position: number,
  ) {
    this.vtable = position - view.i32(position);
    this.vtableBytes = view.u16(this.vtable);
    this.tableBytes = view.u16(this.vtable + 2);
    if (this.vtableBytes < 4 || this.vtableBytes % 2 !== 0 || this.tableBytes < 4) {
      this.malformed(`a table of ${this.tableBytes} bytes has a vtable of ${this.vtableBytes}`);
    }
    view.check(this.vtable, this.vtableBytes);
    view.check(position, this.tableBytes);
  }

  i8(field: number, otherwise = 0): number {
    const at = this.place(field, 1);
    return at === 0 ? otherwise : this.view.i8(at);
  }
  u8(field: number, otherwise = 0): number {
    const at = this.place(field, 1);
    return at === 0 ? otherwise : this.view.u8(at);
  }
  bool(field: number, otherwise = false): boolean {
    const at = this.place(field, 1);
    return at === 0 ? otherwise : this.view.u8(at) !== 0;
  }
  i32(field: number, otherwise = 0): number {
    const at = this.place(field, 4);
    return at === 0 ? otherwise : this.view.i32(at);
  }
  u32(field: number, otherwise = 0): number {
    const at = this.place(field, 4);
    return at === 0 ? otherwise : this.view.u32(at);
  }
  f32(field: number, otherwise = 0): number {
    const at = this.place(field, 4);
    return at === 0 ? otherwise : this.view.f32(at);
  }
  u64(field: number, otherwise = 0): number {
    const at = this.place(field, 8);
    return at === 0 ? otherwise : this.view.u64(at);
  }

  /** A table that this one refers to. */
  table(field: number): Table | null {
    const at = this.place(field, 4);
    return at === 0 ? null : new Table(this.view, this.follow(at));
  }

  /** A text; bytes that are not UTF-8 become U+FFFD, and what is longer than 64 KiB is cut. */
  text(field: number): string | null {
    const found = this.vector(field, 1);
    return found === null ? null : utf8.decode(this.view.bytes(found.begin, Math.min(found.length, MAX_TEXT_BYTES)));
  }

  /** A vector of scalars of `width` bytes, or of references (4 bytes). */
  vector(field: number, width: number): Vector | null {
    const at = this.place(field, 4);
    if (at === 0) return null;
    const begin = this.follow(at);
    const length = this.view.u32(begin);
    this.view.check(begin + 4, length * width);
    return { begin: begin + 4, length };
  }

  /** Number of elements of a vector, 0 where it is absent. */
  count(field: number, width: number): number {
    return this.vector(field, width)?.length ?? 0;
  }

  /** The tables of a vector, one by one: it may be longer than anyone wants to hold. */
  element(vector: Vector, index: number): Table {
    return new Table(this.view, this.follow(vector.begin + 4 * index));
  }

  i32s(field: number, limit: number): number[] {
    return this.numbers(field, 4, limit, (view, at) => view.getInt32(at, true));
  }
  f32s(field: number, limit: number): number[] {
    return this.numbers(field, 4, limit, (view, at) => view.getFloat32(at, true));
  }
  i64s(field: number, limit: number): number[] {
    return this.numbers(field, 8, limit, (view, at) => Number(view.getBigInt64(at, true)));
  }

  malformed(what: string): never {
    raise({
      code: 'checkpoint/header-malformed',
      file: this.view.file,
      offset: this.position,
      message: `The structure is broken: ${what}.`,
    });
  }

  private numbers(
    field: number,
    width: number,
    limit: number,
    value: (view: DataView, at: number) => number,
  ): number[] {
    const found = this.vector(field, width);
    if (found === null) return [];
    if (found.length > limit)
      this.malformed(`a list of ${found.length} numbers stands where at most ${limit} are expected`);
    const bytes = this.view.bytes(found.begin, found.length * width);
    const view = new DataView(bytes.buffer);
    return Array.from({ length: found.length }, (_, i) => value(view, i * width));
  }

  /** Byte offset of a field of `width` bytes; 0 where it is absent. */
  private place(field: number, width: number): number {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.vtableBytes) return 0;
    const offset = this.view.u16(this.vtable + slot);
    if (offset === 0) return 0;
    if (offset < 4 || offset + width > this.tableBytes)
      this.malformed(`field ${field} lies at ${offset} of a table of ${this.tableBytes} bytes`);
    return this.position + offset;
  }

  private follow(at: number): number {
    const offset = this.view.u32(at);
    if (offset === 0) this.malformed('a reference points to itself');
    this.view.check(at + offset, 4);
    return at + offset;
  }
}

/** The root table of a file. */
export function rootTable(view: FileView): Table {
  view.check(0, 8);
  const offset = view.u32(0);
  view.check(offset, 4);
  return new Table(view, offset);
}
