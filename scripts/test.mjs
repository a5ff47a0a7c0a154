#!/usr/bin/env node
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, ROOT } from './install.mjs';
import { npmCli, run, say } from './process.mjs';
import { runStages } from './testRun.mjs';
import { chooseStages, STAGES } from './testStages.mjs';
import { STEPS } from './testSteps.mjs';
import { countVitest, describeRun } from './testSummary.mjs';

const HELP = `npm test: installs what the tests need and runs everything.

${STAGES.map(({ name, what }) => `  ${name.padEnd(9)} ${what}`).join('\n')}

  npm test -- --only unit,pages   only these stages (what they need is still done)
  npm test -- --help              this text

On Debian as root, Chromium, Neovim and a compiler are installed where they are missing; VS Code goes to
~/.cache/espalier, or to the folder that ESPALIER_CACHE names. Whatever could not run counts as failed. The last
line is "N passed, N failed"; the exit code is 0 only when nothing failed.`;

/** A stage that hangs is ended and counts as failed; the longest takes a few minutes on two cores. */
const STAGE_LIMIT_MS = 40 * 60_000;

process.exitCode = await main();

async function main() {
  let stages;
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean' }, only: { type: 'string' } } });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    stages = chooseStages(values.only);
  } catch (error) {
    say(error.message);
    return 2;
  }
  const installed = await installPackages();
  if (installed.code !== 0) {
    say(`The packages could not be installed: npm ci ended with ${installed.code}.`);
    console.log('0 passed, 1 failed');
    return 1;
  }
  const reports = mkdtempSync(path.join(os.tmpdir(), 'espalier-test-'));
  try {
    const results = await runStages(stages, {
      steps: STEPS,
      npm: async (script, env) =>
        (
          await run(process.execPath, [npmCli(), 'run', script], {
            cwd: ROOT,
            env: withOurs(env),
            timeoutMs: STAGE_LIMIT_MS,
          })
        ).code,
      vitest: (project, env) => vitest(project, withOurs(env), path.join(reports, `${project}.json`)),
      announce: ({ name, what }) =>
        console.log(`\n── ${name}: ${what} ${'─'.repeat(Math.max(3, 60 - name.length - what.length))}\n`),
      nowMs: () => performance.now(),
    });
    console.log(`\n${describeRun(results).join('\n')}`);
    return results.some(({ count }) => count.failed > 0) ? 1 : 0;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

function withOurs(env) {
  return { ...process.env, ...env };
}

async function vitest(project, env, reportFile) {
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
  ];
  const { code } = await run(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: ROOT,
    env,
    timeoutMs: STAGE_LIMIT_MS,
  });
  return countVitest(existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : null, code);
}
