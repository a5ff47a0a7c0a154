import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { FIXED32, FIXED64, INLINE_BYTES, LENGTH_DELIMITED, VARINT, WireField } from './field.js';
import type { Span } from './span.js';

/** What to do with each field, by its number. Fields without a handler are skipped, however long, without reading them. */
export type Handlers = Readonly<Record<number, (field: WireField) => void | Promise<void>>>;

export interface WireLimits {
  /** Nested messages. Real files stay below 20; protobuf's own parsers stop at 100. */
  readonly depth?: number;
  /** Fields looked at in all messages together: bounds the time. */
  readonly fields?: number;
  /** Items that the caller announces with `keep`: bounds the memory. */
  readonly kept?: number;
}

const MIN_WINDOW = 4096;
const MAX_WINDOW = 262_144;
/** A tag and a value, or a tag and a length, each of at most 10 bytes. */
const LONGEST_HEADER = 20;

/**
 * Walks protobuf messages in a file of any size. Payloads of more than 64 KiB are offered as a `Span` and cost nothing;
 * a sliding window of at most 256 KiB (plus one inline payload) is all that is held.
 *
 * ```ts
 * const reader = new WireReader({ signal });
 * await reader.message(spanOfFile(source), {
 *   1: (field) => { irVersion = field.int(); },
 *   7: (field) => reader.message(field.span(), graphHandlers),
 * });
 * ```
 *
 * Faults: `checkpoint/truncated` where a field runs over the end of the file, `checkpoint/header-malformed`, `checkpoint/too-complex`.
 */
export class WireReader {
  private window: { source: ByteSource; begin: number; bytes: Uint8Array } | undefined;
  private windowBytes = MIN_WINDOW;
  private depth = 0;
  private fields = 0;
  private kept = 0;
  private readonly limits: Required<WireLimits>;

  constructor(
    private readonly options: { readonly signal?: AbortSignal | undefined } = {},
    limits: WireLimits = {},
  ) {
    this.limits = { depth: 64, fields: 50_000_000, kept: 3_000_000, ...limits };
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal;
  }

  /** Calls the handler of every field in order, waiting for those that return a promise. */
  async message(span: Span, handlers: Handlers): Promise<void> {
    if (this.depth >= this.limits.depth) this.tooComplex(span.source, span.begin, 'nested messages', this.limits.depth);
    this.depth++;
    try {
      if (span.bytes === undefined) await this.walk(span, handlers);
      else {
        const field = new WireField(span.source);
        field.next = span.begin;
        for (let pending = this.scan(field, span, span.bytes, handlers); pending !== undefined; ) {
          await pending;
          pending = this.scan(field, span, span.bytes, handlers);
        }
      }
    } finally {
      this.depth--;
    }
  }

