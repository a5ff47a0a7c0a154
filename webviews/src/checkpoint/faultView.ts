import type { Fault } from '@espalier/base';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { S } from './strings.js';

/** Where and what: the numbers that explain a fault, as far as it has them. */
export function faultDetails(fault: Fault, numbers: Numbers): TemplateResult {
  const figure = (value: string | number): string => (typeof value === 'number' ? numbers.integer(value) : value);
  const lines: (readonly [string, string])[] = [];
  if (fault.file !== undefined) lines.push([S.fault.file, fault.file]);
  if (fault.offset !== undefined) lines.push([S.fault.offset, numbers.integer(fault.offset)]);
  if (fault.expected !== undefined) lines.push([S.fault.expected, figure(fault.expected)]);
  if (fault.found !== undefined) lines.push([S.fault.found, figure(fault.found)]);
  lines.push([S.fault.code, fault.code]);
  return html`<dl class="statistics fault-details">
      ${lines.map(([label, value]) => html`<dt>${label}</dt><dd class="num">${value}</dd>`)}
    </dl>
    ${fault.hint === undefined ? nothing : html`<p class="hint">${fault.hint}</p>`}`;
}

/** The page of a file that cannot be read at all. */
export function faultPage(
  fault: Fault,
  numbers: Numbers,
  act: { readonly again: () => void; readonly explain: () => void },
): TemplateResult {
  return html`<main class="fault-page">
    <h2>${icon('error', { tone: 'error' })} ${S.fault.title}</h2>
    <p>${fault.message}</p>
    ${faultDetails(fault, numbers)}
    <p class="buttons">
      <button class="button" type="button" @click=${act.again}>${S.fault.again}</button>
      <button class="button" type="button" @click=${act.explain}>${S.fault.explain}</button>
    </p>
  </main>`;
}
