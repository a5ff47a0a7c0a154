import type { LayerTimes, Way, WayTiming } from '@espalier/analysis';
import { percentFigure, printable } from '@espalier/base';
import type { TimesEnd, WholeModelTime } from '@espalier/protocol';
import { bridgeOf, denseOf, modelLatency, problemText, quickest, WAY_LABELS } from '@espalier/service';
import { faultLine } from '../inspectTable.js';
import { openSession } from '../session.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';

export interface LatencyOptions {
  readonly format: 'table' | 'json';
  readonly layers: readonly string[];
  readonly columns?: number;
  readonly cache: boolean;
}

interface Timed {
  readonly tensor: string;
  readonly times: LayerTimes | null;
  readonly why: string | null;
}

/** Times the layers of a checkpoint on this machine. Exit codes: 0 fine, 2 it could not be done. */
export async function latency(path: string, options: LatencyOptions, terminal: Terminal): Promise<0 | 2> {
  const session = openSession(terminal, { nearZeroRatio: 1e-8, cache: options.cache, threads: 1 });
  const line = progressLine(terminal);
  const timed: Timed[] = [];
  try {
    const answer = await session.service.times(
      {
        path,
        ...(options.layers.length === 0 ? {} : { layers: options.layers }),
        ...(options.columns === undefined ? {} : { columns: options.columns }),
        again: !options.cache,
      },
      terminal.signal,
      ({ tensor, times, why, done, total }) => {
        timed.push({ tensor, times, why });
        line.show(`${done} of ${total} layers timed`);
      },
    );
    line.clear();
    if (!answer.ok) {
      if (options.format === 'json')
        await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: answer.fault }, null, 2)}\n`);
      await print(terminal.err, `${faultLine(answer.fault, path)}\n`);
      return 2;
    }
    const { whole } = answer.value;
    const text =
      options.format === 'json'
        ? `${JSON.stringify(toReport(path, answer.value.machine, timed, whole), null, 2)}\n`
        : `${[...lines(path, answer.value, timed, terminal), ...(whole === null ? [] : [`  ${printable(whole.text)}`])].join('\n')}\n`;
    await print(terminal.out, text);
    return 0;
  } finally {
    line.clear();
    await session.close();
  }
}

function toReport(path: string, machine: string, timed: readonly Timed[], whole: TimesEnd['whole']): unknown {
  const layers = timesOf(timed);
  return {
    schemaVersion: 1,
    path,
    machine,
    layers: timed.map(({ tensor, times, why }) =>
      times === null ? { name: tensor, why } : { name: tensor, ...times },
    ),
    total: modelLatency(layers),
    bridge: bridgeOf(layers),
    wholeModel: whole === null ? null : whole.kind === 'timed' ? wholeOf(whole) : { why: whole.why },
  };
}

const wholeOf = ({ engine, per, figure }: Extract<WholeModelTime, { kind: 'timed' }>) => ({
  engine,
  per,
  figures: [figure],
});

const timesOf = (timed: readonly Timed[]): LayerTimes[] => timed.flatMap(({ times }) => times ?? []);

const WAYS: readonly Way[] = ['csr', 'block-4x1', 'regrouped', 'channels-removed', 'int8'];
const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'product', align: 'left' },
  { head: 'zero %', align: 'right' },
  { head: 'dense ms', align: 'right' },
  { head: '±', align: 'right' },
  ...WAYS.map((way): Column => ({ head: WAY_LABELS[way], align: 'right' })),
];

function lines(path: string, { machine, summary }: TimesEnd, timed: readonly Timed[], terminal: Terminal): string[] {
  const { bold, dim, green } = coloursOf(terminal);
  const layers = timesOf(timed);
  const rows = timed.flatMap(({ tensor, times }) => (times === null ? [] : [rowOf(tensor, times, green)]));
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const [head, ...body] = tableLines(COLUMNS, rows, width);
  const total = modelLatency(layers);
  const others = timed.filter(({ times }) => times === null);
  const engine = layers[0]?.engine;
  return [
    `${bold(printable(path))}   ${machine}${engine === undefined ? '' : ` · Espalier kernels, ${engine}`}`,
    '',
    ...(rows.length === 0 ? ['  No layer is a product that could be timed.'] : [dim(head!), ...body]),
    '',
    ...(total === null
      ? []
      : [`  ${summary}`, dim(`  ${total.per}; unfolding inputs, activations and normalizations are not in it`)]),
    ...[...new Set(others.map(({ why }) => why))].map((why) =>
      dim(`  ${others.filter((each) => each.why === why).length} not timed: ${why}`),
    ),
  ];
}

function rowOf(tensor: string, times: LayerTimes, best: (text: string) => string): string[] {
  const dense = denseOf(times);
  const quick = quickest(times);
  const gain = (way: WayTiming | undefined): string => {
    if (way === undefined) return '–';
    const text = `${(dense.medianMs / way.medianMs).toFixed(2)}x`;
    return way === quick ? best(text) : text;
  };
  return [
    printable(tensor),
    problemText(times),
    percentFigure(times.sparsity, 1),
    String(Number(dense.medianMs.toPrecision(3))),
    `${Math.round((100 * (dense.highMs - dense.lowMs)) / 2 / dense.medianMs)} %`,
    ...WAYS.map((name) => gain(times.ways.find((way) => way.name === name))),
  ];
}
