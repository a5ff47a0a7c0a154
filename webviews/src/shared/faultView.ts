import type { Fault } from '@espalier/base';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icons.js';
import type { Numbers } from './numbers.js';
import { FAULT } from './words.js';

/** Where and what: the numbers that explain a fault, as far as it has them. */
export function faultDetails(fault: Fault, numbers: Numbers): TemplateResult {
  const figure = (value: string | number): string => (typeof value === 'number' ? numbers.integer(value) : value);
  const lines: (readonly [string, string])[] = [];
  if (fault.file !== undefined) lines.push([FAULT.file, fault.file]);
  if (fault.offset !== undefined) lines.push([FAULT.offset, numbers.integer(fault.offset)]);
  if (fault.expected !== undefined) lines.push([FAULT.expected, figure(fault.expected)]);
  if (fault.found !== undefined) lines.push([FAULT.found, figure(fault.found)]);
  lines.push([FAULT.code, fault.code]);
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
    <h2>${icon('error', { tone: 'error' })} ${FAULT.title}</h2>
    <p>${fault.message}</p>
    ${faultDetails(fault, numbers)}
    <p class="buttons">
      <button class="button" type="button" @click=${act.again}>${FAULT.again}</button>
      <button class="button" type="button" @click=${act.explain}>${FAULT.explain}</button>
    </p>
  </main>`;
}
