/**
 * The stages of the test run, in order. A stage is a step that counts as one test, a command that counts as one
 * test, or a vitest project whose tests are counted.
 *
 * `needs` are steps without which the stage is not run and counts as one failure; `wants` are steps whose failure
 * counts too, while the stage runs all the same.
 *
 * @typedef {{name: string, what: string, step?: string, npm?: string, vitest?: string, needs?: readonly string[],
 *   wants?: readonly string[]}} Stage
 */

/** @type {readonly Stage[]} */
export const STAGES = [
  { name: 'build', what: 'everything that ships', step: 'build' },
  { name: 'start', what: 'npm start -- --no-open', step: 'demo', needs: ['build'] },
  { name: 'open', what: 'npm start with VS Code, and without an editor', step: 'opening', needs: ['build'] },
  { name: 'types', what: 'the TypeScript compiler', npm: 'check' },
  { name: 'lint', what: 'biome', npm: 'lint' },
  {
    name: 'unit',
    what: 'unit, property and golden tests',
    vitest: 'unit',
    needs: ['build'],
    wants: ['onnxTestdata'],
  },
  {
    name: 'protocol',
    what: 'the language server over stdio, Neovim',
    vitest: 'protocol',
    needs: ['build'],
    wants: ['neovim'],
  },
  { name: 'package', what: 'the VSIX', step: 'package', needs: ['build'] },
  { name: 'pages', what: 'the pages in a real Chromium', vitest: 'pages', needs: ['build', 'browser'] },
  {
    name: 'e2e',
    what: 'a real VS Code',
    vitest: 'e2e',
    needs: ['package', 'browser', 'vscode'],
    wants: ['oldestVscode'],
  },
];

/**
 * The stages that `--only` names, in the order of the table.
 *
 * @param {string | undefined} only names with commas between them; all stages when undefined
 * @returns {readonly Stage[]}
 * @throws on a name that is not in the table
 */
export function chooseStages(only, stages = STAGES) {
  if (only === undefined) return stages;
  const wanted = only
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = stages.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0 || wanted.length === 0) {
    throw new Error(`--only takes ${known.join(', ')}; found ${unknown.join(', ') || 'nothing'}`);
  }
  return stages.filter(({ name }) => wanted.includes(name));
}
