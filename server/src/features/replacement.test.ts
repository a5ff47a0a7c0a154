import { expect, test } from 'vitest';
import { replacementFor } from './replacement.js';

test.each([
  ['models/a.pt', 'models/a.pt', 'models/b.pt', 'models/b.pt'],
  ['a.pt', 'models/a.pt', 'models/b.pt', 'b.pt'],
  ['file://models/a.pt', 'models/a.pt', 'models/b.pt', 'file://models/b.pt'],
  ['models\\\\a.pt', 'models\\a.pt', 'models\\b.pt', 'models\\\\b.pt'],
  ['a.pt', 'a.pt', 'ünï 2.pt', 'ünï 2.pt'],
  ['my%20a.pt', 'my a.pt', 'my b.pt', null],
  ['.pt', 'models/a.pt', 'models/b.pt', null],
  ['a.pt', 'a.pt', 'quote".pt', null],
  ['a.pt', 'a.pt', 'back\\slash.pt', null],
  ['a.pt', 'a.pt', 'other/a.pt', null],
])('%s means %s, %s is meant', (raw, path, suggestion, expected) =>
  expect(replacementFor(raw, path, suggestion)).toBe(expected),
);
