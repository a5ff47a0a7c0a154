import { expect, test } from 'vitest';
import { countVitest, describeRun, onePassed } from './testSummary.mjs';

const file = (assertionResults, more = {}) => ({ name: 'a.test.ts', status: 'passed', assertionResults, ...more });
const one = (status, more = {}) => ({ fullName: 'adds', status, failureMessages: [], meta: {}, ...more });

test.each([
  ['tests that pass', [file([one('passed'), one('passed')])], 0, 2, []],
  [
    'a test that fails',
    [file([one('failed', { failureMessages: ['3 is not 4\nat x'] })], { status: 'failed' })],
    1,
    0,
    ['adds: 3 is not 4'],
  ],
  ['a test that was skipped', [file([one('passed'), one('skipped')])], 0, 1, ['adds: did not run (skipped)']],
  ['a test left to do', [file([one('todo')])], 0, 0, ['adds: did not run (todo)']],
  [
    'a file that does not load',
    [file([], { status: 'failed', message: 'no such module' })],
    1,
    0,
    ['a.test.ts: no such module'],
  ],
  ['a run without tests', [], 1, 0, ['no test ran']],
  ['an empty run that ended well', [], 0, 0, ['no test ran']],
  [
    'an error outside of the tests',
    [file([one('passed')])],
    1,
    1,
    ['vitest ended with 1 although every test passed: an error outside of the tests'],
  ],
])('%s', (_, testResults, code, passed, problems) => {
  const count = countVitest({ testResults }, code);
  expect(count).toMatchObject({ passed, problems, failed: problems.length });
});

test('a run that left no report is one failure', () => {
  expect(countVitest(null, 134)).toMatchObject({
    passed: 0,
    failed: 1,
    problems: ['vitest ended with 134 and left no report'],
  });
});

test('a note of several tests is said once', () => {
  const noted = one('passed', { meta: { note: 'recorded values' } });
  expect(countVitest({ testResults: [file([noted, noted])] }, 0).notes).toEqual(['recorded values']);
});

test('the summary ends with the closing line, and says it once', () => {
  const lines = describeRun([
    { name: 'build', count: onePassed(), ms: 1234 },
    { name: 'unit', count: { passed: 40, failed: 2, problems: ['a: x', 'b: y'], notes: ['n'] }, ms: 5000 },
  ]);
  expect(lines).toMatchInlineSnapshot(`
    [
      "stage   passed   failed  seconds",
      "build        1        0      1.2",
      "unit        40        2      5.0",
      "note, unit: n",
      "failed, unit: a: x",
      "failed, unit: b: y",
      "41 passed, 2 failed",
    ]
  `);
});
