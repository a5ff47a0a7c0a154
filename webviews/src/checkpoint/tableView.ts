import { html, nothing, type TemplateResult } from 'lit';
import { visibleName } from '../shared/fitName.js';
import { severityIcon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import {
  alignedPercent,
  nameTemplate,
  roleIcon,
  type SkeletonWidth,
  shapeText,
  skeleton,
} from '../shared/tensorCells.js';
import type { Column } from '../shared/virtualTable.js';
import { SEVERITY } from '../shared/words.js';
import { spokenFinding } from './findings.js';
import type { Pattern } from './pattern.js';
import type { Row } from './rows.js';
import { S } from './strings.js';

/** First word of the stored type: `Q4_K`, `uint8`. The whole is in the title and the detail. */
const typeText = ({ storage }: { readonly storage: string }): string => storage.split(' ', 1)[0]!;

/** Kilobytes with one decimal; what would round to nothing is less than the smallest that is written. */
export const sizeText = (bytes: number, numbers: Numbers): string =>
  bytes > 0 && bytes < 50 ? `<${numbers.fixed(0.1, 1)}` : numbers.fixed(bytes / 1000, 1);

export function patternTemplate(pattern: Pattern, numbers: Numbers): TemplateResult {
  // A share that is written 100 must be one.
  const whole = (share: number): string =>
    share === 1 ? numbers.integer(100) : numbers.integer(Math.min(99, Math.floor(share * 100)));
  switch (pattern.kind) {
    case 'groups':
      return html`<span title=${S.pattern.groupsWhy}>${S.pattern.groups(pattern.name, pattern.strict ? null : whole(pattern.share))}</span>`;
    case 'rows':
      return html`<span title=${S.pattern.rowsWhy}>${S.pattern.rows(whole(pattern.share))}</span>`;
    case 'blocks':
      return html`<span title=${S.pattern.blocksWhy}>${S.pattern.blocks(pattern.name, whole(pattern.share))}</span>`;
  }
}

/** Cells that need values breathe while these are being read, and say `–` when nobody reads any more. */
function pending(reading: boolean, width: SkeletonWidth): TemplateResult | string {
  return reading ? skeleton(width) : html`<span class="faint">–</span>`;
}

function zerosCell({ head, values }: Row, reading: boolean, numbers: Numbers): TemplateResult {
  if (values.kind === 'none') return html`<span class="figure faint">–</span>`;
  if (values.kind !== 'read') {
    if (!reading) return html`<span class="figure faint">–</span>`;
    return head.prunable
      ? html`<span class="bar-cell">${skeleton('full')}${skeleton('full')}</span>`
      : html`<span class="figure">${skeleton('w26')}</span>`;
  }
  const text = head.elements === 0 ? '–' : alignedPercent(values.stats.zeros, head.elements, numbers);
  if (!head.prunable) return html`<span class="figure">${text}</span>`;
  const share = head.elements === 0 ? 0 : values.stats.zeros / head.elements;
  return html`<span class="bar-cell"
    ><span class="meter"><i ${css({ width: `${share * 100}%` })}></i></span><span class="figure">${text}</span></span
  >`;
}

/** The columns of the table. `reading`: values are on their way. */
export function tensorColumns(numbers: Numbers, reading: boolean): Column<Row>[] {
  const { columns } = S.table;
  return [
    {
      key: 'mark',
      label: columns.mark,
      hidden: true,
      cell: ({ findings: [worst] }) => {
        if (worst === undefined) return nothing;
        const { name, text } = spokenFinding(worst);
        return severityIcon(
          worst.severity,
          `${SEVERITY[worst.severity]}: ${name === null ? text : `${name}: ${text}`}`,
        );
      },
    },
    {
      key: 'name',
      label: columns.name,
      sortable: true,
      className: 'c-name',
      cell: ({ head }, room) =>
        html`<span class="name-cell" title=${visibleName(head.name)}>${roleIcon(head.role)}${nameTemplate(head.name, room)}</span>`,
    },
    {
      key: 'type',
      label: columns.type,
      sortable: true,
      className: 'c-type num',
      cell: ({ head }) => html`<span class="quiet" title=${head.storage}>${typeText(head)}</span>`,
    },
    {
      key: 'shape',
      label: columns.shape,
      sortable: true,
      className: 'c-shape num',
      cell: ({ head }) => html`<span title=${shapeText(head.shape)}>${shapeText(head.shape)}</span>`,
    },
    {
      key: 'parameters',
      label: columns.parameters,
      sortable: true,
      className: 'c-parameters num right',
      cell: ({ head }) => numbers.integer(head.elements),
    },
    {
      key: 'size',
      label: columns.size,
      sortable: true,
      className: 'c-size num right',
      cell: ({ head }) => sizeText(head.bytes, numbers),
    },
    {
      key: 'zeros',
      label: columns.zeros,
      sortable: true,
      className: 'c-zeros num right',
      cell: (row) => zerosCell(row, reading, numbers),
    },
    {
      key: 'dead',
      label: columns.dead,
      title: S.table.deadTitle,
      sortable: true,
      className: 'c-dead num right',
      cell: ({ head, values }) => {
        if (head.outputChannels === null) return nothing;
        if (values.kind === 'read') {
          const { deadOutputChannels: dead } = values.stats;
          return dead === null ? nothing : dead === 0 ? html`<span class="faint">0</span>` : numbers.integer(dead);
        }
        return values.kind === 'unread' ? pending(reading, 'w20') : nothing;
      },
    },
    {
      key: 'pattern',
      label: columns.pattern,
      title: S.table.patternTitle,
      sortable: true,
      className: 'c-pattern',
      cell: ({ head, values, pattern }) => {
        if (pattern !== null) return patternTemplate(pattern, numbers);
        return head.prunable && values.kind === 'unread' && reading ? skeleton('w44') : nothing;
      },
    },
  ];
}

/** What takes the place of the cells where there are no numbers to show, and why. */
export function tensorSentence({ values }: Row): TemplateResult | null {
  return values.kind === 'fault' ? html`<span title=${values.fault.message}>${values.fault.message}</span>` : null;
}