  /** Walks a message in memory until a handler returns a promise, and hands that on; most never do. */
  private scan(field: WireField, span: Span, bytes: Uint8Array, handlers: Handlers): Promise<void> | undefined {
    const base = span.begin;
    while (field.next < span.end) {
      const at = field.next;
      if (++this.fields > this.limits.fields) this.tooComplex(span.source, at, 'fields', this.limits.fields);
      field.next = base + readHeader(field, bytes, at - base, bytes.length, base);
      const handler = handlers[field.number];
      field.payload = undefined;
      if (field.wire === LENGTH_DELIMITED) {
        field.next = this.payload(field, field.next, span);
        if (handler !== undefined) field.payload = bytes.subarray(field.begin - base, field.end - base);
      }
      const pending = handler?.(field);
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  private async walk(span: Span, handlers: Handlers): Promise<void> {
    const field = new WireField(span.source);
    let at = span.begin;
    while (at < span.end) {
      if (++this.fields > this.limits.fields) this.tooComplex(span.source, at, 'fields', this.limits.fields);
      const need = Math.min(LONGEST_HEADER, span.end - at);
      let window = this.covers(span.source, at, need) ?? (await this.slide(span, at, need));
      const end = Math.min(window.bytes.length, span.end - window.begin);
      const next = window.begin + readHeader(field, window.bytes, at - window.begin, end, window.begin);
      const handler = handlers[field.number];
      field.payload = undefined;
      if (field.wire !== LENGTH_DELIMITED) at = next;
      else {
        at = this.payload(field, next, span);
        if (handler !== undefined && field.end - field.begin <= INLINE_BYTES) {
          const length = field.end - field.begin;
          if (field.end > window.begin + window.bytes.length) window = await this.slide(span, field.begin, length);
          field.payload = window.bytes.subarray(field.begin - window.begin, field.end - window.begin);
        }
      }
      field.next = at;
      if (handler !== undefined) {
        const pending = handler(field);
        if (pending !== undefined) await pending;
      }
    }
  }

  /** Announces that the caller keeps so many more small items of the file: 1 for a name or a number, more for an object with lists of its own. */
  keep(items: number, span: Span): void {
    this.kept += items;
    if (this.kept > this.limits.kept)
      this.tooComplex(span.source, span.begin, 'names, sizes and nodes', this.limits.kept);
  }

  /** Checks the length of a payload and returns the offset after it. */
  private payload(field: WireField, begin: number, span: Span): number {
    const length = field.high * 2 ** 32 + field.low;
    const end = begin + length;
    if (end > span.end) {
      const cut = end > span.source.sizeBytes && span.end === span.source.sizeBytes;
      raise({
        code: cut ? 'checkpoint/truncated' : 'checkpoint/header-malformed',
        file: span.source.name,
        offset: begin,
        expected: end,
        found: span.end,
        message: cut
          ? `The file ends at ${span.end}, field ${field.number} needs ${length} bytes at ${begin}.`
          : `Field ${field.number} has ${length} bytes, the message around it ends after ${span.end - begin}.`,
        ...(cut ? { hint: 'It may be an unfinished download.' } : {}),
      });
    }
    field.begin = begin;
    field.end = end;
    return end;
  }

  private covers(source: ByteSource, begin: number, length: number): { begin: number; bytes: Uint8Array } | undefined {
    const window = this.window;
    if (window === undefined || window.source !== source) return undefined;
    return begin >= window.begin && begin + length <= window.begin + window.bytes.length ? window : undefined;
  }

  /** Moves the window so that it begins at `begin`. It grows while reading on and shrinks after a jump. */
  private async slide(span: Span, begin: number, need: number): Promise<{ begin: number; bytes: Uint8Array }> {
    const before = this.window;
    const goesOn =
      before !== undefined &&
      before.source === span.source &&
      begin <= before.begin + before.bytes.length &&
      begin > before.begin;
    this.windowBytes = goesOn ? Math.min(MAX_WINDOW, this.windowBytes * 2) : MIN_WINDOW;
    const length = Math.min(Math.max(need, this.windowBytes), span.source.sizeBytes - begin);
    const bytes = await span.source.read(begin, length, this.options.signal);
    this.window = { source: span.source, begin, bytes };
    return this.window;
  }

  private tooComplex(source: ByteSource, offset: number, what: string, limit: number): never {
    raise({
      code: 'checkpoint/too-complex',
      file: source.name,
      offset,
      expected: limit,
      message: `The file has more than ${limit.toLocaleString('en-US')} ${what}.`,
    });
  }
}

/** Reads the tag and the value, or the tag and the length, at `at`; returns the position after it. Positions are in `bytes`. */
function readHeader(field: WireField, bytes: Uint8Array, at: number, limit: number, base: number): number {
  field.begin = base + at;
  field.from = field.begin;
  at = field.varint(bytes, at, limit);
  const wire = field.low & 7;
  const number = field.high * 2 ** 29 + (field.low >>> 3);
  field.wire = wire;
  field.number = number;
  if (number === 0 || number >= 2 ** 29) field.malformed(`A field has the number ${number}`);
  if (wire === VARINT || wire === LENGTH_DELIMITED) return field.varint(bytes, at, limit);
  if (wire === FIXED32 || wire === FIXED64) {
    const width = wire === FIXED32 ? 4 : 8;
    if (at + width > limit) field.malformed(`Field ${number} is cut off`);
    field.low = little(bytes, at);
    field.high = width === 8 ? little(bytes, at + 4) : 0;
    return at + width;
  }
  return field.malformed(`Field ${number} has the wire type ${wire}, which the format does not use`);
}

const little = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
