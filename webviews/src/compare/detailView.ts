import type { TensorHead, ValueDiff } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { signedColour } from '../heatmap/colourMap.js';
import { visibleName } from '../shared/fitName.js';
import type { HistogramModel } from '../shared/histogram.js';
import { type Bars, barRange, histogramBars } from '../shared/histogramBars.js';
import { icon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { memoise } from '../shared/store.js';
import { css } from '../shared/styles.js';
import { headingTemplate } from '../shared/tensorCells.js';
import { theme } from '../shared/theme.js';
import { twinButton } from '../shared/twinButton.js';
import type { Row } from './rows.js';
import { S } from './strings.js';
import { deltaText } from './tableView.js';
import '../shared/histogram.js';

export function detailHead({ head, before, reshaped }: Row, step: (by: 1 | -1) => void): TemplateResult {
  const D = S.detail;
  const aside = [
    reshaped ? D.reshaped(before.shape.join(', ')) : D.sameShape(head.description),
    ...(before.name === head.name ? [] : [D.renamed(before.name)]),
  ];
  return html`<div class="detail-head">
      <h2 title=${visibleName(head.name)}>${headingTemplate(head.name)}</h2>
      <span class="grow"></span>
      <button class="icon-button" type="button" aria-label=${D.previous} title=${D.previous} @click=${() => step(-1)}>${icon('up')}</button>
      <button class="icon-button" type="button" aria-label=${D.next} title=${D.next} @click=${() => step(1)}>${icon('down')}</button>
    </div>
    <div class="sub"><span class="num">${head.dtype} [${head.shape.join(', ')}]</span><span>${aside.join(' · ')}</span></div>`;
}

/** Four kinds of places in one bar: zero in both, newly zero, newly kept, kept in both. */
export function maskView(diff: ValueDiff, numbers: Numbers): TemplateResult {
  const M = S.mask;
  const kinds = [
    ['zero-in-both', M.zeroInBoth, diff.zeroInBoth],
    ['newly-zero', M.newlyZero, diff.newZeros],
    ['newly-kept', M.newlyKept, diff.newKept],
    ['kept-in-both', M.keptInBoth, diff.keptInBoth],
  ] as const;
  const [percent, words] = M.share(numbers.percent(diff.maskChanged, diff.elements));
  const said = kinds.map(([, word, count]) => `${word} ${numbers.integer(count)}`).join(', ');
  return html`<section aria-label=${M.title}>
    <div class="section-head">
      <h3>${M.title}</h3>
      ${how({ kind: 'exact' }, numbers)}<span class="grow"></span
      ><span class="quiet small-text"><span class="num">${percent}</span>\u202f${words}</span>
    </div>
    <div class="mask-bar" role="img" aria-label=${said}>
      ${kinds.map(
        ([kind, word, count]) =>
          html`<i
            class=${kind}
            title="${word}: ${numbers.integer(count)}"
            ${css({ width: `${(count / Math.max(1, diff.elements)) * 100}%`, 'min-width': count > 0 ? '2px' : '0' })}
          ></i>`,
      )}
    </div>
    <div class="mask-keys">
      ${kinds.map(
        ([kind, word, count]) =>
          html`<span class="key"><i class="swatch ${kind}"></i>${word} <span class="num">${numbers.integer(count)}</span></span>`,
      )}
    </div>
  </section>`;
}

type Line = readonly [label: string, before: string, after: string, change: string];

/** Figures of both files and their change. Pure, so that the list can be tested. */
export function comparisonLines(diff: ValueDiff, numbers: Numbers): Line[] {
  const T = S.statistics;
  const zeros0 = diff.zeroInBoth + diff.newKept;
  const zeros1 = diff.zeroInBoth + diff.newZeros;
  const all = diff.elements;
  const relative = diff.l2Before === 0 ? '–' : numbers.value(diff.l2Delta / diff.l2Before);
  return [
    [T.zeros, numbers.integer(zeros0), numbers.integer(zeros1), numbers.signedInteger(zeros1 - zeros0)],
    [
      T.zeroShare,
      numbers.percent(zeros0, all),
      numbers.percent(zeros1, all),
      numbers.signed(((zeros1 - zeros0) / Math.max(1, all)) * 100, 1),
    ],
    [T.kept, numbers.integer(all - zeros0), numbers.integer(all - zeros1), numbers.signedInteger(zeros0 - zeros1)],
    [
      T.norm,
      numbers.value(diff.l2Before),
      numbers.value(diff.l2After),
      numbers.signedValue(diff.l2After - diff.l2Before),
    ],
    [T.changed, '', '', numbers.integer(diff.changed)],
    [T.changedShare, '', '', numbers.percent(diff.changed, all)],
    [T.delta, '', '', numbers.value(diff.l2Delta)],
    [T.relative, '', '', relative],
    [T.most, '', '', deltaText(diff.maxAbsDelta, numbers)],
  ];
}

export function statisticsView(diff: ValueDiff, numbers: Numbers): TemplateResult {
  const T = S.statistics;
  return html`<section aria-label=${T.title}>
    <div class="section-head"><h3>${T.title}</h3>${how({ kind: 'exact' }, numbers)}</div>
    <table class="mini wide">
      <thead>
        <tr>
          ${T.columns.map((word) => (word === '' ? html`<td></td>` : html`<th scope="col">${word}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${comparisonLines(diff, numbers).map(
          ([label, before, after, change]) => html`<tr>
            <th scope="row">${label}</th>
            <td>${before}</td>
            <td>${after}</td>
            <td>${change}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

const MOST_BARS = 41;
const bars = memoise((histogram: NonNullable<ValueDiff['histogram']>) =>
  histogramBars(histogram, histogram.same, false, MOST_BARS),
);

const model = memoise((head: TensorHead, made: Bars, numbers: Numbers): HistogramModel => {
  const most = Math.max(Math.abs(made.low), Math.abs(made.high)) || 1;
  return {
    label: S.histogram.label(head.name),
    bars: made,
    apartLabel: S.histogram.same,
    apartColour: () => theme().bar,
    // Even a small difference has a side.
    colour: (place) => {
      const value = (made.low + ((place + 1) / 2) * (made.high - made.low)) / most;
      return signedColour(Math.sign(value) * Math.min(1, 0.35 + Math.abs(value)), theme().dark);
    },
    lowLabel: `${made.under ? '≤ ' : ''}${numbers.value(made.low)}`,
    highLabel: `${made.over ? '≥ ' : ''}${numbers.signedValue(made.high)}`,
    zeroLabel: '0',
  };
});

export function histogramView(
  head: TensorHead,
  diff: ValueDiff,
  numbers: Numbers,
  asTable: boolean,
  toggle: () => void,
): TemplateResult {
  const H = S.histogram;
  const made = diff.histogram === null ? null : bars(diff.histogram);
  return html`<section class="histogram" aria-label=${H.title}>
    <div class="section-head">
      <h3>${H.title}</h3>
      ${how({ kind: 'exact' }, numbers)}<span class="grow"></span>${twinButton(asTable, H.title, toggle)}
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
          <th scope="row">${H.twinSame}</th>
          <td>${numbers.integer(made.apart)}</td>
        </tr>
        ${made.counts.map((count, bar) => {
          const [from, to] = barRange(made, bar);
          return html`<tr>
            <th scope="row">${H.range(numbers.signedValue(from), numbers.signedValue(to))}</th>
            <td>${numbers.integer(count)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** The largest differences, each a way into the maps. */
export function largestView(
  diff: ValueDiff,
  numbers: Numbers,
  go: (index: readonly number[]) => void,
): TemplateResult | typeof nothing {
  const L = S.largest;
  if (diff.largest.length === 0) return nothing;
  return html`<section aria-label=${L.title}>
    <div class="section-head"><h3>${L.title}</h3>${how({ kind: 'exact' }, numbers)}</div>
    <table class="mini wide">
      <thead>
        <tr>
          ${L.columns.map((word) => html`<th scope="col">${word}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${diff.largest.map(({ index, before, after }) => {
          const place = `[${index.join(', ')}]`;
          return html`<tr>
            <th scope="row"><button class="link num" type="button" title=${L.go(place)} @click=${() => go(index)}>${place}</button></th>
            <td>${numbers.value(before)}</td>
            <td>${numbers.value(after)}</td>
            <td>${numbers.signedValue(after - before)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}
