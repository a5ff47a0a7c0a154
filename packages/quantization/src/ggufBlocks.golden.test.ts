import { readFileSync } from 'node:fs';
import { fixturePath } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { decodeBlocks, encodeBlocks, GGUF_TYPES, ggufBytes, whyNoBlocks } from './ggufBlocks.js';

interface Golden {
  readonly values: readonly (readonly number[])[];
  readonly Q8_0: readonly string[];
  readonly Q4_0: readonly string[];
}

const golden = JSON.parse(readFileSync(fixturePath('golden/gguf-blocks.json'), 'utf8')) as Golden;

test.each(GGUF_TYPES)('%s has the bytes of gguf-py', (type) => {
  for (const [i, values] of golden.values.entries())
    expect(Buffer.from(encodeBlocks(Float32Array.from(values), type)).toString('hex')).toBe(golden[type][i]);
});

test.each(GGUF_TYPES)('%s gives back numbers near those that went in', (type) => {
  const values = Float32Array.from(golden.values.flat());
  const bytes = encodeBlocks(values, type);
  expect(bytes.length).toBe(ggufBytes(values.length, type));
  const again = decodeBlocks(bytes, type);
  for (let block = 0; block < values.length / 32; block++) {
    const own = values.subarray(32 * block, 32 * block + 32);
    const most = own.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    own.forEach((value, i) => {
      // Half a step, and the scale in half precision; Q4_0 has no code for the far end of the other sign.
      expect(Math.abs(value - again[32 * block + i]!)).toBeLessThanOrEqual(most * (type === 'Q8_0' ? 1 / 200 : 1 / 7));
    });
  }
});

test('rows that do not divide into blocks are told', () => {
  expect(whyNoBlocks({ shape: [4, 64] })).toBeNull();
  expect(whyNoBlocks({ shape: [4, 65] })).toBe('rows of 65 do not divide into blocks of 32');
  expect(whyNoBlocks({ shape: [64] })).not.toBeNull();
});
