import type { Role } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import { type IconName, icon } from './icons.js';
import { nameParts } from './nameParts.js';
import type { Numbers } from './numbers.js';
import { ROLES, SCALAR } from './words.js';

const ROLE_ICONS: Record<Role, IconName> = {
  conv: 'convolution',
  'depthwise-conv': 'convolution',
  'transposed-conv': 'convolution',
  linear: 'linear',
  embedding: 'embedding',
  recurrent: 'recurrent',
  attention: 'attention',
  norm: 'norm',
  bias: 'bias',
  statistic: 'norm',
  position: 'embedding',
  scale: 'bias',
  index: 'bias',
  optimizer: 'file',
  constant: 'bias',
  text: 'text',
  other: 'bias',
};

export const roleIcon = (role: Role): TemplateResult => icon(ROLE_ICONS[role], { label: ROLES[role] });

/** A name with everything but its module dimmed. It is said whole; seen, its prefix gives way first when room is short. */
export function nameTemplate(name: string): TemplateResult {
  const { prefix, module, suffix } = nameParts(name);
  return html`<span class="name"
    ><span class="visually-hidden">${name}</span
    ><span class="prefix" aria-hidden="true">${prefix}</span
    ><span class="module" aria-hidden="true">${module}</span
    ><span class="suffix" aria-hidden="true">${suffix}</span></span
  >`;
}

/** The same where there is room: one run of text, which can be selected and copied. */
export function headingTemplate(name: string): TemplateResult {
  const { prefix, module, suffix } = nameParts(name);
  return html`<span class="prefix">${prefix}</span>${module}<span class="suffix">${suffix}</span>`;
}

export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? SCALAR : shape.join('×');
}

/** `44.9`; a bare `0` and `100` are padded, so that the columns of digits stay aligned. */
export function alignedPercent(part: number, whole: number, numbers: Numbers): string {
  const text = numbers.percent(part, whole);
  return /\D/.test(text) ? text : `${text}\u00a0\u00a0`;
}

export type SkeletonWidth = 'full' | 'w20' | 'w26' | 'w32' | 'w44';

/** Where a figure will be. It breathes slowly, and stands still under reduced motion. */
export const skeleton = (width: SkeletonWidth): TemplateResult => html`<i class="skeleton ${width}"></i>`;
