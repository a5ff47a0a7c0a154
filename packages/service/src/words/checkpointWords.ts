import type { LayerTimes, TensorFacts } from '@espalier/analysis';
import { bytesText, compactCount, describeFault, type Fault, percentFigure, shapeText } from '@espalier/base';
import type { FileFacts } from '../fileFacts.js';
import { runtimeLine } from '../runtimes/runtimeLine.js';
import type { ScanState } from '../scans.js';
import { warningPhrases } from './warningWords.js';

/** How texts are written for a person: their locale, and the links that their editor understands. */
export interface Writing {
  readonly locale: string;
  /** A Markdown link that runs a command; null where the editor runs none. */
  readonly link: (title: string, command: string, ...args: readonly unknown[]) => string | null;
}

const WIDEST = 3;
const MAX_WARNINGS = 2;

/** Hover on a reference to a checkpoint: what it is, the one number people came for, the widest layers, warnings, actions. */
export function checkpointMarkdown(name: string, facts: FileFacts, scan: ScanState | null, writing: Writing): string {
  const { head, totals } = facts;
  const { locale } = writing;
  const lines = [
    `**${escapeMarkdown(name)}** · ${head.formatLabel} · ${compactCount(totals.parameters, locale)} parameters · ${bytesText(totals.bytes, locale)}`,
    sparsitySentence(facts, scan, locale),
  ];
  const widest = [...head.tensors]
    .filter((tensor) => tensor.prunable)
    .sort((a, b) => b.elements - a.elements)
    .slice(0, WIDEST);
  const rows = widest.map((tensor) => {
    const stats = facts.facts.get(tensor.name)?.stats;
    const zeros = stats === undefined ? '' : `${percentFigure(stats.zeros, tensor.elements, locale)} %`;
    return `| ${escapeCell(tensor.name)} | ${shapeText(tensor.shape)} | ${zeros} |`;
  });
  const table = rows.length === 0 ? [] : ['| widest layers | shape | zeros |', '|---|---|---:|', ...rows];
  const warnings = warningPhrases(facts).slice(0, MAX_WARNINGS);
  const actions = [
    writing.link('Inspect', 'espalier.inspect', head.path),
    writing.link('Compare…', 'espalier.compareFiles', head.path),
    facts.sampled ? writing.link('Scan fully', 'espalier.scanFully', head.path) : null,
  ].filter((link) => link !== null);
  return [
    lines.filter(Boolean).join('  \n'),
    table.join('\n'),
    warnings.length === 0 ? '' : `⚠ ${warnings.map(escapeMarkdown).join(' · ')}`,
    actions.join(' · '),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function sparsitySentence(facts: FileFacts, scan: ScanState | null, locale: string): string {
  const { totals } = facts;
  if (totals.zeros === null) {
    if (scan === null) return '';
    const percent = scan.bytes === 0 ? 100 : Math.floor((100 * scan.doneBytes) / scan.bytes);
    return `scanning ${percent} % …`;
  }
  const how = facts.sampled ? sampledText(facts, locale) : partText(facts) || 'exact';
  const all = `${percentFigure(totals.zeros, totals.readableParameters, locale)} %`;
  if (totals.prunableZeros === null || totals.readablePrunable === 0)
    return totals.readableParameters === 0 ? '' : `${all} of all values are zero · ${how}`;
  const approximately = facts.sampled ? '≈ ' : '';
  return `${approximately}${percentFigure(totals.prunableZeros, totals.readablePrunable, locale)} % of prunable weights are zero (${all} of all) · ${how}`;
}

/** Of a file that is cut off: how many of its tensors the figures are about. */
function partText({ head, totals }: FileFacts): string {
  if (totals.readableParameters === totals.parameters) return '';
  const readable = head.tensors.filter(({ noValues }) => noValues === undefined).length;
  return `of the ${readable} of ${head.tensors.length} tensors that can be read`;
}

/**
 * `sampled 2 %, ± 0.3 %`: the share that was read, and the error of the file's figure. Tensors were sampled independently, so their
 * errors (half widths of 95 % intervals) add up in squares, weighted by size.
 */
function sampledText({ facts, totals }: FileFacts, locale: string): string {
  const isAboutPrunable = totals.prunableZeros !== null && totals.readablePrunable > 0;
  let elements = 0;
  let read = 0;
  let squares = 0;
  for (const { head, stats } of facts.values()) {
    if (stats === undefined || (isAboutPrunable && !head.prunable)) continue;
    const { share, error } = stats.obtained.kind === 'sampled' ? stats.obtained : { share: 1, error: 0 };
    elements += head.elements;
    read += share * head.elements;
    squares += (error * head.elements) ** 2;
  }
  const error = elements === 0 ? 0 : Math.sqrt(squares) / elements;
  return `sampled ${percentFigure(read, elements, locale)} %, ± ${percentFigure(error, 1, locale)} %`;
}

/** Inlay hint after a path: `11.2 M, 80 % sparse`; without values only the size. */
export function hintText(facts: FileFacts, locale: string): string {
  const { totals } = facts;
  const size = compactCount(totals.parameters, locale);
  const [zeros, whole] =
    totals.prunableZeros !== null && totals.readablePrunable > 0
      ? [totals.prunableZeros, totals.readablePrunable]
      : [totals.zeros, totals.readableParameters];
  if (zeros === null || whole === 0) return size;
  return `${size}, ${facts.sampled ? '≈ ' : ''}${shortPercent(zeros, whole)} sparse`;
}

/** Whole percents, `0 %` and `100 %` only when exact. */
function shortPercent(part: number, whole: number): string {
  if (part === 0) return '0 %';
  if (part === whole) return '100 %';
  const percent = Math.round((100 * part) / whole);
  return percent === 0 ? '< 1 %' : percent === 100 ? '> 99 %' : `${percent} %`;
}

/** Hover on a reference whose file cannot be read: one sentence, with what to do. */
export const faultMarkdown = (name: string, fault: Fault): string =>
  `**${escapeMarkdown(name)}**\n\n${/pointer$/.test(fault.code) ? '' : 'Not readable: '}${escapeMarkdown(describeFault(withoutFile(fault)))}`;

function withoutFile({ file: _, expected: __, found: ___, offset: ____, ...rest }: Fault): Fault {
  return rest;
}

/** Hover on the name of a layer: its shape, its zeros and patterns, where it is from. */
export function layerMarkdown(fact: TensorFacts, from: string, writing: Writing, times?: LayerTimes): string {
  const { head, stats } = fact;
  const { locale } = writing;
  const first = [
    `**${escapeMarkdown(head.name)}**`,
    head.storage,
    shapeText(head.shape),
    `${head.elements.toLocaleString(locale)} ${head.role === 'bias' ? 'values' : 'weights'}`,
    bytesText(head.bytes, locale),
  ].join(' · ');
  const second =
    stats === undefined
      ? (fact.fault?.message ?? 'values not read yet')
      : [
          `${percentFigure(stats.zeros, head.elements, locale)} % zero`,
          ...(stats.deadOutputChannels === null
            ? []
            : [`${stats.deadOutputChannels.toLocaleString(locale)} dead channels`]),
          ...blockText(fact, locale),
          ...groupText(fact, locale),
        ].join(' · ');
  const third = [
    ...(stats?.kept.absMedian == null || stats.absmax === null
      ? []
      : [`|w| median ${short(stats.kept.absMedian)}, largest ${short(stats.absmax)}`]),
    `in ${escapeMarkdown(from)}`,
  ].join(' · ');
  const line = runtimeLine(stats, head.elements, times, locale);
  const speed = line === null ? [] : [line];
  return [first, second, ...speed, third].join('  \n');
}

function blockText({ stats }: TensorFacts, locale: string): string[] {
  const share = stats?.blocks['4x1']?.zerosInBlocks;
  return share == null ? [] : [`4x1 blocks ${percentFigure(share, 1, locale)} %`];
}

/** The axis along which most groups fit. */
function groupText({ stats }: TensorFacts, locale: string): string[] {
  const along = stats?.patterns['2:4']?.filter(({ groups }) => groups > 0) ?? [];
  const best = [...along].sort((a, b) => b.compliantGroups / b.groups - a.compliantGroups / a.groups)[0];
  if (best === undefined || stats?.zeros === 0) return [];
  return [best.strict ? '2:4' : `2:4 ${percentFigure(best.compliantGroups, best.groups, locale)} % of groups`];
}

const short = (value: number): string => String(Number(value.toPrecision(2)));

/** Several checkpoints have this name: one line each. */
export function severalMarkdown(
  name: string,
  matches: readonly { readonly fact: TensorFacts; readonly from: string }[],
  writing: Writing,
): string {
  const lines = matches.map(({ fact, from }) => {
    const zeros =
      fact.stats === undefined
        ? ''
        : ` · ${percentFigure(fact.stats.zeros, fact.head.elements, writing.locale)} % zero`;
    return `- ${escapeMarkdown(from)}: ${shapeText(fact.head.shape)}${zeros}`;
  });
  return [`${matches.length} checkpoints have ${escapeMarkdown(name)}:`, ...lines].join('\n');
}

/** A module: its tensors, one line each. */
export function moduleMarkdown(name: string, tensors: readonly TensorFacts[], from: string, writing: Writing): string {
  const shown = tensors.slice(0, 8).map(({ head, stats }) => {
    const zeros = stats === undefined ? '' : `${percentFigure(stats.zeros, head.elements, writing.locale)} %`;
    return `| ${escapeCell(head.name.startsWith(name) ? head.name.slice(name.length).replace(/^[./]/, '') : head.name)} | ${shapeText(head.shape)} | ${zeros} |`;
  });
  const more = tensors.length > shown.length ? `\n\n… and ${tensors.length - shown.length} more` : '';
  return `**${escapeMarkdown(name)}** · ${tensors.length} ${tensors.length === 1 ? 'tensor' : 'tensors'} · in ${escapeMarkdown(from)}\n\n| tensor | shape | zeros |\n|---|---|---:|\n${shown.join('\n')}${more}`;
}

/** Names come from strangers: they are text, never markup or links. */
export const escapeMarkdown = (text: string): string =>
  text.replaceAll(/[\\`*_{}[\]()#+!<>|~$]/g, (char) => `\\${char}`).replaceAll(/[\r\n]+/g, ' ');
const escapeCell = (text: string): string =>
  escapeMarkdown(text.length > 60 ? `${text.slice(0, 24)}…${text.slice(-35)}` : text);
