import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const { version } = JSON.parse(await readFile(`${here}package.json`, 'utf8'));
const common = {
  absWorkingDir: here,
  bundle: true,
  platform: 'node',
  target: 'node20',
  conditions: ['@espalier/source'],
  // Some libraries are UMD in `main`, whose inner requires a bundler cannot follow.
  mainFields: ['module', 'main'],
  define: { __ESPALIER_VERSION__: JSON.stringify(version) },
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
};

await rm(`${here}dist`, { recursive: true, force: true });
await Promise.all([
  build({
    ...common,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    external: ['vscode'],
  }),
  // The server and its workers are processes and threads of their own, never part of the extension host.
  build({
    ...common,
    entryPoints: {
      server: '../server/src/main.ts',
      worker: '../packages/cli/src/worker.ts',
      job: '../packages/cli/src/job.ts',
    },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  }),
]);
// For extensions that check YAML by schemas: package.json says which files each is for.
await cp(fileURLToPath(new URL('../docs/schema/', import.meta.url)), `${here}dist/schema`, {
  recursive: true,
  filter: (path) => !/(?:inspect|diff)\.schema\.json$/.test(path),
});
await mkdir(`${here}dist/webviews`, { recursive: true });
await cp(fileURLToPath(new URL('../webviews/dist/', import.meta.url)), `${here}dist/webviews`, {
  recursive: true,
  filter: (path) => !/\.(?:d\.ts|tsbuildinfo|map)$/.test(path),
});
