import { html, nothing, type TemplateResult } from 'lit';
import { visibleName } from '../shared/fitName.js';
import { icon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import { alignedPercent, nameTemplate, roleIcon, type SkeletonWidth, skeleton } from '../shared/tensorCells.js';
import type { Column } from '../shared/virtualTable.js';
import type { Row } from './rows.js';
import { S } from './strings.js';

/** Largest differences have four decimals where these say something. */
export function deltaText(delta: number, numbers: Numbers): string {
  return delta === 0 ? '0' : delta >= 0.00005 && delta < 1000 ? numbers.fixed(delta, 4) : numbers.value(delta);
}

function pairCell({ diff }: Row, numbers: Numbers): TemplateResult {
  const { sparsityBefore: before, sparsityAfter: after } = diff!;
  const low = Math.min(before, after) * 100;
  const high = Math.max(before, after) * 100;
  const change = after > before ? 'more' : after < before ? 'fewer' : '';
  return html`<span class="pair"
    ><span class="figure">${alignedPercent(before, 1, numbers)}</span
    ><span class="pair-bar"
      ><i class="both" ${css({ width: `${low}%` })}></i
      >${change === '' ? nothing : html`<i class=${change} ${css({ left: `${low}%`, width: `${Math.max(high - low, 1)}%` })}></i>`}</span
    ><span class="figure">${alignedPercent(after, 1, numbers)}</span></span
  >`;
}

/** The columns of the table of values. `comparing`: differences are on their way. */
export function compareColumns(numbers: Numbers, comparing: boolean): Column<Row>[] {
  const C = S.table.columns;
  const waiting = (width: SkeletonWidth): TemplateResult =>
    comparing ? skeleton(width) : html`<span class="faint">–</span>`;
  const count = (n: number): TemplateResult | string =>
    n === 0 ? html`<span class="faint">0</span>` : numbers.integer(n);
  return [
    {
      key: 'mark',
      label: C.mark,
      hidden: true,
      cell: ({ reshaped }) =>
        reshaped ? icon('resize', { tone: 'reshaped-mark', label: S.table.reshapedMark }) : nothing,
    },
    {
      key: 'name',
      label: C.name,
      sortable: true,
      className: 'c-name',
      cell: ({ head }, room) =>
        html`<span class="name-cell" title=${visibleName(head.name)}>${roleIcon(head.role)}${nameTemplate(head.name, room)}</span>`,
    },
    {
      key: 'changed',
      label: C.changed,
      title: S.table.changedWhy,
      sortable: true,
      className: 'c-changed num right',
      cell: ({ diff }) =>
        diff === null
          ? waiting('w32')
          : html`<span class="figure">${alignedPercent(diff.changed, diff.elements, numbers)}</span>`,
    },
    {
      key: 'newZeros',
      label: C.newZeros,
      title: S.table.newZerosWhy,
      sortable: true,
      className: 'c-mask num right',
      cell: ({ head, diff }) => (!head.prunable ? nothing : diff === null ? waiting('w32') : count(diff.newZeros)),
    },
    {
      key: 'newKept',
      label: C.newKept,
      title: S.table.newKeptWhy,
      sortable: true,
      className: 'c-mask num right',
      cell: ({ head, diff }) => (!head.prunable ? nothing : diff === null ? waiting('w26') : count(diff.newKept)),
    },
    {
      key: 'zeros',
      label: C.zeros,
      sortable: true,
      className: 'c-pair num right',
      cell: (row) => (!row.head.prunable ? nothing : row.diff === null ? waiting('full') : pairCell(row, numbers)),
    },
    {
      key: 'delta',
      label: C.delta,
      title: S.table.deltaWhy,
      sortable: true,
      className: 'c-delta num right',
      cell: ({ diff }) =>
        diff === null
          ? waiting('w32')
          : diff.maxAbsDelta === 0
            ? html`<span class="faint">0</span>`
            : deltaText(diff.maxAbsDelta, numbers),
    },
  ];
}
