import type { CheckedLimit } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import { severityIcon } from '../shared/icons.js';
import { S } from './strings.js';

/** How the output stands to each limit of the recipe's budget. */
export function limitsList(limits: readonly CheckedLimit[]): TemplateResult {
  const mark = (verdict: CheckedLimit['verdict']): TemplateResult =>
    severityIcon(verdict === 'broken' ? 'warning' : 'information', S.limits.verdicts[verdict]);
  return html`<ul class="risks" aria-label=${S.limits.label}>
    ${limits.map(
      ({ verdict, message }) =>
        html`<li>${mark(verdict)} <span class="wrap"><span class="quiet">${S.limits.verdicts[verdict]}:</span> ${message}</span></li>`,
    )}
  </ul>`;
}
