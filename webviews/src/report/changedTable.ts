import type { ChangeTotals, ModelLatency } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how, howFigure } from '../shared/obtained.js';
import { S } from './strings.js';

type Cells = readonly [name: string, before: string, after: string, change: string];

/** Weights, sizes and work before and after, grouped; one label a group says how its figures were obtained. */
export function changedTable(totals: ChangeTotals, latency: readonly ModelLatency[], numbers: Numbers): TemplateResult {
  const C = S.changed;
  const groups = [...groupsOf(totals, numbers), ...timeGroups(latency, numbers)];
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${C.label}><table class="report-table">
    <thead>
      <tr>${C.heads.map((head) => html`<th scope="col">${head}</th>`)}</tr>
    </thead>
    ${groups.map(
      ({ title, rows, label, note }) => html`<tbody>
        <tr class="group"><th scope="rowgroup" colspan="4">
          ${title} ${label ?? how({ kind: 'exact' }, numbers)}${note === undefined ? nothing : html`<div class="small-text convention">${note}</div>`}
        </th></tr>
        ${rows.map(
          ([name, before, after, change]) => html`<tr>
            <th scope="row">${name}</th>
            <td class="num quiet">${before}</td>
            <td class="num">${after}</td>
            <td class="num change">${change === '' ? nothing : change}</td>
          </tr>`,
        )}
      </tbody>`,
    )}
  </table></div>`;
}

/** One group for each engine: what one run is differs between them. */
const timeGroups = (latency: readonly ModelLatency[], numbers: Numbers): Group[] =>
  latency.map(({ engine, per, before, after }) => ({
    title: S.changed.time(per),
    label: howFigure(after.how, numbers),
    rows: [
      [engine, numbers.value(before.value), numbers.value(after.value), fasterText(before.value, after.value, numbers)],
    ],
  }));

function fasterText(before: number, after: number, numbers: Numbers): string {
  const factor = before / after;
  return factor >= 1.05 ? S.changed.faster(numbers.fixed(factor, 1)) : S.changed.same;
}

interface Group {
  readonly title: string;
  readonly rows: readonly Cells[];
  /** How the figures were obtained, where they were not counted. */
  readonly label?: TemplateResult;
  /** What its figures count, as a sentence. */
  readonly note?: string;
}

function groupsOf(totals: ChangeTotals, numbers: Numbers): Group[] {
  const C = S.changed;
  const { parameters, prunableElements, prunableZeros, energyKept, sizes, macs } = totals;
  const { unit, divisor } = unitOf(sizes.before.raw);
  const times = (before: number, after: number, word: (text: string) => string): string => {
    if (after <= 0 || before <= 0) return '';
    const factor = before / after;
    return factor >= 1.05 ? word(numbers.fixed(factor, 1)) : C.same;
  };
  const size = (name: string, before: number, after: number): Cells => [
    name,
    numbers.fixed(before / divisor, 2),
    numbers.fixed(after / divisor, 2),
    times(before, after, C.smaller),
  ];
  const packed = sizes.after.packed24;
  return [
    {
      title: C.weights,
      rows: [
        [C.parameters, numbers.integer(parameters.before), numbers.integer(parameters.after), ''],
        [C.zeros, numbers.integer(prunableZeros.before), numbers.integer(prunableZeros.after), ''],
        [
          C.sparsity,
          numbers.percent(prunableZeros.before, Math.max(1, prunableElements.before)),
          numbers.percent(prunableZeros.after, Math.max(1, prunableElements.after)),
          '',
        ],
        ...(energyKept === null ? [] : [[C.energy, numbers.integer(100), numbers.percent(energyKept, 1), ''] as Cells]),
      ],
    },
    {
      title: C.size(unit),
      rows: [
        size(C.raw, sizes.before.raw, sizes.after.raw),
        ...gzipRow(sizes, size, numbers),
        size(C.csr, sizes.before.csr, sizes.after.csr),
        size(C.bitmask, sizes.before.bitmask, sizes.after.bitmask),
        ...(packed === null || packed.fits < 1 ? [] : [size(C.packed, sizes.before.raw, packed.bytes)]),
      ],
    },
    ...(macs === null
      ? []
      : [
          {
            title: C.work,
            ...(totals.macConvention === null ? {} : { note: totals.macConvention }),
            rows: [
              [
                C.dense,
                numbers.integer(macs.before.dense),
                numbers.integer(macs.after.dense),
                times(macs.before.dense, macs.after.dense, C.fewer),
              ] as Cells,
              [
                C.effective,
                numbers.integer(macs.before.effective),
                numbers.integer(macs.after.effective),
                times(macs.before.effective, macs.after.effective, C.fewer),
              ] as Cells,
            ],
          },
        ]),
  ];
}

/** Only where somebody asked for it: compressing takes its time. */
function gzipRow(
  { before, after }: ChangeTotals['sizes'],
  size: (name: string, before: number, after: number) => Cells,
  numbers: Numbers,
): Cells[] {
  if (before.gzip === null && after.gzip === null) return [];
  const obtained = after.gzip?.obtained ?? before.gzip!.obtained;
  const name =
    obtained.kind === 'sampled' ? S.changed.gzipSampled(numbers.value(obtained.error * 100)) : S.changed.gzip;
  return [size(name, before.gzip?.bytes ?? before.raw, after.gzip?.bytes ?? after.raw)];
}

/** One unit for the whole group, so that its figures can be compared. */
function unitOf(bytes: number): { readonly unit: string; readonly divisor: number } {
  if (bytes >= 1e9) return { unit: 'GB', divisor: 1e9 };
  return bytes >= 1e6 ? { unit: 'MB', divisor: 1e6 } : { unit: 'kB', divisor: 1e3 };
}
