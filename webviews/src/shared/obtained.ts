import type { Obtained } from '@espalier/protocol';
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Numbers } from './numbers.js';
import { HOW } from './words.js';

const MARKS = {
  exact: svg`<path d="M1.5 3.5h5M1.5 6h5"/>`,
  sampled: svg`<path d="M1 3.8c1.5-1.5 4 1.2 6-.3M1 6.5c1.5-1.5 4 1.2 6-.3"/>`,
};

/** Small text that says how the figures beside it were obtained, with its explanation on hover and focus. */
export function how(obtained: Obtained, numbers: Numbers): TemplateResult {
  if (obtained.kind === 'exact') return mark('exact', HOW.exact, HOW.exactWhy);
  const percent = numbers.fixed(obtained.error * 100, 1);
  return mark('sampled', HOW.sampled(percent), HOW.sampledWhy(numbers.percent(obtained.share, 1)));
}

/** The same place while not everything was read: `14 of 21 layers`. */
export const howFar = (text: string, why: string): TemplateResult => mark(null, text, why);

function mark(kind: keyof typeof MARKS | null, text: string, why: string): TemplateResult {
  const drawing = kind === null ? nothing : html`<svg viewBox="0 0 8 9" aria-hidden="true">${MARKS[kind]}</svg>`;
  return html`<span class="how" role="note" tabindex="0" aria-label="${text}. ${why}" title=${why}>${drawing}${text}</span>`;
}
