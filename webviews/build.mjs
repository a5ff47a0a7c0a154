/** Bundles each page into one script and one stylesheet under `dist`: `checkpoint.js`, `checkpoint.css` and so on. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const PAGES = ['checkpoint', 'compare', 'report', 'sweep', 'doctor'].filter((page) =>
  existsSync(path.join(root, 'src', page, 'main.ts')),
);
/** All pages together must stay below this; the extension carries them. */
const LIMIT_BYTES = 1_250_000;

await build({
  absWorkingDir: root,
  entryPoints: PAGES.flatMap((page) => [
    { in: `src/${page}/main.ts`, out: page },
    { in: `src/${page}/page.css`, out: page },
  ]),
  outdir: 'dist',
  bundle: true,
  format: 'iife',
  // VS Code 1.100, the oldest that is supported, brings this Chromium.
  target: 'chrome132',
  conditions: ['@espalier/source'],
  minify: true,
  legalComments: 'eof',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
});

const bundles = readdirSync(path.join(root, 'dist')).filter((file) => /\.(js|css)$/.test(file));
const bytes = bundles.reduce((sum, file) => sum + statSync(path.join(root, 'dist', file)).size, 0);
if (bytes > LIMIT_BYTES) throw new Error(`the pages take ${bytes} bytes, the limit is ${LIMIT_BYTES}`);
for (const file of bundles)
  console.log(`${file.padEnd(16)} ${String(statSync(path.join(root, 'dist', file)).size).padStart(8)} bytes`);
