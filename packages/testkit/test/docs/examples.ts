import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';

/** Examples are written here to be run and compiled; git and biome ignore the folder. */
export const examplesFolder = join(root, 'packages/testkit/.tmp');

export interface Example {
  /** The folder of the README, `packages/base`. */
  readonly folder: string;
  /** A module that throws where an answer is not the one written behind it. */
  readonly source: string;
  readonly path: string;
  /** How many answers the example states. */
  readonly answers: number;
}

/** The first `ts` block of a README, as a module. */
export function exampleOf(folder: string, readme: string): Example | null {
  const block = /^```ts\n([\s\S]*?)^```/m.exec(readme)?.[1];
  if (block === undefined) return null;
  let answers = 0;
  const lines = block.split('\n').map((line) => {
    const found = ANSWER.exec(line);
    if (found === null) return line;
    answers++;
    const { statement, answer } = found.groups as { statement: string; answer: string };
    const name = DECLARATION.exec(statement)?.[1];
    return name === undefined
      ? `__answer((${statement}), (${answer}));`
      : `${statement}; __answer((${name}), (${answer}));`;
  });
  // A README speaks from its own folder.
  const body = lines.join('\n').replaceAll(/(from ')(\.\/)/g, `$1../../../${folder}/`);
  return {
    folder,
    answers,
    path: join(examplesFolder, `${folder.replaceAll('/', '-')}.ts`),
    source: [
      "import { expect as __expect } from 'vitest';",
      'export const __answers: unknown[] = [];',
      'const __answer = (found: unknown, expected: unknown): void => {',
      '  __expect(found).toEqual(expected);',
      '  __answers.push(found);',
      '};',
      body,
    ].join('\n'),
  };
}

/** `statement; // → value`, the value being an expression. */
const ANSWER = /^\s*(?<statement>\S.*?);\s*\/\/ → (?<answer>.+)$/;
const DECLARATION = /^const (\w+)\b/;

export function writeExamples(examples: readonly Example[]): void {
  rmSync(examplesFolder, { recursive: true, force: true });
  mkdirSync(examplesFolder, { recursive: true });
  for (const { path, source } of examples) writeFileSync(path, source);
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      composite: false,
      declaration: false,
      emitDeclarationOnly: false,
      noEmit: true,
      types: ['node'],
    },
    include: ['*.ts'],
  };
  writeFileSync(join(examplesFolder, 'tsconfig.json'), JSON.stringify(config));
}
