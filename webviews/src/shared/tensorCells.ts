import type { Role } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import { fitName, visibleName } from './fitName.js';
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

let pen: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

/** Pixels of a text in the font of the page's tables. */
function widthOf(text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    if (pen === null) {
      pen = document.createElement('canvas').getContext('2d')!;
      const { fontSize, fontFamily } = getComputedStyle(document.body);
      pen.font = `${fontSize} ${fontFamily}`;
    }
    width = pen.measureText(text).width;
    // Names of one file come again and again while a table scrolls; those of many files need not be kept.
    if (widths.size > 20_000) widths.clear();
    widths.set(text, width);
  }
  return width;
}

/** The role's icon beside a name, with the gap after it. */
const ICON_WIDTH = 22;

/**
 * A name with everything but its module dimmed. It is said whole; seen, its middle gives way when the column, `room` pixels
 * wide with the icon, is too narrow for it.
 */
export function nameTemplate(name: string, room?: number): TemplateResult {
  const seen = visibleName(name);
  const { prefix, module, suffix } = room === undefined ? nameParts(seen) : fitName(seen, room - ICON_WIDTH, widthOf);
  return html`<span class="name"
    ><span class="visually-hidden">${seen}</span
    ><span class="prefix" aria-hidden="true">${prefix}</span
    ><span class="module" aria-hidden="true">${module}</span
    ><span class="suffix" aria-hidden="true">${suffix}</span></span
  >`;
}

/** The same where there is room: one run of text, which can be selected and copied. */
export function headingTemplate(name: string): TemplateResult {
  const { prefix, module, suffix } = nameParts(visibleName(name));
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
