import type { DeviceTotal } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { howFigure } from '../shared/obtained.js';
import { css } from '../shared/styles.js';
import { S } from './strings.js';

/** Estimated time on each device before and after, with a bar for what is left of it. */
export function devicesTable(devices: readonly DeviceTotal[], numbers: Numbers): TemplateResult {
  const { heads, label, bound, skipping } = S.devices;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${label}><table class="report-table wide" aria-label=${label}>
    <thead>
      <tr>
        <th scope="col">${heads.device}</th>
        <th scope="col" class="bar-head"><span class="visually-hidden">${heads.after}</span></th>
        <th scope="col">${heads.before}</th>
        <th scope="col">${heads.after}</th>
        <th scope="col">${heads.gain}</th>
        <th scope="col" class="left">${heads.how}</th>
        <th scope="col" class="left">${heads.bound}</th>
        <th scope="col" class="left">${heads.skips}</th>
      </tr>
    </thead>
    <tbody>
      ${devices.map(
        (device) => html`<tr>
          <th scope="row" title=${device.sources.join('; ')}>${device.label}</th>
          <td aria-hidden="true"><span class="meter"><i class="estimate" ${css({ width: `${(100 * device.afterMs.value) / device.beforeMs.value}%` })}></i></span></td>
          <td class="num quiet">${numbers.value(device.beforeMs.value)}</td>
          <td class="num">${numbers.value(device.afterMs.value)}</td>
          <td class="num">${numbers.fixed(device.beforeMs.value / device.afterMs.value, 1)}x</td>
          <td class="left">${howFigure(device.afterMs.how, numbers)}</td>
          <td class="left">
            ${Object.entries(device.boundBy)
              .map(([what, count]) => bound(what, numbers.integer(count ?? 0)))
              .join(', ')}
          </td>
          <td class="left">${skipping(numbers.integer(device.sparse.layers), numbers.integer(device.sparse.of))}</td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}
