import { expect, test } from 'vitest';
import { megabytes, warningsOf } from './packageExtension.mjs';

test('warnings are found with the lines that belong to them, through colours', () => {
  const text = [
    'Executing prepublish script',
    "\u001b[33m WARNING \u001b[0m A 'repository' field is missing from the manifest file.",
    'Use --allow-missing-repository to bypass.',
    '\u001b[44m INFO \u001b[0m Files included in the VSIX:',
    'espalier-0.1.0.vsix',
    ' WARNING  This extension consists of 400 files.',
    '',
    ' DONE  Packaged: espalier-0.1.0.vsix (5 files, 2.16 KB)',
  ].join('\n');
  expect(warningsOf(text)).toEqual([
    "WARNING  A 'repository' field is missing from the manifest file.\nUse --allow-missing-repository to bypass.",
    'WARNING  This extension consists of 400 files.',
  ]);
});

test('a file whose name holds the word is no warning', () => {
  expect(warningsOf(' INFO  Files included in the VSIX:\n   ├─ dist/WARNING.md [1 KB]\n DONE  Packaged')).toEqual([]);
});

test('sizes are decimal', () => expect(megabytes(8_000_000)).toBe('8.00 MB'));
