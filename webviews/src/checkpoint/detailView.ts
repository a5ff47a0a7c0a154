import type { Finding, TensorHead } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { faultDetails } from '../shared/faultView.js';
import { visibleName } from '../shared/fitName.js';
import { icon, severityIcon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { headingTemplate } from '../shared/tensorCells.js';
import { SEVERITY } from '../shared/words.js';
import { spokenFinding } from './findings.js';
import type { Row } from './rows.js';
import { S } from './strings.js';

/** Name, type and shape, description. */
export function detailHead(row: Row, step: (by: 1 | -1) => void): TemplateResult {
  const { head } = row;
  return html`<div class="detail-head">
      <h2 title=${visibleName(head.name)}>${headingTemplate(head.name)}</h2>
      <span class="grow"></span>
      <button class="icon-button" type="button" aria-label=${S.detail.previous} title=${S.detail.previous} @click=${() => step(-1)}>
        ${icon('up')}
      </button>
      <button class="icon-button" type="button" aria-label=${S.detail.next} title=${S.detail.next} @click=${() => step(1)}>
        ${icon('down')}
      </button>
    </div>
    <div class="sub">
      <span class="num">${head.dtype} [${head.shape.join(', ')}]</span>
      <span>${[head.description, ...asides(head)].filter(Boolean).join(' · ')}</span>
    </div>`;
}

function asides(head: TensorHead): string[] {
  const D = S.detail;
  return [
    ...(head.storage === head.dtype ? [] : [D.stored(head.storage)]),
    ...(head.sharesStorageWith === undefined ? [] : [D.shares(head.sharesStorageWith)]),
    ...(head.packedFrom === undefined || head.packedFrom.length === 0 ? [] : [D.packed(head.packedFrom.join(', '))]),
  ];
}

/** How many dead channels a sentence names. */
const NAMED = 4;

/** What was found in this tensor, one sentence each. Dead output channels are named. */
export function detailFindings(row: Row, explain: (code: string) => void): TemplateResult[] {
  const { findings, values } = row;
  const dead = values.kind === 'read' ? values.stats.deadOutputs : [];
  const list = (finding: Finding): TemplateResult | typeof nothing =>
    dead.length > 0 && finding.code.endsWith('dead-channels')
      ? html`: <span class="num">${S.detail.deadList(dead.slice(0, NAMED).join(', '), dead.length > NAMED)}</span>`
      : nothing;
  return findings.map((finding) => {
    const { text } = spokenFinding(finding);
    const named = list(finding);
    return html`<div class="say">
      ${severityIcon(finding.severity, SEVERITY[finding.severity])}
      <span
        >${text.replace(/\.$/, '')}${named}${named !== nothing && dead.length > NAMED ? nothing : '.'}
        <button class="link" type="button" @click=${() => explain(finding.code)}>${S.findings.explain}</button></span
      >
    </div>`;
  });
}

/** In place of figures: why there are none, and what can be done. */
export function detailWithoutValues(
  row: Row,
  reading: boolean,
  complete: number,
  numbers: Numbers,
  act: { readonly read: () => void; readonly showHeader: () => void },
): TemplateResult {
  const { values } = row;
  switch (values.kind) {
    case 'fault':
      return html`${complete > 0 ? html`<div class="say"><span>${S.detail.others(numbers.integer(complete))}</span></div>` : nothing}
        ${faultDetails(values.fault, numbers)}
        <p class="buttons">
          <button class="button" type="button" @click=${act.showHeader}>${S.detail.header}</button>
        </p>`;
    case 'none':
      return html`<div class="centred tall"><span>${S.table.noValues[values.why] ?? values.why}</span></div>`;
    case 'unread':
      return html`<div class="centred tall">
        <span>${S.detail.unread}</span>
        <span><button class="button" type="button" @click=${act.read}>${reading ? S.detail.readNext : S.detail.readNow}</button></span>
      </div>`;
    case 'read':
      return html``;
  }
}
