import { expect, test } from 'vitest';
import { textDigest } from './textDigest.js';

// From the tables of the authors.
test.each([
  ['', 'cbf29ce484222325'],
  ['a', 'af63dc4c8601ec8c'],
  ['foobar', '85944171f73967e8'],
])('%j has the digest %s', (text, digest) => expect(textDigest(text)).toBe(digest));
