/**
 * What one stage of the test run came to.
 *
 * @typedef {{passed: number, failed: number, problems: string[], notes: string[]}} Count
 *   `problems`: one line for each failure; `notes`: what tests want people to know ("compared with recorded values")
 */

/** @returns {Count} */
export function onePassed(note) {
  return { passed: 1, failed: 0, problems: [], notes: note ? [note] : [] };
}

/** @returns {Count} */
export function oneFailed(problem) {
  return { passed: 0, failed: 1, problems: [problem], notes: [] };
}

/** @param {readonly Count[]} counts @returns {Count} */
export function addUp(counts) {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    problems: counts.flatMap(({ problems }) => problems),
    notes: counts.flatMap(({ notes }) => notes),
  };
}

/**
 * Count a report of vitest's JSON reporter. A test that did not run (skipped, or left to do) counts as failed,
 * since nothing was shown; so does a file that could not be loaded, an error outside of any test, and a run
 * without tests. A test may leave a note for the summary in `task.meta.note`.
 *
 * @param {{testResults?: readonly {name: string, status: string, message?: string,
 *   assertionResults: readonly {fullName: string, status: string, failureMessages?: readonly string[], meta?: {note?: unknown}}[]}[]} | null} report
 *   null when vitest wrote none
 * @param {number} code vitest's exit code
 * @returns {Count}
 */
export function countVitest(report, code) {
  if (report === null) return oneFailed(`vitest ended with ${code} and left no report`);
  const count = { passed: 0, failed: 0, problems: [], notes: [] };
  const fail = (problem) => {
    count.failed++;
    count.problems.push(problem);
  };
  for (const file of report.testResults ?? []) {
    const failedBefore = count.failed;
    for (const test of file.assertionResults) {
      if (typeof test.meta?.note === 'string') count.notes.push(test.meta.note);
      if (test.status === 'passed') count.passed++;
      else if (test.status === 'failed') fail(`${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
      else fail(`${test.fullName}: did not run (${test.status})`);
    }
    if (file.status === 'failed' && count.failed === failedBefore) fail(`${file.name}: ${firstLine(file.message)}`);
  }
  if (count.passed + count.failed === 0) fail('no test ran');
  if (code !== 0 && count.failed === 0)
    fail(`vitest ended with ${code} although every test passed: an error outside of the tests`);
  count.notes = [...new Set(count.notes)];
  return count;
}

/**
 * The summary of a whole run as lines for people. The last line is `N passed, N failed`, alone.
 *
 * @param {readonly {name: string, count: Count, ms: number}[]} stages
 * @returns {string[]}
 */
export function describeRun(stages) {
  const width = Math.max(5, ...stages.map(({ name }) => name.length));
  const row = (name, passed, failed, seconds) =>
    `${name.padEnd(width)}  ${String(passed).padStart(7)}  ${String(failed).padStart(7)}  ${String(seconds).padStart(7)}`;
  const total = addUp(stages.map(({ count }) => count));
  return [
    row('stage', 'passed', 'failed', 'seconds'),
    ...stages.map(({ name, count, ms }) => row(name, count.passed, count.failed, (ms / 1000).toFixed(1))),
    ...stages.flatMap(({ name, count }) => count.notes.map((note) => `note, ${name}: ${note}`)),
    ...stages.flatMap(({ name, count }) => count.problems.map((problem) => `failed, ${name}: ${problem}`)),
    `${total.passed} passed, ${total.failed} failed`,
  ];
}

function firstLine(text) {
  return text?.trim().split('\n')[0] || 'no message';
}
