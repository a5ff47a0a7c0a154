import { type Fault, globMatcher, printable } from '@espalier/base';
import { failOnMatcher } from '@espalier/recipe';
import {
  type FileFacts,
  factsOf,
  type InspectReport,
  inspectCsv,
  inspectedFile,
  inspectMarkdown,
  SCHEMA_VERSION,
  type Service,
  unreadableFile,
} from '@espalier/service';
import { expandFolders } from '../expandFolders.js';
import { faultLine, inspectLines } from '../inspectTable.js';
import { openSession } from '../session.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';

export interface InspectOptions {
  readonly format: 'table' | 'json' | 'markdown' | 'csv';
  readonly layers: readonly string[];
  readonly values: boolean;
  readonly all: boolean;
  readonly gzip: boolean;
  readonly operators: boolean;
  readonly failOn: readonly string[];
  readonly threads?: number;
  readonly nearZero: number;
  readonly cache: boolean;
}

type Outcome =
  | { readonly path: string; readonly facts: FileFacts; readonly scanMs: number | null }
  | { readonly path: string; readonly fault: Fault };

/** Exit codes: 0 fine, 1 a finding named by --fail-on occurred, 2 a file, or some of the values in it, could not be read. */
export async function inspect(
  paths: readonly string[],
  options: InspectOptions,
  terminal: Terminal,
): Promise<0 | 1 | 2> {
  const session = openSession(terminal, {
    nearZeroRatio: options.nearZero,
    cache: options.cache,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  const matchers = options.layers.map(globMatcher);
  const chosen = (name: string): boolean => matchers.length === 0 || matchers.some((matches) => matches(name));
  try {
    const outcomes: Outcome[] = [];
    for (const path of await expandFolders(paths)) {
      terminal.signal.throwIfAborted();
      const outcome = await inspectOne(session.service, path, options, terminal);
      outcomes.push(outcome);
      if (options.format === 'table') await printTable(outcome, options, chosen, terminal, outcomes.length > 1);
    }
    if (options.format === 'json')
      await print(terminal.out, `${JSON.stringify(toReport(outcomes, chosen), null, 2)}\n`);
    if (options.format === 'markdown' || options.format === 'csv') {
      const readable = outcomes.flatMap((outcome) => ('facts' in outcome ? [outcome] : []));
      const text = options.format === 'csv' ? inspectCsv(readable, chosen) : inspectMarkdown(readable, chosen);
      await print(terminal.out, text);
    }
    if (options.format !== 'table') {
      for (const outcome of outcomes)
        if ('fault' in outcome) await print(terminal.err, `${faultLine(outcome.fault, outcome.path)}\n`);
    }
    for (const [i, glob] of options.layers.entries()) {
      const read = outcomes.flatMap((outcome) => ('facts' in outcome ? outcome.facts.head.tensors : []));
      if (read.length === 0 || read.some(({ name }) => matchers[i]!(name))) continue;
      await print(
        terminal.err,
        `espalier: no tensor is called ${printable(glob)}, such as ${printable(read[0]!.name)} is.\n`,
      );
      return 2;
    }
    if (outcomes.some((outcome) => 'fault' in outcome || (options.values && hasUnread(outcome.facts)))) return 2;
    const fails = failOnMatcher(options.failOn);
    return outcomes.some((outcome) => 'facts' in outcome && outcome.facts.findings.some(fails)) ? 1 : 0;
  } finally {
    await session.close();
  }
}

/** Values that were asked for could not be read: bytes are missing, or a companion is. */
const hasUnread = (facts: FileFacts): boolean =>
  facts.head.tensors.some(
    (head) =>
      (facts.facts.get(head.name)?.fault ?? head.noValues?.fault) !== undefined && head.noValues?.why !== 'unsupported',
  );

async function inspectOne(
  service: Service,
  path: string,
  options: InspectOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const progress = progressLine(terminal);
  const started = performance.now();
  const head = await service.head(path, terminal.signal);
  if (!head.ok) return { path, fault: head.fault };
  if (options.values) {
    const end = await service.scan({ path, full: true }, 'soon', terminal.signal, (item) => {
      if (item.kind !== 'progress') return;
      const share = item.bytes === 0 ? 100 : Math.floor((100 * item.doneBytes) / item.bytes);
      progress.show(`${path}: ${share} %, ${item.doneTensors} of ${item.tensors} tensors`);
    });
    progress.clear();
    if (!end.ok) return { path, fault: end.fault };
    if (end.value.fault !== undefined) return { path, fault: end.value.fault };
  }
  // Without values the report is that of the header, also where the cache knows more.
  if (!options.values) return { path, facts: factsOf(head.value, '', new Map()), scanMs: null };
  if (options.gzip) await compress(service, path, terminal);
  const facts = await service.facts(path, terminal.signal);
  if (facts === null)
    return { path, fault: { code: 'file/changed', message: 'The file changed while it was read.', file: path } };
  return { path, facts, scanMs: performance.now() - started };
}

/** Asks for the sizes after gzip that did not come with the values. */
async function compress(service: Service, path: string, terminal: Terminal): Promise<void> {
  const facts = await service.facts(path, terminal.signal);
  const progress = progressLine(terminal);
  const missing = [...(facts?.facts.values() ?? [])].filter(({ stats }) => stats?.sizes.gzip === null);
  for (const [done, { head }] of missing.entries()) {
    progress.show(`${path}: compressing ${done + 1} of ${missing.length} tensors`);
    await service.gzip({ path, tensor: head.name }, terminal.signal);
  }
  progress.clear();
}

async function printTable(
  outcome: Outcome,
  options: InspectOptions,
  chosen: (name: string) => boolean,
  terminal: Terminal,
  apart: boolean,
): Promise<void> {
  if (apart) await print(terminal.out, '\n');
  if ('fault' in outcome) return print(terminal.err, `${faultLine(outcome.fault, outcome.path)}\n`);
  const lines = inspectLines(outcome.path, outcome.facts, {
    width: terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0,
    colours: coloursOf(terminal),
    all: options.all || options.layers.length > 0,
    operators: options.operators,
    chosen,
    scanMs: outcome.scanMs,
  });
  await print(terminal.out, `${lines.join('\n')}\n`);
}

function toReport(outcomes: readonly Outcome[], chosen: (name: string) => boolean): InspectReport {
  return {
    schemaVersion: SCHEMA_VERSION,
    files: outcomes.map((outcome) =>
      'fault' in outcome
        ? unreadableFile(outcome.path, outcome.fault)
        : inspectedFile(outcome.path, outcome.facts, chosen),
    ),
  };
}
