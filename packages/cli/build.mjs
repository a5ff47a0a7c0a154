import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8'));

await build({
  absWorkingDir: new URL('.', import.meta.url).pathname,
  entryPoints: {
    espalier: 'src/espalier.ts',
    worker: 'src/worker.ts',
    job: 'src/job.ts',
    server: '../../server/src/main.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['@espalier/source'],
  // Some libraries are UMD in `main`, whose inner requires a bundler cannot follow.
  mainFields: ['module', 'main'],
  define: { __ESPALIER_VERSION__: JSON.stringify(version) },
  // Libraries in CommonJS ask for require and __filename.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
});
