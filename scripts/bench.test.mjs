import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './install.mjs';

const DOCUMENT = path.join(ROOT, 'docs/benchmarks.md');

test('a run prints its table, the machine and the versions, and leaves the document of all runs alone', () => {
  const before = readFileSync(DOCUMENT, 'utf8');
  const printed = execFileSync(process.execPath, ['scripts/bench.mjs', 'checkpoint/bench/open'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(printed).toMatch(/^Open$/m);
  expect(printed).toMatch(/^ {2}safetensors, 10 GB, 300 tensors {2}.* ms .*\dx/m);
  expect(printed).toMatch(/^.+, \d+ threads .*GiB$/m);
  expect(printed).toMatch(/^.*Node \d+\.\d+\.\d+, V8 /m);
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(before);
});

test('a name that no benchmark has is said, and fails', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', 'nothing-like-it'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/No benchmark is called nothing-like-it; there are .*statistics/);
});
