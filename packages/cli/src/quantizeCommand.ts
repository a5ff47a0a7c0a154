import { resolve } from 'node:path';
import { methodOf, schema } from '@espalier/recipe';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ChangeOptions, change } from './commands/change.js';
import type { Terminal } from './terminal.js';

interface QuantizeOptions extends ChangeOptions {
  readonly output?: string;
  readonly scheme?: string;
  readonly bits?: number;
  readonly granularity?: string;
  readonly groupSize?: number;
  readonly range?: string;
  readonly percentile?: number;
  readonly scales?: string;
  readonly rule: readonly { readonly match: string; readonly scheme: string }[];
  readonly mixed?: number;
  readonly mixedBytes?: number;
  readonly samples?: string;
  readonly activationBits?: number;
  readonly calibration?: string;
  readonly gguf?: string;
  readonly exclude: readonly string[];
  readonly excludeRole: readonly string[];
  readonly minSqnr?: number;
  readonly maxSize?: number;
}

const METHOD = methodOf(schema, 'quantize', 'post-training')!;

/** The values that a parameter of the step takes, and what it means: one table for recipes and for the command line. */
function parameterOf(name: string): { readonly doc: string; readonly values: readonly string[] } {
  const { default: how } = METHOD.parameters;
  const parameter = how?.kind === 'group' ? how.item[name] : undefined;
  return {
    doc: parameter?.doc ?? '',
    values: parameter?.kind === 'oneOf' ? parameter.values.map(({ value }) => value) : [],
  };
}

