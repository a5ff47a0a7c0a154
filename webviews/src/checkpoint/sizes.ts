import type { Obtained, TensorStats } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how, howFar } from '../shared/obtained.js';
import { css } from '../shared/styles.js';
import { twinButton } from '../shared/twinButton.js';
import type { Gzip } from './state.js';
import { S } from './strings.js';

interface Form {
  readonly name: string;
  /** null: this form does not exist for the tensor. */
  readonly bytes: number | null;
  readonly obtained?: Obtained;
  /** On its way. */
  readonly asked?: boolean;
  /** Share of groups that the form can hold without loss. */
  readonly fits?: number;
}

/** `gzip` is what was asked for apart, where the size did not come with the values. */
export function formsOf({ sizes }: TensorStats, gzip?: Gzip): Form[] {
  const exact: Obtained = { kind: 'exact' };
  return [
    { name: S.sizes.raw, bytes: sizes.raw, obtained: exact },
    gzipForm(sizes.gzip ?? gzip),
    { name: S.sizes.csr, bytes: sizes.csr, obtained: exact },
    { name: S.sizes.bitmask, bytes: sizes.bitmask, obtained: exact },
    sizes.packed24 === null
      ? { name: S.sizes.packed24, bytes: null }
      : { name: S.sizes.packed24, bytes: sizes.packed24.bytes, fits: sizes.packed24.fits },
  ];
}

const gzipForm = (gzip: Gzip | undefined): Form =>
  gzip === undefined || gzip === 'none' || gzip === 'asked'
    ? { name: S.sizes.gzip, bytes: null, asked: gzip === 'asked' }
    : { name: S.sizes.gzip, ...gzip };

/** Divides bytes by one unit for the whole section, so that its figures can be compared. */
export function unitFor(bytes: number): { readonly unit: string; readonly divisor: number; readonly decimals: number } {
  if (bytes >= 1e9) return { unit: 'GB', divisor: 1e9, decimals: 2 };
  if (bytes >= 1e6) return { unit: 'MB', divisor: 1e6, decimals: 2 };
  return bytes >= 1000 ? { unit: 'kB', divisor: 1000, decimals: 1 } : { unit: 'B', divisor: 1, decimals: 0 };
}

export function sizesView(
  stats: TensorStats,
  gzip: Gzip | undefined,
  numbers: Numbers,
  asTable: boolean,
  toggle: () => void,
): TemplateResult {
  const forms = formsOf(stats, gzip);
  const { unit, divisor, decimals } = unitFor(stats.sizes.raw);
  const most = Math.max(1, ...forms.map(({ bytes }) => bytes ?? 0));
  const figure = (bytes: number | null): string => (bytes === null ? '–' : numbers.fixed(bytes / divisor, decimals));
  const smaller = (bytes: number | null): string =>
    bytes === null || bytes === 0 ? '' : `${numbers.fixed(stats.sizes.raw / bytes, 1)}×`;
  const mark = (form: Form): TemplateResult => {
    if (form.fits !== undefined && form.fits < 1)
      return howFar(S.sizes.fits(numbers.percent(form.fits, 1)), S.sizes.fitsWhy);
    if (form.bytes === null && form.name === S.sizes.packed24) return html`<span class="how">${S.sizes.none}</span>`;
    if (form.asked) return html`<span class="how">${S.sizes.compressing}</span>`;
    // Something stands in every place, or the next row would begin in this one.
    return form.bytes === null ? html`<span></span>` : how(form.obtained ?? { kind: 'exact' }, numbers);
  };
  const title = S.sizes.title(unit);
  return html`<section aria-label=${title}>
    <div class="section-head"><h3>${title}</h3><span class="grow"></span>${twinButton(asTable, title, toggle)}</div>
    ${
      asTable
        ? html`<table class="mini wide">
            <thead>
              <tr>
                ${S.sizes.twin.map((word) => html`<th scope="col">${word}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${forms.map(
                (form) => html`<tr>
                  <th scope="row">${form.name}</th>
                  <td>${form.asked ? '…' : figure(form.bytes)}</td>
                  <td>${smaller(form.bytes)}</td>
                  <td>${mark(form)}</td>
                </tr>`,
              )}
            </tbody>
          </table>`
        : html`<div class="sizes">
            ${forms.map(
              (form) => html`<span class="quiet">${form.name}</span>
                <span class="meter">${form.bytes === null ? nothing : html`<i ${css({ width: `${(form.bytes / most) * 100}%` })}></i>`}</span>
                <span class="num right">${form.asked ? '…' : figure(form.bytes)}</span><span class="num right quiet">${smaller(form.bytes)}</span>
                ${mark(form)}`,
            )}
          </div>`
    }
  </section>`;
}
