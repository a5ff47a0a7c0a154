import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.js';

/** The definition, bit by bit. */
function plain(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('the check value of the polynomial', () => expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf4_3926));

test('wherever the bytes begin, and however they are divided, it is the definition', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(200), (content, offset, cut) => {
      const bytes = new Uint8Array(content.length + offset).subarray(offset);
      bytes.set(content);
      const at = Math.min(cut, bytes.length);
      expect(crc32(bytes)).toBe(plain(content));
      expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(plain(content));
    }),
  ));
