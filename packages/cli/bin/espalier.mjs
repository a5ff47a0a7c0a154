#!/usr/bin/env node
// Committed launcher: npm links a bin only if its file exists at install time, and the bundle is built later.
import { existsSync } from 'node:fs';

const bundle = new URL('../dist/espalier.mjs', import.meta.url);
if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  process.stderr.write('espalier: the command is not built yet. Run: npm run build\n');
  process.exitCode = 2;
}
