import { globMatcher, shapeText } from '@espalier/base';
import { chooseLayers, NO_RULES, type Ratio, ratioLayerOf, ratioTable } from '@espalier/pruning';
import { schema, VERBS } from '@espalier/recipe';
import { faultLine } from '../inspectTable.js';
import { openSession } from '../session.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, type Terminal } from '../terminal.js';

export interface MethodsOptions {
  readonly format: 'table' | 'json';
  readonly ratios?: Ratio;
  readonly density: number;
  readonly exclude: readonly string[];
}

/** Without `--ratios` the methods and their options, with it the densities of a model's layers. */
export async function methods(model: string | undefined, options: MethodsOptions, terminal: Terminal): Promise<0 | 2> {
  if (options.ratios === undefined) {
    await print(
      terminal.out,
      options.format === 'json'
        ? `${JSON.stringify({ schemaVersion: 1, methods: schema.methods }, null, 2)}\n`
        : listOf(terminal),
    );
    return 0;
  }
  if (model === undefined) {
    await print(terminal.err, 'espalier: --ratios needs a checkpoint whose layers share the weights.\n');
    return 2;
  }
  return await ratiosOf(model, options.ratios, options, terminal);
}

function listOf(terminal: Terminal): string {
  const { bold, dim } = coloursOf(terminal);
  const lines = VERBS.flatMap((verb) => [
    bold(verb),
    ...schema.methods
      .filter((method) => method.verb === verb)
      .flatMap(({ name, summary, source, parameters }) => [
        `  ${bold(name)}  ${summary}`,
        dim(`    ${source}`),
        ...Object.entries(parameters).map(([key, parameter]) => {
          const initial = 'default' in parameter && parameter.default !== undefined ? ` (${parameter.default})` : '';
          return `    ${key}${initial}: ${parameter.doc}`;
        }),
        '',
      ]),
  ]);
  return `${lines.join('\n')}\n`;
}

const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'shape', align: 'left' },
  { head: 'weights', align: 'right' },
  { head: 'density', align: 'right' },
  { head: 'non-zeros', align: 'right' },
];

async function ratiosOf(model: string, ratio: Ratio, options: MethodsOptions, terminal: Terminal): Promise<0 | 2> {
  const session = openSession(terminal, { nearZeroRatio: 1e-8, cache: false });
  try {
    const head = await session.service.head(model, terminal.signal);
    const failed = async (fault: Parameters<typeof faultLine>[0]): Promise<2> => {
      if (options.format === 'json')
        await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: fault }, null, 2)}\n`);
      await print(terminal.err, `${faultLine(fault, model)}\n`);
      return 2;
    };
    if (!head.ok) return await failed(head.fault);
    const globs = options.exclude.map(globMatcher);
    const { chosen } = chooseLayers(head.value.tensors, [NO_RULES]);
    const layers = chosen.filter(({ name }) => !globs.some((matches) => matches(name))).map(ratioLayerOf);
    const found = ratioTable(ratio, layers, options.density);
    if (!found.ok) return await failed(found.fault);
    const { epsilon: factor, overallDensity } = found.value;
    const rows = found.value.layers.map(({ name, shape, elements, density, nonZeros }) => ({
      name,
      shape,
      elements,
      density,
      nonZeros,
    }));
    const text =
      options.format === 'json'
        ? `${JSON.stringify({ schemaVersion: 1, method: ratio, density: options.density, epsilon: factor, layers: rows, overallDensity }, null, 2)}\n`
        : `${tableLines(
            COLUMNS,
            rows.map((row) => [
              row.name,
              shapeText(row.shape),
              String(row.elements),
              row.density.toFixed(6),
              String(row.nonZeros),
            ]),
            terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0,
          ).join(
            '\n',
          )}\n\n  ${ratio} at density ${options.density}${factor === null ? '' : ` · factor ${factor}`} · overall ${overallDensity}\n`;
    await print(terminal.out, text);
    return 0;
  } finally {
    await session.close();
  }
}
