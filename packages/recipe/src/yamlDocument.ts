import { type Document, parseDocument } from 'yaml';
import { placeOf } from './place.js';
import { plain } from './plain.js';
import type { Problem } from './problem.js';

/** No recipe is so long; what is would keep everybody waiting at each keystroke. */
const MAX_LENGTH = 300_000;

/** The text as a tree with places and errors; nothing is printed and nothing is thrown. `uniqueKeys`: keys that come twice are errors. A text that is too long gives an empty tree. */
export const yamlDocument = (text: string, uniqueKeys = true): Document =>
  parseDocument(text.length > MAX_LENGTH ? '' : text, { uniqueKeys, logLevel: 'error' });

/** Why a text is no YAML that can be read: under the code of what it should have been. */
export function yamlProblems(document: Document, text: string, code: Problem['code']): Problem[] {
  if (text.length > MAX_LENGTH) {
    const message = `The text has ${text.length} characters; at most ${MAX_LENGTH} are read.`;
    return [{ code, severity: 'error', message, from: 0, to: 1 }];
  }
  const inside = (offset: number): number => Math.min(text.length, Math.max(0, offset));
  const problems = document.errors.map(
    ({ pos: [from, to], message }): Problem => ({
      code,
      severity: 'error',
      message: message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '.'),
      from: inside(from),
      to: inside(Math.max(to, from)),
    }),
  );
  if (problems.length > 0 || plain(document) !== undefined) return problems;
  const [from, to] = placeOf(document.contents, text);
  return [{ code, severity: 'error', message: 'The aliases of the text cannot be resolved.', from, to }];
}
