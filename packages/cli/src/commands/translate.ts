import { writeFile } from 'node:fs/promises';
import { printable } from '@espalier/base';
import { translateRecipe } from '@espalier/recipe';
import { faultLine } from '../inspectTable.js';
import { print, type Terminal } from '../terminal.js';
import { positionOf, readRecipe } from './change.js';

export interface TranslateOptions {
  readonly output?: string;
  readonly input?: string;
  readonly overwrite: boolean;
}

/** Prints a recipe of another tool as one of ours; what has no equivalent goes to standard error. Exit codes: 0 something was translated, 2 nothing was. */
export async function translate(path: string, options: TranslateOptions, terminal: Terminal): Promise<0 | 2> {
  const recipe = await readRecipe(path);
  if ('code' in recipe) {
    await print(terminal.err, `${faultLine(recipe, path)}\n`);
    return 2;
  }
  const found = translateRecipe(recipe.text, options.input);
  if (found === null) {
    await print(terminal.err, `espalier: ${printable(path)} is no recipe of SparseML or llm-compressor.\n`);
    return 2;
  }
  for (const { message, from } of found.notes) {
    const { line, column } = positionOf(recipe.text, from);
    await print(terminal.err, `${printable(path)}:${line}:${column}: ${printable(message)}\n`);
  }
  if (found.recipe === null) {
    await print(terminal.err, `espalier: nothing in ${printable(path)} has an equivalent.\n`);
    return 2;
  }
  if (options.output === undefined) await print(terminal.out, found.recipe);
  else {
    try {
      await writeFile(options.output, found.recipe, { flag: options.overwrite ? 'w' : 'wx' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'exists already; --overwrite replaces it' : `cannot be written: ${code}`;
      await print(terminal.err, `espalier: ${printable(options.output)} ${why}.\n`);
      return 2;
    }
  }
  return 0;
}
