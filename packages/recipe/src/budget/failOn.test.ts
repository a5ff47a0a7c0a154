import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failOnMatcher, isFailOn } from './failOn.js';
import { FINDING_CODES } from './findingCodes.js';

/** Faults of recipes, options, outputs, devices, times and tools are nothing that an inspection can find. */
const NEVER_FOUND =
  /^(?:budget|device|evaluate|job|latency|option|output|prune|quantize|recipe|regroup|remove|runtime|tool)\//;

test('every code of files that the documentation explains can be named, and no other', () => {
  const text = readFileSync(new URL('../../../../docs/findings.md', import.meta.url), 'utf8');
  const explained = [...text.matchAll(/^### (\S+\/\S+)$/gm)].map((match) => match[1]!);
  expect([...FINDING_CODES].sort()).toEqual(explained.filter((code) => !NEVER_FOUND.test(code)).sort());
});

test.each([
  ['warning', true],
  ['checkpoint/non-finite', true],
  ['non-finite', true],
  ['warnings', false],
  ['nonsense', false],
  ['constructor', false],
])('%s can be named: %s', (name, can) => expect(isFailOn(name)).toBe(can));

test.each([
  [['warning'], 'error', 'checkpoint/truncated', true],
  [['warning'], 'information', 'checkpoint/dead-layer', false],
  [['dead-layer'], 'information', 'checkpoint/dead-layer', true],
  [['checkpoint/dead-layer'], 'information', 'checkpoint/dead-layer', true],
  [['dead-layer'], 'error', 'checkpoint/truncated', false],
  [[], 'error', 'checkpoint/truncated', false],
] as const)('%j with %s %s: %s', (names, severity, code, fails) =>
  expect(failOnMatcher(names)({ severity, code })).toBe(fails),
);
