// Compiles assembly/*.ts and writes src/generated/wasmBytes.ts. The generated file is committed, so that nothing else needs the compiler;
// a test sees to it that both agree.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';

const target = fileURLToPath(new URL('../src/generated/wasmBytes.ts', import.meta.url));
const { bytes, text } = await compile();
writeFileSync(target, text);
console.log(`${bytes.length} bytes of WebAssembly`);