/** `espalier quantize`: weights as codes of few bits. `ended` is told the exit code. */
export function addQuantizeCommand(program: Command, terminal: Terminal, ended: (code: number) => void): void {
  const append = (value: string, before: string[]): string[] => [...before, value];
  const choice = (flag: string, name: string): Option => {
    const { doc, values } = parameterOf(name);
    return new Option(flag, doc).choices([...values]);
  };
  program
    .command('quantize')
    .description('Write a checkpoint whose weights are codes of few bits; the input is never changed')
    .argument('<input>', 'a checkpoint, or a folder that holds a model')
    .option('-o, --output <file>', 'where the result is written')
    .addOption(choice('--scheme <name>', 'scheme').default('int8-sym'))
    .addOption(new Option('--bits <n>', 'short for --scheme intN-sym').argParser(number(2, 8)))
    .addOption(choice('--granularity <name>', 'granularity').default('channel'))
    .addOption(new Option('--group-size <n>', parameterOf('groupSize').doc).argParser(number(1, 2 ** 31)))
    .addOption(choice('--range <name>', 'range').default('max'))
    .addOption(new Option('--percentile <p>', parameterOf('percentile').doc).argParser(share))
    .addOption(choice('--scales <type>', 'scales').default('f32'))
    .addOption(
      new Option('--rule <glob=scheme>', 'another scheme for tensors that match; the first wins; may be repeated')
        .argParser(rule)
        .default([]),
    )
    .addOption(
      new Option(
        '--mixed <bits>',
        'bits for each layer, so that all together take at most so many bits a weight; more go where they help most',
      ).argParser(number(2, 8)),
    )
    .addOption(
      new Option('--mixed-bytes <n>', 'the same with a budget of bytes for all codes').argParser(
        number(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .option('--samples <file>', 'quantize the inputs of layers too, by ranges from an .npz of samples; for ONNX')
    .addOption(new Option('--activation-bits <n>', 'bits of these, with --samples; 8').argParser(number(2, 8)))
    .addOption(
      new Option('--calibration <name>', 'how their largest magnitude is chosen, with --samples; percentile').choices([
        ...parameterOf('range').values,
      ]),
    )
    .addOption(new Option('--gguf <type>', 'blocks of GGUF instead, for a model in GGUF').choices(['Q8_0', 'Q4_0']))
    .addOption(
      new Option('-x, --exclude <glob>', 'leave these layers alone; may be repeated').argParser(append).default([]),
    )
    .addOption(
      new Option('--exclude-role <role>', 'leave these alone: first, last, or a role such as linear; may be repeated')
        .argParser(append)
        .default([]),
    )
    .addOption(
      new Option('--min-sqnr <db>', 'exit with 1 where a layer keeps fewer decibels').argParser(number(-1000, 1000)),
    )
    .addOption(
      new Option('--max-size <bytes>', 'exit with 1 where the tensors take more').argParser(
        number(0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(new Option('-f, --format <format>', 'how to print').choices(['table', 'json']).default('table'))
    .option('--overwrite', 'replace the output where it exists', false)
    .option('--dry-run', 'do everything but write', false)
    .option('--report', 'write a report beside the output; reads input and result once more', false)
    .addHelpText(
      'after',
      `\nExamples:\n  espalier quantize resnet18.safetensors -o resnet18-int8.safetensors\n  espalier quantize model.onnx -o model-int8.onnx --granularity channel\n  espalier quantize model.onnx -o model-w8a8.onnx --samples calibration.npz\n  espalier quantize model.pt -o model-4.safetensors --bits 4 --granularity group --group-size 64 --min-sqnr 15\n  espalier quantize model.pt -o model-mixed.safetensors --mixed 5\n  espalier quantize llama-f16.gguf -o llama-q8.gguf --gguf Q8_0\n\nExit codes: 0 fine, 1 --min-sqnr or --max-size does not hold, 2 it could not be done.`,
    )
    .action(async (input: string, options: QuantizeOptions) => {
      if (options.output === undefined && !options.dryRun)
        return program.error('espalier quantize needs -o FILE, or --dry-run.', { exitCode: 2 });
      const recipe = {
        input: resolve(input),
        exclude: { layers: options.exclude, roles: options.excludeRole },
        steps: [{ quantize: options.gguf === undefined ? codes(options) : { method: 'gguf', type: options.gguf } }],
        ...(options.output === undefined ? {} : { output: resolve(options.output) }),
      };
      const { minSqnr, maxSize } = options;
      const limits = {
        ...(minSqnr === undefined ? {} : { minSqnr }),
        ...(maxSize === undefined ? {} : { maxSize }),
      };
      ended(
        await change({ text: JSON.stringify(recipe), folder: process.cwd(), file: null }, options, terminal, limits),
      );
    });
}

function codes(options: QuantizeOptions): object {
  const { scheme, bits, granularity, groupSize, range, percentile, scales, rule: rules } = options;
  const { samples, activationBits, calibration, mixed, mixedBytes } = options;
  return {
    method: 'post-training',
    default: {
      scheme: bits === undefined ? scheme : `int${bits}-sym`,
      granularity,
      range,
      scales,
      ...(groupSize === undefined ? {} : { groupSize }),
      ...(percentile === undefined ? {} : { percentile }),
    },
    ...(rules.length === 0 ? {} : { rules }),
    ...(mixed === undefined && mixedBytes === undefined
      ? {}
      : {
          mixed: {
            ...(mixed === undefined ? {} : { bitsPerWeight: mixed }),
            ...(mixedBytes === undefined ? {} : { bytes: mixedBytes }),
          },
        }),
    ...(samples === undefined
      ? {}
      : {
          activations: {
            samples: resolve(samples),
            ...(activationBits === undefined ? {} : { bits: activationBits }),
            ...(calibration === undefined ? {} : { calibration }),
          },
        }),
  };
}

const number =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high))
      throw new InvalidArgumentError(`It is a number from ${low} to ${high}.`);
    return value;
  };

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError('It is more than 0 and at most 100.');
  return value;
}

/** `head.*=keep` */
function rule(text: string, before: QuantizeOptions['rule']): QuantizeOptions['rule'] {
  const at = text.lastIndexOf('=');
  const [match, scheme] = [text.slice(0, at), text.slice(at + 1)];
  const { values } = parameterOf('scheme');
  if (at < 1 || !values.includes(scheme))
    throw new InvalidArgumentError(`It reads GLOB=SCHEME, and schemes are ${values.join(', ')}.`);
  return [...before, { match, scheme }];
}
