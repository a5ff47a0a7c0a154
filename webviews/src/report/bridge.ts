import type { BridgeStep } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import { S } from './strings.js';

/** What was reached and what zeros promise, as factors; null where they are about the same. */
export function bridgeQuestion(steps: readonly BridgeStep[], numbers: Numbers): string | null {
  const [before, after] = [steps[0], steps[steps.length - 1]];
  const ideal = steps.find(({ kind }) => kind === 'ideal');
  if (before === undefined || after === undefined || ideal === undefined || ideal.ms <= 0) return null;
  const [reached, promised] = [before.ms / after.ms, before.ms / ideal.ms];
  if (promised < reached * 1.05) return null;
  return S.bridge.question(numbers.fixed(reached, 1), numbers.fixed(promised, 1));
}

/** From the time before to the time after: what zeros promise, then each loss where the one before it ended. The bars repeat the figures beside them. */
export function bridgeTable(steps: readonly BridgeStep[], asTable: boolean, numbers: Numbers): TemplateResult {
  const most = Math.max(...steps.map(({ ms }) => ms));
  let reached = 0;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${S.bridge.label}><table class="report-table bridge" aria-label=${S.bridge.label}>
    <thead>
      <tr>
        <th scope="col">${S.bridge.heads.step}</th>
        ${asTable ? '' : html`<th scope="col" class="bar-head"><span class="visually-hidden">${S.bridge.heads.ms}</span></th>`}
        <th scope="col">${S.bridge.heads.ms}</th>
      </tr>
    </thead>
    <tbody>
      ${steps.map(({ label, ms, kind }, i) => {
        const begin = kind === 'loss' ? reached : 0;
        reached = kind === 'loss' ? reached + ms : ms;
        const which = kind === 'end' ? (i === 0 ? 'before' : 'after') : kind;
        const bar = html`<td class="stairs" aria-hidden="true">
          <i class=${which} ${css({ left: `${(100 * begin) / most}%`, width: `${Math.max(0.3, (100 * ms) / most)}%` })}></i>
        </td>`;
        return html`<tr class=${kind}>
          <th scope="row">${kind === 'loss' ? `+ ${label}` : label}</th>
          ${asTable ? '' : bar}
          <td class="num">${kind === 'loss' ? '+' : ''}${numbers.value(ms)}</td>
        </tr>`;
      })}
    </tbody>
  </table></div>`;
}
