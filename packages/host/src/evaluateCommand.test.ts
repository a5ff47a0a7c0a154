import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateCommand, lastNumber } from './evaluateCommand.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-evaluate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const node = (script: string): string => `"${process.execPath}" -e "${script}"`;
const run = (command: string, signal = new AbortController().signal) => evaluateCommand(command, folder, signal);

test.each([
  ['accuracy: 92.4 %', 92.4],
  ['epoch 3\naccuracy 0.924\n', 0.924],
  ['-1.5e-3', -0.0015],
  ['{"loss": 2, "accuracy": .5}', 0.5],
  ['fine', null],
  ['', null],
])('the last number of %j is %j', (text, figure) => expect(lastNumber(text)).toBe(figure));

test('the last number that a command prints is its figure', async () =>
  expect(await run(node('console.log(10); console.log(91.5)'))).toEqual({ ok: true, value: 91.5 }));

test('it runs in the folder', async () => {
  const answer = await run(
    node("console.log(require('fs').realpathSync(process.cwd()) === require('fs').realpathSync('.') ? 1 : 0)"),
  );
  expect(answer).toEqual({ ok: true, value: 1 });
});

test('a command that fails says how, with its last words', async () => {
  expect(await run(node("console.error('no data'); process.exit(3)"))).toMatchObject({
    fault: { code: 'evaluate/failed', message: 'The evaluate command ended with 3: no data' },
  });
  expect(await run(node("console.log('fine')"))).toMatchObject({ fault: { code: 'evaluate/no-figure' } });
  expect(await run('there-is-no-such-command-here')).toMatchObject({ fault: { code: 'evaluate/failed' } });
});

test('an abort ends it, and what it started', async () => {
  const controller = new AbortController();
  const running = run(node('setTimeout(() => {}, 60000)'), controller.signal);
  setTimeout(() => controller.abort(), 100);
  await expect(running).rejects.toThrow();
});
