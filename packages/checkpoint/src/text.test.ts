import { memorySource } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { openCheckpoint } from './open.js';

const open = (name: string, text: string) => openCheckpoint(memorySource(name, new TextEncoder().encode(text)));

test.each([
  [
    'model.safetensors',
    '<!DOCTYPE html>\n<html><body>Not Found</body></html>',
    'a web page',
    '<!DOCTYPE html> <html><body>Not Found</b…',
  ],
  ['download', '  <html lang="en">', 'a web page', '<html lang="en">'],
  ['model.safetensors', '{"error":"Repository not found"}', 'text', '{"error":"Repository not found"}'],
  ['model.gguf', 'Entry not found', 'text', 'Entry not found'],
])('%s that begins like %j holds %s', async (name, text, kind, shown) => {
  expect(await open(name, text)).toMatchObject({
    ok: false,
    fault: {
      code: 'checkpoint/text',
      file: name,
      offset: 0,
      message: `The file holds ${kind}, not a model: “${shown}”.`,
    },
  });
});

test('text under another name is no known format, and formats are called as people call them', async () =>
  expect(await open('notes.txt', 'Entry not found')).toMatchObject({
    fault: { code: 'checkpoint/unknown-format', expected: expect.stringContaining('PyTorch, ONNX') },
  }));

test('a pickle of protocol 0 is text, and more', async () =>
  expect(await open('old.pt', "(dp0\nS'a'\np1\nI1\ns.")).not.toMatchObject({ fault: { code: 'checkpoint/text' } }));
