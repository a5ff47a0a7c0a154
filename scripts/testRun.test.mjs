import { expect, test } from 'vitest';
import { runStages } from './testRun.mjs';
import { chooseStages, STAGES } from './testStages.mjs';
import { STEPS } from './testSteps.mjs';
import { addUp, onePassed } from './testSummary.mjs';

const good = async () => ({ ok: true });
const bad = (reason) => async () => ({ ok: false, reason });

/** Run stages with every part replaced; tells what was run and with which environment. */
async function tryOut(stages, { steps = {}, npm = async () => 0, vitest = async () => onePassed() } = {}) {
  const ran = [];
  const results = await runStages(stages, {
    steps: Object.fromEntries(
      Object.entries(steps).map(([name, step]) => [
        name,
        () => {
          ran.push(name);
          return step();
        },
      ]),
    ),
    npm: (script, env) => {
      ran.push(`npm ${script}`);
      return npm(script, env);
    },
    vitest: (project, env) => {
      ran.push(`vitest ${project} ${JSON.stringify(env)}`);
      return vitest(project);
    },
    announce: () => {},
    nowMs: () => 0,
  });
  return { ran, ...addUp(results.map(({ count }) => count)) };
}

test('a step is done once, however many stages need it', async () => {
  const { ran, passed } = await tryOut(
    [
      { name: 'build', step: 'build' },
      { name: 'a', vitest: 'a', needs: ['build'] },
      { name: 'b', vitest: 'b', needs: ['build'] },
    ],
    { steps: { build: good } },
  );
  expect(ran).toEqual(['build', 'vitest a {}', 'vitest b {}']);
  expect(passed).toBe(3);
});

test('a stage whose need failed does not run, and counts as one failure with the reason', async () => {
  const { ran, passed, failed, problems } = await tryOut([{ name: 'pages', vitest: 'pages', needs: ['browser'] }], {
    steps: { browser: bad('no browser') },
  });
  expect({ ran, passed, failed, problems }).toEqual({
    ran: ['browser'],
    passed: 0,
    failed: 1,
    problems: ['could not run: no browser'],
  });
});

test('a wish that failed counts, and the stage runs', async () => {
  const { passed, failed } = await tryOut([{ name: 'protocol', vitest: 'protocol', wants: ['neovim'] }], {
    steps: { neovim: bad('no Neovim') },
  });
  expect({ passed, failed }).toEqual({ passed: 1, failed: 1 });
});

test('what a step found reaches the stages after it', async () => {
  const { ran } = await tryOut([{ name: 'pages', vitest: 'pages', needs: ['browser'] }], {
    steps: { browser: async () => ({ ok: true, env: { CHROME_PATH: '/x' } }) },
  });
  expect(ran.at(-1)).toBe('vitest pages {"CHROME_PATH":"/x"}');
});

test('a command that fails is one failure', async () => {
  const { problems } = await tryOut([{ name: 'lint', npm: 'lint' }], { npm: async () => 2 });
  expect(problems).toEqual(['npm run lint ended with 2']);
});

test('an exception in a step or a stage is a failure, and the stages after it run', async () => {
  const broken = async () => {
    throw new Error('broken');
  };
  const { passed, failed, problems } = await tryOut(
    [
      { name: 'build', step: 'build' },
      { name: 'unit', vitest: 'broken' },
      { name: 'lint', npm: 'lint' },
    ],
    { steps: { build: broken }, vitest: broken },
  );
  expect({ passed, failed }).toEqual({ passed: 1, failed: 2 });
  expect(problems[0]).toBe('broken');
});

test('--only keeps the order of the table and refuses what it does not know', () => {
  expect(chooseStages('pages, unit').map(({ name }) => name)).toEqual(['unit', 'pages']);
  expect(chooseStages(undefined)).toBe(STAGES);
  expect(() => chooseStages('unti')).toThrow(/found unti$/);
  expect(() => chooseStages('')).toThrow(/found nothing$/);
});

test('every step that the table names exists, and every stage does something', () => {
  for (const { name, step, needs = [], wants = [], npm, vitest } of STAGES) {
    for (const used of [...needs, ...wants, ...(step ? [step] : [])]) expect(STEPS).toHaveProperty([used]);
    expect([step, npm, vitest].filter(Boolean), name).toHaveLength(1);
  }
});
