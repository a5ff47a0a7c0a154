import type { QUANTILES as Reported, TensorHead, TensorStats } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { S } from './strings.js';

/** Which quantiles arrive, in order. The type is the protocol's, so that the two cannot drift apart. */
const QUANTILES: typeof Reported = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

type Line = readonly [label: string, value: string, title?: string];

/** The figures of a tensor as label and value. Pure, so that the list can be tested. */
export function statisticLines(head: TensorHead, stats: TensorStats, numbers: Numbers): Line[] {
  const T = S.statistics;
  const value = (x: number | null): string => (x === null ? '–' : numbers.value(x));
  const single = (x: number | null): string => (x === null ? '–' : singleText(x, head, numbers));
  const lines: Line[] = [[T.zeros, numbers.integer(stats.zeros)]];
  if (stats.exactZeros !== stats.zeros) lines.push([T.exactZeros, numbers.integer(stats.exactZeros)]);
  if (stats.nearZeros > Math.max(stats.zeros, stats.exactZeros)) {
    lines.push([T.dead, numbers.integer(stats.nearZeros), T.deadTitle]);
  }
  lines.push(
    [T.kept, numbers.integer(stats.kept.count)],
    [T.minimum, single(stats.min)],
    [T.maximum, (stats.max ?? 0) > 0 ? `+${single(stats.max)}` : single(stats.max)],
    [T.mean, value(stats.mean)],
    // Where nothing is zero the two deviations are one.
    stats.zeros === 0 ? [T.std, value(stats.std)] : [T.keptStd, value(stats.kept.std)],
    [T.keptMin, single(stats.kept.absmin)],
    [T.keptMedian, single(stats.kept.absMedian)],
  );
  if (stats.deadOutputChannels !== null && head.outputChannels !== null) {
    lines.push([T.deadOutputs, T.of(numbers.integer(stats.deadOutputChannels), numbers.integer(head.outputChannels))]);
  }
  if (stats.deadInputChannels !== null && head.inputChannels !== null) {
    lines.push([T.deadInputs, T.of(numbers.integer(stats.deadInputChannels), numbers.integer(head.inputChannels))]);
  }
  lines.push([T.nonFinite, `${numbers.integer(stats.nan)}, ${numbers.integer(stats.inf)}`]);
  return lines;
}

/** One value of a tensor: whole numbers are written as such. */
const singleText = (x: number, { dtype }: TensorHead, numbers: Numbers): string =>
  /^([IU]\d+|BOOL)$/.test(dtype) && Number.isInteger(x) ? numbers.integer(x) : numbers.value(x);

export function statisticsView(head: TensorHead, stats: TensorStats, numbers: Numbers): TemplateResult {
  return html`<section aria-label=${S.statistics.title}>
    <div class="section-head"><h3>${S.statistics.title}</h3>${how(stats.obtained, numbers)}</div>
    <dl class="statistics">
      ${statisticLines(head, stats, numbers).map(
        ([label, value, title]) => html`<dt title=${title ?? nothing}>${label}</dt><dd class="num">${value}</dd>`,
      )}
    </dl>
  </section>`;
}

export function quantilesView(head: TensorHead, stats: TensorStats, numbers: Numbers): TemplateResult | typeof nothing {
  const { quantiles } = stats;
  if (quantiles === null) return nothing;
  return html`<table class="mini quantiles" aria-label=${S.statistics.quantiles}>
    <thead>
      <tr>
        <th scope="row">${S.statistics.quantiles}</th>
        ${QUANTILES.map((quantile) => html`<th scope="col">${S.statistics.quantile(numbers.integer(quantile * 100))}</th>`)}
      </tr>
    </thead>
    <tbody>
      <tr>
        <td></td>
        ${QUANTILES.map((_, i) => html`<td>${quantiles[i] === undefined ? '–' : singleText(quantiles[i], head, numbers)}</td>`)}
      </tr>
    </tbody>
  </table>`;
}
