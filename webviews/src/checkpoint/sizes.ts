import type { Obtained, TensorStats } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how, howFar } from '../shared/obtained.js';
import { css } from '../shared/styles.js';
import { twinButton } from '../shared/twinButton.js';
import type { Gzip } from './state.js';
import { S } from './strings.js';

export interface Form {
  readonly name: string;
  /** null: this form does not exist. */
  readonly bytes: number | null;
  /** How the bytes were obtained. */
  readonly obtained?: Obtained;
  /** On its way. */
  readonly asked?: boolean;
  /** What is to be said in place of how it was obtained. */
  readonly note?: { readonly text: string; readonly why?: string };
}

const EXACT: Obtained = { kind: 'exact' };

/** `gzip` is what was asked for apart, where the size did not come with the values. */
export function formsOf({ sizes, obtained }: TensorStats, numbers: Numbers, gzip?: Gzip): Form[] {
  const { packed24 } = sizes;
  return [
    { name: S.sizes.raw, bytes: sizes.raw, obtained: EXACT },
    gzipForm(sizes.gzip ?? gzip),
    // Both follow from the count of zeros.
    { name: S.sizes.csr, bytes: sizes.csr, obtained },
    { name: S.sizes.bitmask, bytes: sizes.bitmask, obtained },
    packed24 === null
      ? { name: S.sizes.packed24, bytes: null, note: { text: S.sizes.none } }
      : {
          name: S.sizes.packed24,
          bytes: packed24.bytes,
          obtained: EXACT,
          ...(packed24.fits < 1
            ? { note: { text: S.sizes.fits(numbers.percent(packed24.fits, 1)), why: S.sizes.fitsWhy } }
            : {}),
        },
  ];
}

export const gzipForm = (gzip: Gzip | undefined): Form =>
  gzip === undefined || gzip === 'none' || gzip === 'asked'
    ? { name: S.sizes.gzip, bytes: null, asked: gzip === 'asked' }
    : { name: S.sizes.gzip, ...gzip };

/** Divides bytes by one unit for the whole section, so that its figures can be compared. */
export function unitFor(bytes: number): { readonly unit: string; readonly divisor: number; readonly decimals: number } {
  if (bytes >= 1e9) return { unit: 'GB', divisor: 1e9, decimals: 2 };
  if (bytes >= 1e6) return { unit: 'MB', divisor: 1e6, decimals: 2 };
  return bytes >= 1000 ? { unit: 'kB', divisor: 1000, decimals: 1 } : { unit: 'B', divisor: 1, decimals: 0 };
}

/** What a line says: its figure in the unit of all, how much smaller than `raw` that is, and how it was obtained. */
function wordsFor(raw: number, numbers: Numbers) {
  const { divisor, decimals } = unitFor(raw);
  return (form: Form): { size: string; smaller: string; mark: TemplateResult } => {
    const { bytes, note, obtained } = form;
    // Something stands in every place, or the next row would begin in this one.
    let mark: TemplateResult = html`<span></span>`;
    if (form.asked) mark = html`<span class="how">${S.sizes.compressing}</span>`;
    else if (note?.why !== undefined) mark = howFar(note.text, note.why);
    else if (note !== undefined) mark = html`<span class="how">${note.text}</span>`;
    else if (bytes !== null && obtained !== undefined) mark = how(obtained, numbers);
    return {
      size: form.asked ? '…' : bytes === null ? '–' : numbers.fixed(bytes / divisor, decimals),
      smaller: bytes === null || bytes === 0 ? '' : `${numbers.fixed(raw / bytes, 1)}×`,
      mark,
    };
  };
}

function sizesTable(forms: readonly Form[], raw: number, numbers: Numbers): TemplateResult {
  const words = wordsFor(raw, numbers);
  return html`<table class="mini wide">
    <thead>
      <tr>
        ${S.sizes.twin.map((word) => html`<th scope="col">${word}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${forms.map((form) => {
        const { size, smaller, mark } = words(form);
        return html`<tr>
          <th scope="row">${form.name}</th>
          <td>${size}</td>
          <td>${smaller}</td>
          <td>${mark}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

/** The same with a bar for each form. */
function sizesBars(forms: readonly Form[], raw: number, numbers: Numbers): TemplateResult {
  const words = wordsFor(raw, numbers);
  const most = Math.max(1, ...forms.map(({ bytes }) => bytes ?? 0));
  return html`<div class="sizes">
    ${forms.map((form) => {
      const { size, smaller, mark } = words(form);
      const bar = form.bytes === null ? nothing : html`<i ${css({ width: `${(form.bytes / most) * 100}%` })}></i>`;
      return html`<span class="quiet">${form.name}</span><span class="meter">${bar}</span>
        <span class="num right">${size}</span><span class="num right quiet">${smaller}</span>${mark}`;
    })}
  </div>`;
}

/** Forms side by side, the first as stored. `aside` stands beside the title. */
export function sizesView(
  forms: readonly Form[],
  numbers: Numbers,
  asTable: boolean,
  toggle: () => void,
  aside: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const raw = forms[0]?.bytes ?? 0;
  const title = S.sizes.title(unitFor(raw).unit);
  return html`<section aria-label=${title}>
    <div class="section-head"><h3>${title}</h3>${aside}<span class="grow"></span>${twinButton(asTable, title, toggle)}</div>
    ${asTable ? sizesTable(forms, raw, numbers) : sizesBars(forms, raw, numbers)}
  </section>`;
}
