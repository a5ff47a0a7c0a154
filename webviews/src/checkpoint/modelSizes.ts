import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { howFar } from '../shared/obtained.js';
import type { Row } from './rows.js';
import { type Form, gzipForm, sizesView } from './sizes.js';
import type { Gzip } from './state.js';
import { S } from './strings.js';
import type { Totals } from './totals.js';

/**
 * The whole model in each form. A tensor that has no such form keeps its bytes, and so does one whose values were not read; 2:4 holds only
 * tensors that lose nothing by it. Tensors that share their bytes with an earlier one are counted once, as in the file.
 */
export function modelForms(rows: readonly Row[], sums: Totals, numbers: Numbers, gzip: Gzip | null): Form[] {
  const own = rows.filter(({ head }) => head.sharesStorageWith === undefined);
  const sizes = own.map(({ head, values }) =>
    values.kind === 'read'
      ? values.stats.sizes
      : { raw: head.bytes, csr: head.bytes, bitmask: head.bytes, packed24: null },
  );
  const sum = (of: (each: (typeof sizes)[number]) => number): number =>
    sizes.reduce((total, each) => total + of(each), 0);
  const divided = sizes.filter(({ packed24 }) => packed24 !== null);
  const fitting = divided.filter(({ packed24 }) => packed24!.fits === 1);
  const { obtained } = sums;
  const M = S.modelSizes;
  return [
    { name: S.sizes.raw, bytes: sum(({ raw }) => raw), obtained: { kind: 'exact' } },
    gzipForm(gzip ?? undefined),
    { name: S.sizes.csr, bytes: sum(({ csr }) => csr), obtained },
    { name: S.sizes.bitmask, bytes: sum(({ bitmask }) => bitmask), obtained },
    {
      name: S.sizes.packed24,
      bytes: fitting.length === 0 ? null : sum(({ packed24, raw }) => (packed24?.fits === 1 ? packed24.bytes : raw)),
      note: {
        text: M.fitting(numbers.integer(fitting.length), numbers.integer(divided.length)),
        why: M.fittingWhy,
      },
    },
  ];
}

/** What stands in the sheet of sizes. */
export function modelSizes(
  rows: readonly Row[],
  sums: Totals,
  gzip: Gzip | null,
  numbers: Numbers,
  asTable: boolean,
  toggle: () => void,
): TemplateResult {
  const count = S.page.someTensors(numbers.integer(sums.read), numbers.integer(sums.valued));
  const aside = sums.read < sums.valued ? howFar(count, S.modelSizes.unread) : nothing;
  return html`${sizesView(modelForms(rows, sums, numbers, gzip), numbers, asTable, toggle, aside)}
    <p class="quiet small-text">${S.modelSizes.keeps}</p>`;
}
