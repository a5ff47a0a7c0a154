import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Span } from './span.js';

/** Names and other texts that are handed out in memory. Longer payloads are offered as a `Span` only. */
export const INLINE_BYTES = 65_536;

/** Wire types of the encoding (protobuf.dev, "Encoding"). 3 and 4 are the groups of proto1, which nothing here uses. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const WIRE_NAMES = ['a varint', '8 bytes', 'a length and bytes', 'a group', 'the end of a group', '4 bytes'];
const utf8 = new TextDecoder('utf-8');
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const scratch = new DataView(new ArrayBuffer(8));

/**
 * One field of a message, as it stands on the wire. The reader uses one object for all fields of a message: a handler
 * takes what it needs before it returns (or before its promise settles).
 */
export class WireField {
  number = 0;
  wire = 0;
  /** Lower and upper half of a varint or of fixed bytes, unsigned. */
  low = 0;
  high = 0;
  /** Payload of a length-delimited field, as offsets in the file; the value itself for the others. */
  begin = 0;
  end = 0;
  /** The field with its tag: first byte and the byte after the last, as offsets in the file. For those who copy fields. */
  from = 0;
  next = 0;
  /** Set for length-delimited payloads of at most `INLINE_BYTES`. */
  payload: Uint8Array | undefined;

  constructor(readonly source: ByteSource) {}

  /** int32, int64, enum: two's complement, rounded to the nearest double beyond 2⁵³. */
  int(): number {
    this.expect(VARINT);
    return signed(this.low, this.high);
  }

  /** uint32, uint64, rounded to the nearest double beyond 2⁵³. */
  uint(): number {
    this.expect(VARINT);
    return this.high * 2 ** 32 + this.low;
  }

  /** sint32, sint64 (zigzag). */
  sint(): number {
    this.expect(VARINT);
    const bits = (BigInt(this.high) << 32n) | BigInt(this.low);
    return Number((bits >> 1n) ^ -(bits & 1n));
  }

  bool(): boolean {
    this.expect(VARINT);
    return this.low !== 0 || this.high !== 0;
  }

  float(): number {
    this.expect(FIXED32);
    scratch.setUint32(0, this.low);
    return scratch.getFloat32(0);
  }

  double(): number {
    this.expect(FIXED64);
    scratch.setUint32(0, this.high);
    scratch.setUint32(4, this.low);
    return scratch.getFloat64(0);
  }

  /** fixed64 and fixed32, rounded to the nearest double beyond 2⁵³. */
  fixed(): number {
    if (this.wire !== FIXED32) this.expect(FIXED64);
    return this.high * 2 ** 32 + this.low;
  }

  /** A short text. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return decodeText(this.bytes());
  }

  /** A short payload; a view that is valid until the handler returns. Raises for more than `INLINE_BYTES`. */
  bytes(): Uint8Array {
    this.expect(LENGTH_DELIMITED);
    if (this.payload === undefined) {
      raise({
        code: 'checkpoint/header-malformed',
        file: this.source.name,
        offset: this.begin,
        expected: INLINE_BYTES,
        found: this.end - this.begin,
        message: `Field ${this.number} should be a short text or list and has ${this.end - this.begin} bytes.`,
      });
    }
    return this.payload;
  }

  /** Where the payload is: a nested message, or bytes to read later. */
  span(): Span {
    this.expect(LENGTH_DELIMITED);
    const { source, begin, end, payload } = this;
    return payload === undefined ? { source, begin, end } : { source, begin, end, bytes: payload };
  }

  /** Adds repeated int64, int32 or enum values, packed or not. `limit` is the most that `into` may hold. */
  pushInts(into: number[], limit: number): void {
    if (this.wire === VARINT) {
      this.push(into, signed(this.low, this.high), limit);
      return;
    }
    const bytes = this.bytes();
    for (let at = 0; at < bytes.length; ) {
      at = this.varint(bytes, at, bytes.length);
      this.push(into, signed(this.low, this.high), limit);
    }
  }

  /** Adds repeated float values, packed or not. */
  pushFloats(into: number[], limit: number): void {
    if (this.wire === FIXED32) {
      this.push(into, this.float(), limit);
      return;
    }
    const bytes = this.bytes();
    if (bytes.length % 4 !== 0) this.malformed(`Field ${this.number} is a list of floats in ${bytes.length} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += 4) this.push(into, view.getFloat32(at, true), limit);
  }

  /**
   * Decodes the varint at `at` of `bytes` into `low` and `high`; returns the position after it.
   * `offset` of a fault is only exact inside of `readHeader`.
   */
  varint(bytes: Uint8Array, at: number, limit: number): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= limit) this.malformed('A number is cut off');
      const byte = bytes[at++]!;
      const seven = byte & 127;
      if (shift < 28) low |= seven << shift;
      else if (shift === 28) {
        low |= seven << 28;
        high |= seven >> 4;
      } else if (shift < 63) high |= seven << (shift - 32);
      else high |= (seven & 1) << 31;
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return at;
      }
    }
    return this.malformed('A number has more than 10 bytes');
  }

  expect(wire: number): void {
    if (this.wire === wire) return;
    raise({
      code: 'checkpoint/header-malformed',
      file: this.source.name,
      offset: this.begin,
      expected: WIRE_NAMES[wire]!,
      found: WIRE_NAMES[this.wire]!,
      message: `Field ${this.number} is not of the type that the format states.`,
    });
  }

  malformed(what: string): never {
    raise({ code: 'checkpoint/header-malformed', file: this.source.name, offset: this.begin, message: `${what}.` });
  }

  private push(into: number[], value: number, limit: number): void {
    if (into.length >= limit) this.malformed(`Field ${this.number} repeats more than ${limit} times`);
    into.push(value);
  }
}

/** Names are short and mostly ASCII; starting the decoder costs more than they do. */
function decodeText(bytes: Uint8Array): string {
  if (bytes.length > 64) return utf8.decode(bytes);
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!;
    if (code > 127) return utf8.decode(bytes);
    text += ASCII[code]!;
  }
  return text;
}

function signed(low: number, high: number): number {
  if (high < 0x80000000) return high * 2 ** 32 + low;
  return (high - 2 ** 32) * 2 ** 32 + low;
}
