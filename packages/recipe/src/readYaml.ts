import { type Place, placeAt } from './place.js';
import { plain } from './plain.js';
import type { Problem } from './problem.js';
import { yamlDocument, yamlProblems } from './yamlDocument.js';

/** A text of YAML as plain data, with what tells where a value stands. */
export interface ReadYaml {
  /** undefined where there are problems. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  placeOf(path: readonly (string | number)[], part?: 'key' | 'value'): Place;
}

/** Reads the text of a small YAML file that is not a recipe. Total: whatever is wrong is a problem, and its aliases do not grow without end. */
export function readYaml(text: string, code: Problem['code']): ReadYaml {
  const document = yamlDocument(text);
  const problems = yamlProblems(document, text, code);
  return {
    value: problems.length > 0 ? undefined : plain(document),
    problems,
    placeOf: (path, part = 'value') => placeAt({ document, text }, path, part),
  };
}
