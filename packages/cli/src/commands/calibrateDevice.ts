import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Calibration, calibrate, type DeviceProfile } from '@espalier/analysis';
import { type Fault, ok, printable, type Result } from '@espalier/base';
import { nodeFiles } from '@espalier/host';
import { type RuntimeProfile, readRuntimeProfile, readText } from '@espalier/service';
import { faultLine } from '../inspectTable.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, type Terminal } from '../terminal.js';

export interface CalibrateOptions {
  readonly format: 'table' | 'json';
  readonly name: string;
  readonly output?: string;
  readonly overwrite: boolean;
}

/** Makes the profile of a device from times that onnxruntime measured there, and says how far off its estimates are. Exit codes: 0 fine, 2 it could not be done. */
export async function calibrateDevice(path: string, options: CalibrateOptions, terminal: Terminal): Promise<0 | 2> {
  const read = await readProfile(path, terminal);
  if (!read.ok) return failed(read.fault, path);
  const { products, others } = read.value;
  const found = calibrate(products, {
    name: options.name,
    label: options.name,
    sources: [`calibrated from ${products.length} operators of ${basename(path)}, a profile of onnxruntime`],
  });
  if (options.output !== undefined) {
    try {
      await writeFile(options.output, yamlOf(found.device), { flag: options.overwrite ? 'w' : 'wx' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'exists already; --overwrite replaces it' : `cannot be written: ${code}`;
      return failed({ code: 'output/unwritable', message: `${options.output} ${why}.` }, options.output);
    }
  }
  const text =
    options.format === 'json'
      ? JSON.stringify(toReport(found, others), null, 2)
      : linesOf(found, others, options, terminal).join('\n');
  await print(terminal.out, `${text}\n`);
  return 0;

  async function failed(fault: Fault, about: string): Promise<2> {
    if (options.format === 'json')
      await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: fault }, null, 2)}\n`);
    await print(terminal.err, `${faultLine(fault, about)}\n`);
    return 2;
  }
}

async function readProfile(path: string, terminal: Terminal): Promise<Result<RuntimeProfile, Fault>> {
  const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }));
  const text = await readText(files, path, terminal.signal);
  if (!text.ok) return text;
  const read = readRuntimeProfile(text.value, basename(path));
  return read.ok ? ok(read.value) : read;
}

const toReport = ({ device, products, medianError, boundBy }: Calibration, others: RuntimeProfile['others']) => ({
  schemaVersion: 1,
  device,
  medianError,
  boundBy,
  products: products.map(({ product: { seconds, ...product }, estimatedSeconds }) => ({
    ...product,
    measuredMs: 1000 * seconds,
    estimatedMs: 1000 * estimatedSeconds,
  })),
  others: Object.fromEntries(others),
});

const COLUMNS: readonly Column[] = [
  { head: 'operator', align: 'left', shrinks: true },
  { head: 'product', align: 'right' },
  { head: 'measured', align: 'right' },
  { head: 'estimate', align: 'right' },
  { head: 'off by', align: 'right' },
];

function linesOf(
  { device, products, medianError, boundBy }: Calibration,
  others: RuntimeProfile['others'],
  { output }: CalibrateOptions,
  terminal: Terminal,
): string[] {
  const { bold, dim } = coloursOf(terminal);
  const rows = products.map(({ product, estimatedSeconds }) => [
    printable(product.name),
    `${product.rows}×${product.inner} by ${product.columns}`,
    micros(product.seconds),
    micros(estimatedSeconds),
    signed(estimatedSeconds / product.seconds - 1),
  ]);
  const [head, ...lines] = tableLines(COLUMNS, rows, terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0);
  const binds = Object.entries(boundBy).map(([limit, count]) => `${limit} ${count}`);
  const left = [...others].map(([operator, count]) => `${count} ${printable(operator)}`);
  return [
    dim(head!),
    ...lines,
    '',
    `  Half of the estimates are off by at most ${percentOf(medianError)}, each by a profile that was fitted without that operator.`,
    `  What binds: ${binds.join(', ')}.${boundBy['memory'] === undefined ? ' Nothing waits for memory: its rate is the highest that was seen, it may be more.' : ''}`,
    ...(left.length === 0 ? [] : [dim(`  Not compared, no product of floats: ${left.join(', ')}.`)]),
    '',
    ...(output === undefined ? yamlOf(device).trimEnd().split('\n') : [bold(`  Written to ${printable(output)}.`)]),
  ];
}

const micros = (seconds: number): string => `${Number((1e6 * seconds).toPrecision(3))} µs`;
/** Errors may be over 100 %. */
const percentOf = (share: number): string => `${Math.round(100 * share)} %`;
const signed = (ratio: number): string => `${ratio < 0 ? '−' : '+'}${percentOf(Math.abs(ratio))}`;

/** JSON is YAML too: texts are quoted as there. */
const yamlOf = ({
  name,
  label,
  peak,
  runs,
  memoryBytesPerSecond,
  overheadSeconds,
  channelMultiple,
  sources,
}: DeviceProfile) =>
  [
    `name: ${name}`,
    `label: ${JSON.stringify(label)}`,
    '# Operations a second by type, two for each multiply-add: what products reached, not the peak of a data sheet.',
    `peak: { ${Object.entries(peak)
      .map(([type, rate]) => `${type}: ${rate}`)
      .join(', ')} }`,
    `runs: ${runs}`,
    `memoryBytesPerSecond: ${memoryBytesPerSecond}`,
    `overheadSeconds: ${overheadSeconds}`,
    `channelMultiple: ${channelMultiple}`,
    'sources:',
    ...sources.map((source) => `  - ${JSON.stringify(source)}`),
    '',
  ].join('\n');
