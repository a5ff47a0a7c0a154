import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../assembly');
const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory', '--initialMemory', '16'];

/** The module, and the source file that holds it. */
export async function compile() {
  let bytes;
  const diagnostics = [];
  const { error } = await asc.main(['index.ts', ...FLAGS, '--outFile', 'kernels.wasm'], {
    readFile: (name) => readFile(join(folder, name), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name === 'kernels.wasm') bytes = contents;
    },
    listFiles: () => [],
    stderr: { write: (text) => void diagnostics.push(text) },
  });
  if (error) throw new Error(`assembly/ does not compile:\n${diagnostics.join('')}`);
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,120}/g);
  const text = [
    '// Made from assembly/ by `npm run build -w packages/kernels`. Do not edit.',
    'export const wasmBase64 =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
  return { bytes, text };
}
