import type { LayerChange, LayerQuantization } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { nameTemplate } from '../shared/tensorCells.js';
import { S } from './strings.js';

/** Layers that are stored with few bits, and what each loses. */
export function quantizationTable(layers: readonly LayerChange[], numbers: Numbers): TemplateResult {
  const Q = S.quantization;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${Q.label}><table class="report-table wide" aria-label=${Q.label}>
    <thead>
      <tr>
        <th scope="col">${Q.heads.layer}</th>
        <th scope="col" class="left">${Q.heads.scheme}</th>
        <th scope="col" class="left">${Q.heads.scale}</th>
        <th scope="col">${Q.heads.bits}</th>
        <th scope="col">${Q.heads.sqnr}</th>
        <th scope="col">${Q.heads.cosine}</th>
        <th scope="col">${Q.heads.largest}</th>
        <th scope="col">${Q.heads.clipped}</th>
        <th scope="col" class="left" title=${Q.rangesHelp}>${Q.heads.ranges}</th>
      </tr>
    </thead>
    <tbody>
      ${layers.flatMap(({ name, quantization: q }) =>
        q === undefined
          ? []
          : [
              html`<tr>
                <th scope="row" title=${name}>${nameTemplate(name)}</th>
                <td class="left scheme">${q.scheme}</td>
                <td class="left quiet">${q.granularity}</td>
                <td class="num">${numbers.fixed(q.bitsPerWeight, 2)}</td>
                <td class="num">${q.sqnrDb === null ? '–' : q.sqnrDb === 'inf' ? Q.exact : numbers.fixed(q.sqnrDb, 1)}</td>
                <td class="num">${q.cosine === null ? '–' : numbers.fixed(q.cosine, 5)}</td>
                <td class="num quiet">${numbers.value(q.maxAbsError)}</td>
                <td class="num quiet">${numbers.percent(q.clippedShare, 1)}</td>
                <td class="left quiet ranges">${q.ranges === undefined ? '–' : rangesOf(q.ranges, numbers)}</td>
              </tr>`,
            ],
      )}
    </tbody>
  </table></div>`;
}

/** What each way of choosing the range keeps, the best in bold. */
function rangesOf({ sqnrDb, best }: NonNullable<LayerQuantization['ranges']>, numbers: Numbers): TemplateResult {
  const text = (db: LayerQuantization['sqnrDb']): string =>
    db === null ? '–' : db === 'inf' ? S.quantization.exact : numbers.fixed(db, 1);
  return html`${Object.entries(sqnrDb).map(([method, db], i) => {
    const own = `${method} ${text(db)}`;
    return html`${i === 0 ? '' : ' · '}${method === best ? html`<strong>${own}</strong>` : own}`;
  })}`;
}
