import { isFailOn } from '@espalier/recipe';
import { diffReport, inspectReport, SCHEMA_VERSION } from '@espalier/service';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { addChangeCommands } from './changeCommands.js';
import { diff } from './commands/diff.js';
import { inspect } from './commands/inspect.js';
import { addQuantizeCommand } from './quantizeCommand.js';
import { print, type Terminal } from './terminal.js';
import { VERSION } from './version.js';

const EXIT_CODES = 'Exit codes: 0 fine, 1 a finding or difference named by --fail-on occurred, 2 it could not be done.';

/** Runs one command line. Returns the exit code; prints through the terminal alone. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const program = new Command('espalier')
    .description('See what a neural network checkpoint is made of: layers, sparsity, patterns, dead channels.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text.replace(/^error: /, 'espalier: ')),
    })
    .showHelpAfterError('Run espalier --help for the commands.');

  const format = (): Option =>
    new Option('-f, --format <format>', 'how to print').choices(['table', 'json', 'markdown', 'csv']).default('table');
  const layers = (): Option =>
    new Option('-l, --layers <glob>', 'only tensors whose name matches; may be repeated').argParser(append).default([]);
  const threads = (): Option => new Option('--threads <count>', 'threads that read values').argParser(positive);

  program
    .command('inspect')
    .description('Tensors, sparsity, patterns and findings of checkpoints')
    .argument('[files...]', 'checkpoint files, or folders that hold a model')
    .addOption(format())
    .addOption(layers())
    .option('--no-values', 'header only: read no weights')
    .option('-a, --all', 'also tensors without zeros', false)
    .option(
      '--gzip',
      'also what gzip makes of each tensor, whatever the size of the file: a second for every 40 MB',
      false,
    )
    .option('--operators', 'also the operators of the graph, with output shapes and multiply-accumulates', false)
    .addOption(
      new Option(
        '--fail-on <what>',
        'exit with 1 on these findings: information, warning, error, or a code; may be repeated',
      )
        .argParser(findings)
        .default([]),
    )
    .addOption(threads())
    .addOption(
      new Option('--near-zero <ratio>', 'a weight is numerically dead when |w| ≤ this × the largest of its layer')
        .argParser(ratio)
        .default(1e-8),
    )
    .option('--no-cache', 'neither use nor write the facts cached on disk')
    .option('--schema', 'print the JSON Schema of --format json')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (files: string[], options) => {
      if (options.schema) return print(terminal.out, `${JSON.stringify(z.toJSONSchema(inspectReport), null, 2)}\n`);
      if (files.length === 0) return program.error('espalier inspect needs at least one file.', { exitCode: 2 });
      code = await inspect(files, options, terminal);
    });

  program
    .command('diff')
    .description(
      'What changed from one checkpoint to another; with three or more files the sparsity of each layer over them',
    )
    .argument('[files...]', 'the earlier checkpoint, then the later one')
    .addOption(format())
    .addOption(layers())
    .option('-a, --all', 'also tensors that are identical', false)
    .addOption(
      new Option('--fail-on <what>', 'exit with 1 on these differences: any, structure, values, mask; may be repeated')
        .argParser(differences)
        .default([]),
    )
    .addOption(threads())
    .option('--no-cache', 'neither use nor write the facts cached on disk')
    .option('--schema', 'print the JSON Schema of --format json')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (files: string[], options) => {
      if (options.schema) return print(terminal.out, `${JSON.stringify(z.toJSONSchema(diffReport), null, 2)}\n`);
      if (files.length < 2) return program.error('espalier diff needs two checkpoints.', { exitCode: 2 });
      code = await diff(files, options, terminal);
    });

  const ended = (exit: number): void => {
    code = exit;
  };
  addChangeCommands(program, terminal, ended);
  addQuantizeCommand(program, terminal, ended);

  program
    .command('lsp')
    .description('The language server, for any editor')
    .option('--stdio', 'speak over standard input and output (the default)', true)
    .action(async () => {
      const { startServer } = await import('./lsp.js');
      await startServer();
    });

  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      await printFailure(args, 'option/usage', error.message.replace(/^error: /, ''), terminal);
      return 2;
    }
    if (terminal.signal.aborted) {
      await printFailure(args, 'cancelled', 'It was cancelled.', terminal);
      await print(terminal.err, 'espalier: cancelled.\n');
      return 130;
    }
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    await printFailure(args, 'internal', message, terminal);
    await print(
      terminal.err,
      `espalier: something went wrong inside espalier: ${message}\n${terminal.env['ESPALIER_DEBUG'] ? `${stack}\n` : 'Set ESPALIER_DEBUG=1 for details.\n'}`,
    );
    return 2;
  }
}

/** With `--format json` stdout is JSON, also where the command did not get as far as a result. */
async function printFailure(args: readonly string[], code: string, message: string, terminal: Terminal): Promise<void> {
  const isJson = args.some(
    (arg, i) => /^(--format=|-f=?)json$/.test(arg) || (/^(--format|-f)$/.test(arg) && args[i + 1] === 'json'),
  );
  if (!isJson) return;
  const files = args[0] === 'inspect' ? { files: [] } : {};
  const text = JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...files, error: { code, message } }, null, 2);
  await print(terminal.out, `${text}\n`);
}

/** A glob may hold commas: `{conv,fc}*`. */
const append = (value: string, before: string[]): string[] => [...before, value];
const collect = (value: string, before: string[]): string[] => [...before, ...value.split(',').filter(Boolean)];

/** A misspelled word would let a check pass for ever: it is refused. */
const findings = (value: string, before: string[]): string[] => named(collect(value, before), isFailOn);
const DIFFERENCES = ['any', 'structure', 'values', 'mask'];
const differences = (value: string, before: string[]): string[] =>
  named(collect(value, before), (name) => DIFFERENCES.includes(name));

function named(names: string[], isKnown: (name: string) => boolean): string[] {
  const unknown = names.find((name) => !isKnown(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Nothing is called ${unknown}.`);
  return names;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64)
    throw new InvalidArgumentError('It is a whole number from 1 to 64.');
  return value;
}

function ratio(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('It is at least 0 and below 1.');
  return value;
}
