import type { RuntimeRow } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { howFigure } from '../shared/obtained.js';
import { S } from './strings.js';

/** Runtimes and what they make of the zeros, those that gain nothing as well. */
export function runtimesTable(rows: readonly RuntimeRow[], numbers: Numbers): TemplateResult {
  const { heads, label } = S.runtimes;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${label}><table class="report-table wide runtimes" aria-label=${label}>
    <thead>
      <tr>
        <th scope="col">${heads.runtime}</th>
        <th scope="col" class="left">${heads.pattern}</th>
        <th scope="col">${heads.gain}</th>
        <th scope="col" class="left">${heads.how}</th>
        <th scope="col" class="left">${heads.why}</th>
        <th scope="col" class="left">${heads.source}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({
          runtime,
          version,
          pattern,
          dtype,
          condition,
          gain,
          why,
          source,
          date,
        }) => html`<tr class=${gain !== null && gain.value > 1 ? '' : 'quiet'}>
          <th scope="row" title=${version}>${runtime}</th>
          <td class="left" title=${condition}>${pattern}, ${dtype}</td>
          <td class="num">${gain === null ? '–' : `${numbers.fixed(gain.value, 1)}x`}</td>
          <td class="left">${gain === null ? '' : howFigure(gain.how, numbers)}</td>
          <td class="left wrap">${why}</td>
          <td class="left wrap quiet">${source}${date === '' ? '' : ` (${date})`}</td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}
