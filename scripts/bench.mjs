// npm run bench [NAME…]: runs every packages/*/bench/*.bench.ts (or those whose path contains one of the names), prints the tables with the
// machine and the versions, and writes docs/benchmarks.md when all of them ran.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { documentOf, printed, tablesOf } from './benchTables.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);

const names = benchFolders().flatMap((folder) =>
  readdirSync(folder).flatMap((name) => (name.endsWith('.bench.ts') ? path.join(folder, name) : [])),
);
const unknown = wanted.filter((part) => !names.some((name) => name.includes(part)));
if (unknown.length > 0) {
  const there = names.map((name) => path.basename(name, '.bench.ts')).join(', ');
  process.stderr.write(`No benchmark is called ${unknown.join(', ')}; there are ${there}.\n`);
  process.exit(2);
}

const tables = [];
let skipped = 0;
for (const folder of benchFolders()) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.bench.ts'));
  const chosen = files.filter(
    (name) => wanted.length === 0 || wanted.some((part) => path.join(folder, name).includes(part)),
  );
  skipped += files.length - chosen.length;
  if (chosen.length === 0) continue;
  const built = await bundle(folder);
  for (const name of chosen) {
    process.stderr.write(`${path.relative(root, path.join(folder, name))} …\n`);
    const bench = await import(pathToFileURL(path.join(built, name.replace(/\.ts$/, '.js'))).href);
    const made = tablesOf(name, await bench.run());
    tables.push(...made);
    for (const table of made) process.stdout.write(`${printed(table)}\n`);
  }
}
const document = documentOf(machine(), tables);
process.stdout.write(`${machine().join('\n')}\n`);
if (skipped === 0) writeFileSync(path.join(root, 'docs', 'benchmarks.md'), document);
else process.stderr.write('docs/benchmarks.md is written when all benchmarks run.\n');

function benchFolders() {
  const packages = path.join(root, 'packages');
  return readdirSync(packages)
    .map((name) => path.join(packages, name, 'bench'))
    .filter((folder) => existsSync(folder));
}

/** Benchmarks, their worker threads and processes, each in one file; whatever else lies in the folder beside them. */
async function bundle(folder) {
  const outdir = path.join(root, 'node_modules', '.cache', 'espalier-bench', path.basename(path.dirname(folder)));
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: readdirSync(folder)
      .filter((name) => /\.(bench|worker|main)\.ts$/.test(name))
      .map((name) => path.join(folder, name)),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@espalier/source'],
    external: ['h5wasm'],
    logLevel: 'warning',
  });
  writeFileSync(path.join(outdir, 'package.json'), '{ "type": "module" }\n');
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.name.endsWith('.ts'))
      cpSync(path.join(folder, entry.name), path.join(outdir, entry.name), { recursive: true });
  }
  return outdir;
}

/** The machine and the versions, one line each. */
function machine() {
  const [cpu] = os.cpus();
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const vectors = ['avx2', 'avx512f'].filter((flag) => flags.includes(` ${flag} `)).join(', ');
  return [
    `${cpu?.model ?? 'unknown processor'}, ${os.cpus().length} threads${vectors === '' ? '' : ` (${vectors})`}, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    `${os.type()} ${os.release()}, Node ${process.versions.node}, V8 ${process.versions.v8}`,
    `Load average at the end: ${os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(', ')}`,
  ];
}
