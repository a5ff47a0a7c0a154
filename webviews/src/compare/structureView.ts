import type { StructureDiff } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { visibleName } from '../shared/fitName.js';
import { type IconName, icon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { headingTemplate, shapeText } from '../shared/tensorCells.js';
import { S } from './strings.js';
import { type StructureRow, structureCounts, structureRows } from './structure.js';

const ICONS: Record<StructureRow['kind'], IconName> = {
  added: 'plus',
  removed: 'minus',
  renamed: 'arrow',
  reshaped: 'resize',
  retyped: 'type',
};

/** What differs in names, types and shapes; always also in words. */
export function structureView(diff: StructureDiff, tensors: number, numbers: Numbers): TemplateResult {
  const T = S.structure;
  const rows = structureRows(diff);
  const counts = structureCounts(diff);
  const kinds = (['added', 'removed', 'renamed', 'reshaped', 'retyped'] as const).filter((kind) => counts[kind] > 0);
  return html`<section class="structure" aria-label=${T.title}>
    <div class="structure-head">
      <h2 class="small-title">${T.title}</h2>
      <span class="quiet small-text"
        >${rows.length === 0 ? T.same(numbers.integer(tensors)) : kinds.map((kind) => T.counts[kind](numbers.integer(counts[kind]))).join(', ')}</span
      >
      ${how({ kind: 'exact' }, numbers)}
    </div>
    ${
      rows.length === 0
        ? nothing
        : html`<div class="structure-rows scroll" role="list" tabindex=${rows.length > 6 ? 0 : nothing} aria-label=${T.title}>
            ${rows.map((row) => line(row, numbers))}
          </div>`
    }
  </section>`;
}

function line(row: StructureRow, numbers: Numbers): TemplateResult {
  const words = S.structure.words[row.kind];
  return html`<div class="structure-row ${row.kind}" role="listitem">
    ${icon(ICONS[row.kind])}<span class="structure-name" title=${visibleName(row.name)}>${headingTemplate(row.name)}</span
    ><span class="structure-words">${words} <span class="faint">·</span> ${details(row, numbers)}</span>
  </div>`;
}

function details(row: StructureRow, numbers: Numbers): TemplateResult | string {
  const T = S.structure;
  switch (row.kind) {
    case 'added':
    case 'removed':
      return T.values(row.dtype, numbers.integer(row.elements));
    case 'renamed':
      return T.was(row.before, row.how);
    case 'reshaped':
      return html`<span class="num">${T.change(shapeText(row.before), shapeText(row.after))}</span>`;
    case 'retyped':
      return html`<span class="num">${T.change(row.before, row.after)}</span>`;
  }
}
