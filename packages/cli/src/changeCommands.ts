import { resolve } from 'node:path';
import { TOOLS } from '@espalier/host';
import { RATIOS, type Ratio } from '@espalier/pruning';
import { budgetJsonSchema, type JsonSchema, methodOf, methodsOf, recipeJsonSchema, schema } from '@espalier/recipe';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CalibrateOptions, calibrateDevice } from './commands/calibrateDevice.js';
import { type ChangeOptions, change, readRecipe } from './commands/change.js';
import { type CheckOptions, check } from './commands/check.js';
import { devices } from './commands/devices.js';
import { type DoctorOptions, doctor } from './commands/doctor.js';
import { type LatencyOptions, latency } from './commands/latency.js';
import { methods } from './commands/methods.js';
import { type PlanOptions, plan } from './commands/plan.js';
import { type TranslateOptions, translate } from './commands/translate.js';
import { faultLine } from './inspectTable.js';
import { addMethodOptions, givenOptions } from './methodOptions.js';
import { print, type Terminal } from './terminal.js';

const EXIT = '\nExit codes: 0 fine, 2 it could not be done.';

/** The commands that plan and make changed checkpoints. `ended` is told the exit code. */
export function addChangeCommands(program: Command, terminal: Terminal, ended: (code: number) => void): void {
  const format = (): Option =>
    new Option('-f, --format <format>', 'how to print').choices(['table', 'json']).default('table');
  const append = (value: string, before: string[]): string[] => [...before, value];
  const exclude = (): Option =>
    new Option('-x, --exclude <glob>', 'leave these layers alone; may be repeated').argParser(append).default([]);
  const pruning = methodsOf(schema, 'prune');
  const structures = methodsOf(schema, 'structure').map(({ name }) => name);

  const prune = program
    .command('prune')
    .description('Write a checkpoint with fewer weights; the input is never changed')
    .argument('<input>', 'a checkpoint, or a folder that holds a model')
    .option('-o, --output <file>', 'where the result is written')
    .addOption(
      new Option('-m, --method <name>', 'how weights are chosen')
        .choices(pruning.map(({ name }) => name))
        .default('magnitude'),
    )
    .addOption(
      new Option('--masks <how>', 'how zeroed weights are written: as zeros, or as pairs of torch.nn.utils.prune')
        .choices(['zeros', 'pytorch'])
        .default('zeros'),
    )
    .addOption(new Option('--then <name>', 'make structure of the mask').choices(structures))
    .addOption(exclude())
    .addOption(
      new Option('--exclude-role <role>', 'leave these alone: first, last, or a role such as linear; may be repeated')
        .argParser(append)
        .default([]),
    )
    .addOption(
      new Option('--preset <name>', 'a named set of exclusions').choices(['none', 'structure-lth']).default('none'),
    )
    .addOption(format());
  addMethodOptions(prune, pruning);
  withRunning(prune)
    .addHelpText(
      'after',
      `\nExamples:\n  espalier prune resnet18.safetensors -o resnet18-80.safetensors --sparsity 0.8\n  espalier prune model.pt -o model-24.safetensors --method n-m\n  espalier prune model.safetensors --method random --ratio erk --sparsity 0.9 --dry-run --format json\n${EXIT}`,
    )
    .action(async (input: string, options: ChangeOptions & Record<string, unknown>) => {
      const method = methodOf(schema, 'prune', options['method'] as string)!;
      if (options['output'] === undefined && !options.dryRun)
        return program.error('espalier prune needs -o FILE, or --dry-run.', { exitCode: 2 });
      const recipe = {
        input: resolve(input),
        exclude: { layers: options['exclude'], roles: options['excludeRole'], preset: options['preset'] },
        steps: [
          { prune: { method: method.name, ...givenOptions(method, options) } },
          ...(options['then'] === undefined ? [] : [{ structure: options['then'] }]),
        ],
        ...(options['output'] === undefined
          ? {}
          : { output: { path: resolve(options['output'] as string), masks: options['masks'] } }),
        ...(options['seed'] === undefined ? {} : { seed: options['seed'] }),
      };
      ended(await change({ text: JSON.stringify(recipe), folder: process.cwd(), file: null }, options, terminal));
    });

  withRunning(
    program
      .command('run')
      .description('Run a recipe')
      .argument('<recipe>', 'a file such as prune.espalier.yaml')
      .addOption(format()),
  )
    .addHelpText('after', `\nExample:\n  espalier run resnet18.espalier.yaml --overwrite --report\n${EXIT}`)
    .action(async (path: string, options: ChangeOptions) => {
      const recipe = await readRecipe(path);
      if ('code' in recipe) {
        await print(terminal.err, `${faultLine(recipe, path)}\n`);
        return ended(2);
      }
      ended(await change(recipe, options, terminal));
    });

  program
    .command('plan')
    .description('What a recipe would do, layer by layer; nothing is written')
    .argument('<recipe>', 'a file such as prune.espalier.yaml')
    .option('--gzip', 'also the sizes after gzip')
    .option('--measure', 'also the speed of the layers, measured on this machine')
    .addOption(format())
    .addHelpText('after', `\nExample:\n  espalier plan resnet18.espalier.yaml --measure --format json\n${EXIT}`)
    .action(async (path: string, options: PlanOptions) => {
      const recipe = await readRecipe(path);
      if ('code' in recipe) {
        await print(terminal.err, `${faultLine(recipe, path)}\n`);
        return ended(2);
      }
      ended(await plan(recipe, options, terminal));
    });

  program
    .command('devices')
    .description('The devices for which time can be estimated, with the sources of their figures')
    .argument('[name]', 'one of them')
    .addOption(format())
    .addHelpText('after', `\nExamples:\n  espalier devices\n  espalier devices a100 --format json\n${EXIT}`)
    .action(async (name: string | undefined, options: { format: 'table' | 'json' }) =>
      ended(await devices(name, options.format, terminal)),
    );

  program
    .command('calibrate')
    .description('Make the profile of a device from a profile of onnxruntime, and see how far off its estimates are')
    .argument('<profile>', 'the JSON that onnxruntime writes with enable_profiling')
    .option('-o, --output <file>', 'where the profile of the device is written, as YAML; else it is printed')
    .addOption(new Option('--name <name>', 'how the device is called').argParser(deviceName).default('calibrated'))
    .option('--overwrite', 'replace the output where it exists', false)
    .addOption(format())
    .addHelpText(
      'after',
      `\nExample:\n  espalier calibrate onnxruntime_profile.json --name my-board -o board.yaml\n${EXIT}`,
    )
    .action(async (path: string, options: CalibrateOptions) => ended(await calibrateDevice(path, options, terminal)));

  program
    .command('latency')
    .description('Time the layers of a checkpoint on this machine: dense, and in every way that their zeros allow')
    .argument('<checkpoint>', 'a checkpoint, or a folder that holds a model')
    .addOption(new Option('-l, --layers <glob>', 'only these layers; may be repeated').argParser(append).default([]))
    .addOption(
      new Option(
        '--columns <n>',
        'to how many columns each layer is applied; by default what the graph tells, else 256',
      ).argParser(columns),
    )
    .option('--no-cache', 'measure again what was measured before')
    .addOption(format())
    .addHelpText(
      'after',
      `\nExample:\n  espalier latency resnet18-80.onnx\n  espalier latency model.safetensors --columns 1 --format json\n${EXIT}`,
    )
    .action(async (path: string, options: LatencyOptions) => ended(await latency(path, options, terminal)));

  program
    .command('doctor')
    .description('What this machine has, and which optional tools are there')
    .addOption(
      new Option('--install <tool>', 'install a tool in its pinned version, for the terminal and the editor').choices(
        TOOLS.map(({ name }) => name),
      ),
    )
    .addOption(format())
    .addHelpText('after', `\nExample:\n  espalier doctor\n  espalier doctor --install onnxruntime-node\n${EXIT}`)
    .action(async (options: DoctorOptions) => ended(await doctor(options, terminal)));

  program
    .command('recipe')
    .description('Work with recipes of other tools')
    .command('translate')
    .description('A recipe of SparseML or llm-compressor as one of ours; what has no equivalent is listed')
    .argument('<file>', 'YAML, or Markdown that begins with it')
    .option('-o, --output <file>', 'where the recipe is written; else it is printed')
    .option('--input <checkpoint>', 'the checkpoint that the recipe is for')
    .option('--overwrite', 'replace the output where it exists', false)
    .addHelpText(
      'after',
      `\nExample:\n  espalier recipe translate recipe.yaml --input model.safetensors -o model.espalier.yaml\n${EXIT}`,
    )
    .action(async (path: string, options: TranslateOptions) => ended(await translate(path, options, terminal)));

  program
    .command('check')
    .description('Check checkpoints against the limits of espalier.budget.yaml')
    .argument('[files...]', 'checkpoints, folders, or budgets; without any the budget of this folder')
    .addOption(
      new Option('-f, --format <format>', 'how to print')
        .choices(['text', 'json', 'sarif', 'github', 'markdown'])
        .default('text'),
    )
    .option('--budget <file>', 'the budget to check against, wherever the checkpoints lie')
    .option('--strict', 'limits that cannot be checked count as broken', false)
    .option('--schema', 'print the JSON Schema of budgets', false)
    .addHelpText(
      'after',
      `\nExamples:\n  espalier check\n  espalier check out/resnet18-80.safetensors --format sarif > espalier.sarif\n  espalier check models --budget espalier.budget.yaml --format github\n\nExit codes: 0 every limit is kept, 1 a limit is broken, 2 something could not be checked.`,
    )
    .action(async (files: string[], options: CheckOptions & { schema: boolean }) =>
      ended(options.schema ? await printSchema(budgetJsonSchema(), terminal) : await check(files, options, terminal)),
    );

  program
    .command('methods')
    .description('The methods and their options; with --ratios the densities of the layers of a model')
    .argument('[model]', 'a checkpoint, for --ratios')
    .addOption(new Option('--ratios <name>', 'how layers share the weights that stay').choices([...RATIOS]))
    .addOption(
      new Option('--density <ratio>', 'share of the weights that stay, for --ratios').argParser(density).default(0.1),
    )
    .addOption(exclude())
    .addOption(format())
    .option('--schema', 'print the JSON Schema of recipes', false)
    .addHelpText(
      'after',
      `\nExample:\n  espalier methods --ratios erk --density 0.1 resnet50.safetensors --format json\n${EXIT}`,
    )
    .action(
      async (
        model: string | undefined,
        options: { format: 'table' | 'json'; ratios?: Ratio; density: number; exclude: string[]; schema: boolean },
      ) =>
        ended(
          options.schema ? await printSchema(recipeJsonSchema(), terminal) : await methods(model, options, terminal),
        ),
    );
}

async function printSchema(schemaOf: JsonSchema, terminal: Terminal): Promise<0> {
  await print(terminal.out, `${JSON.stringify(schemaOf, null, 2)}\n`);
  return 0;
}

const withRunning = (command: Command): Command =>
  command
    .option('--overwrite', 'replace the output where it exists', false)
    .option('--dry-run', 'do everything but write', false)
    .option('--report', 'write a report beside the output; reads input and result once more', false);

function columns(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError('It is a whole number from 1 to 1000000.');
  return value;
}

function density(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It is more than 0 and at most 1.');
  return value;
}

function deviceName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text))
    throw new InvalidArgumentError(
      'It begins with a letter or digit, and holds letters, digits, dots, dashes and underscores.',
    );
  return text;
}
