import { type LayerChange, type Plan, SENSITIVITY_RATIOS } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import { nameTemplate } from '../shared/tensorCells.js';
import { S } from './strings.js';

const percent = (part: number, whole: number, numbers: Numbers): string =>
  whole === 0 ? '–' : numbers.percent(part, whole);

/** Layers that a step takes, with a bar for the zeros afterwards. */
export function layersTable(layers: readonly LayerChange[], numbers: Numbers): TemplateResult {
  const L = S.layers;
  const H = L.heads;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${L.label}><table class="report-table wide" aria-label=${L.label}>
    <thead>
      <tr>
        <th scope="col">${H.name}</th>
        <th scope="col" class="left">${H.shape}</th>
        <th scope="col">${H.before}</th>
        <th scope="col">${H.after}</th>
        <th scope="col" class="bar-head"><span class="visually-hidden">${H.after}</span></th>
        <th scope="col">${H.energy}</th>
        <th scope="col" class="left">${H.patterns}</th>
      </tr>
    </thead>
    <tbody>
      ${layers.map(
        (layer) => html`<tr>
          <th scope="row" title=${layer.name}>${nameTemplate(layer.name)}</th>
          <td class="num quiet left">${layer.shape.after.join('×')}</td>
          <td class="num quiet">${percent(layer.zeros.before, layer.elements.before, numbers)}</td>
          <td class="num">${percent(layer.zeros.after, layer.elements.after, numbers)}</td>
          <td><span class="meter"><i ${css({ width: `${(100 * layer.zeros.after) / Math.max(1, layer.elements.after)}%` })}></i></span></td>
          <td class="num">${layer.energyKept === null ? '–' : numbers.percent(layer.energyKept, 1)}</td>
          <td class="left">${layer.patterns.join(' ')}</td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** Tensors that stay as they are, with the reason. */
export function othersTable(layers: readonly LayerChange[]): TemplateResult {
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${S.layers.othersLabel}><table class="report-table wide">
    <thead>
      <tr><th scope="col">${S.layers.heads.name}</th><th scope="col" class="left">${S.layers.why}</th></tr>
    </thead>
    <tbody>
      ${layers.map((layer) => html`<tr><th scope="row" title=${layer.name}>${nameTemplate(layer.name)}</th><td class="left quiet">${layer.leftAlone}</td></tr>`)}
    </tbody>
  </table></div>`;
}

/** How much of each layer's energy goes with its smallest weights. */
export function sensitivityTable(
  { sensitivity }: Pick<Plan, 'sensitivity'>,
  numbers: Numbers,
): TemplateResult | typeof nothing {
  if (sensitivity.length === 0) return nothing;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${S.sensitivity.label}><table class="report-table wide" aria-label=${S.sensitivity.label}>
    <thead>
      <tr>
        <th scope="col">${S.sensitivity.layer}</th>
        ${SENSITIVITY_RATIOS.map((ratio) => html`<th scope="col">${S.sensitivity.at(numbers.integer(ratio * 100))}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${sensitivity.map(
        ({ name, energyLost }) => html`<tr>
          <th scope="row" title=${name}>${nameTemplate(name)}</th>
          ${energyLost.map((share) => html`<td class="num">${numbers.percent(share, 1)}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}
