import type { TensorHead, TensorStats } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { HistogramModel } from '../shared/histogram.js';
import { type Bars, barRange, histogramBars } from '../shared/histogramBars.js';
import type { Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { memoise } from '../shared/store.js';
import { theme } from '../shared/theme.js';
import { twinButton } from '../shared/twinButton.js';
import { S } from './strings.js';
import '../shared/histogram.js';

const MOST_BARS = 56;

/** The bars of a tensor: its exact zeros apart, whether the host counted them in their bin or not. */
export function barsOf(stats: TensorStats): Bars | null {
  if (stats.histogram === null) return null;
  const counted = stats.histogram.counts.reduce((sum, count) => sum + count, 0);
  const included = counted > stats.kept.count;
  return histogramBars(stats.histogram, stats.zeros, included, MOST_BARS);
}

const model = memoise((head: TensorHead, bars: Bars, numbers: Numbers): HistogramModel => {
  return {
    label: S.histogram.label(head.name),
    bars,
    apartLabel: S.histogram.zeroLabel,
    apartColour: () => theme().zero,
    colour: () => theme().bar,
    lowLabel: `${bars.under ? '≤ ' : ''}${numbers.value(bars.low)}`,
    highLabel: `${bars.over ? '≥ ' : ''}${numbers.signedValue(bars.high)}`,
    zeroLabel: '0',
  };
});

const bars = memoise(barsOf);

export function histogramView(
  head: TensorHead,
  stats: TensorStats,
  numbers: Numbers,
  asTable: boolean,
  toggle: () => void,
): TemplateResult {
  const H = S.histogram;
  const made = bars(stats);
  return html`<section class="histogram" aria-label=${H.title}>
    <div class="section-head">
      <h3>${H.title}</h3>
      ${how(stats.obtained, numbers)}
      <span class="grow"></span>
      <span class="key"><i class="swatch zero"></i>${H.zeroKey}</span>
      ${twinButton(asTable, H.title, toggle)}
    </div>
    ${
      made === null
        ? html`<div class="chart centred">${H.none}</div>`
        : asTable
          ? twin(made, numbers)
          : html`<espalier-histogram .model=${model(head, made, numbers)}></espalier-histogram>`
    }
  </section>`;
}

function twin(made: Bars, numbers: Numbers): TemplateResult {
  const H = S.histogram;
  return html`<div class="chart scroll" tabindex="0" role="group" aria-label=${H.title}>
    <table class="mini">
      <thead>
        <tr>
          ${H.twin.map((word) => html`<th scope="col">${word}</th>`)}
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">${H.twinZero}</th>
          <td>${numbers.integer(made.apart)}</td>
        </tr>
        ${made.counts.map((count, bar) => {
          const [from, to] = barRange(made, bar);
          const low = bar === 0 && made.under ? '≤ ' : '';
          const high = bar === made.counts.length - 1 && made.over ? '≥ ' : '';
          const words =
            low !== ''
              ? `${low}${numbers.value(to)}`
              : high !== ''
                ? `${high}${numbers.value(from)}`
                : H.range(numbers.value(from), numbers.value(to));
          return html`<tr>
            <th scope="row">${words}</th>
            <td>${numbers.integer(count)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
