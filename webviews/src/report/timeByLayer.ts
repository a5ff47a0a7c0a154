import type { LayerChange, LayerLatency } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import { nameTemplate } from '../shared/tensorCells.js';
import { S } from './strings.js';

type Way = LayerLatency['ways'][number];

/** A layer in the staircase: where its two bars begin and end, in ms from the first layer on. */
export interface TimeRow {
  readonly name: string;
  readonly problem: string;
  readonly dense: Way;
  readonly best: Way;
  readonly begin: { readonly before: number; readonly after: number };
}

/** Layers that were timed, in order; each begins where the one before it ended. Bytes give another result and are no choice. */
export function timeRows(layers: readonly LayerChange[]): TimeRow[] {
  let [before, after] = [0, 0];
  return layers.flatMap(({ name, latency }): TimeRow[] => {
    const exact = latency?.ways.filter(({ way }) => way !== 'int8') ?? [];
    const dense = exact.find(({ way }) => way === 'dense');
    if (latency === null || dense === undefined) return [];
    const best = exact.reduce((quickest, way) => (way.ms.value < quickest.ms.value ? way : quickest));
    const row = { name, problem: latency.problem, dense, best, begin: { before, after } };
    before += dense.ms.value;
    after += best.ms.value;
    return [row];
  });
}

/** Two staircases: the dense time of each layer, and its time in the quickest way. `asTable` leaves out the pictures and adds every way. */
export function timeTable(
  rows: readonly TimeRow[],
  layers: readonly LayerChange[],
  asTable: boolean,
  numbers: Numbers,
): TemplateResult {
  const T = S.timeByLayer;
  const total = rows.reduce((sum, { dense }) => sum + dense.ms.value, 0);
  const all = new Map(layers.map(({ name, latency }) => [name, latency?.ways ?? []]));
  const gain = (dense: Way, way: Way): string => `${numbers.fixed(dense.ms.value / way.ms.value, 1)}x`;
  const bar = (begin: number, ms: number, which: string): TemplateResult =>
    html`<i class=${which} ${css({ left: `${(100 * begin) / total}%`, width: `${Math.max(0.3, (100 * ms) / total)}%` })}></i>`;
  const ways = asTable ? T.ways : [];
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${T.label}><table class="report-table wide" aria-label=${T.label}>
    <thead>
      <tr>
        <th scope="col">${T.heads.layer}</th>
        <th scope="col" class="left">${T.heads.product}</th>
        ${asTable ? '' : html`<th scope="col" class="stairs-head left">0 – ${numbers.value(total)} ms</th>`}
        <th scope="col">${T.heads.before}</th>
        <th scope="col">${T.heads.after}</th>
        <th scope="col">${T.heads.gain}</th>
        <th scope="col" class="left">${T.heads.way}</th>
        ${ways.map(({ label }) => html`<th scope="col">${label}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, problem, dense, best, begin }) => html`<tr>
          <th scope="row" title=${name}>${nameTemplate(name)}</th>
          <td class="num quiet left">${problem}</td>
          ${
            asTable
              ? ''
              : html`<td class="stairs" aria-hidden="true">${bar(begin.before, dense.ms.value, 'before')}${bar(begin.after, best.ms.value, 'after')}</td>`
          }
          <td class="num quiet">${numbers.value(dense.ms.value)}</td>
          <td class="num">${numbers.value(best.ms.value)}</td>
          <td class="num">${gain(dense, best)}</td>
          <td class="left">${T.wayNames[best.way] ?? best.way}</td>
          ${ways.map(({ way }) => {
            const found = all.get(name)?.find((candidate) => candidate.way === way);
            return html`<td class="num quiet">${found === undefined ? '–' : gain(dense, found)}</td>`;
          })}
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}
