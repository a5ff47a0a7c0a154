import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile } from '../scripts/compile.mjs';

test('the committed module is what assembly/ compiles to', async () => {
  const { text } = await compile();
  const committed = readFileSync(new URL('./generated/wasmBytes.ts', import.meta.url), 'utf8');
  expect(committed === text, 'run `npm run build -w packages/kernels` and commit the result').toBe(true);
}, 60_000);
