import type { How, Obtained } from '@espalier/protocol';
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Numbers } from './numbers.js';
import { HOW } from './words.js';

const MARKS = {
  measured: svg`<rect class="filled" x="1" y="2" width="6" height="6"/>`,
  estimate: svg`<rect x="1.5" y="2.5" width="5" height="5"/><path d="M1.5 5.5l3-3M2.5 7.5l4-4M4.5 7.5l2-2"/>`,
  published: svg`<circle cx="4" cy="5" r="2.5" stroke-dasharray="1 1"/>`,
  exact: svg`<path d="M1.5 3.5h5M1.5 6h5"/>`,
  sampled: svg`<path d="M1 3.8c1.5-1.5 4 1.2 6-.3M1 6.5c1.5-1.5 4 1.2 6-.3"/>`,
};

/** Small text that says how the figures beside it were obtained, with its explanation on hover and focus. */
export function how(obtained: Obtained, numbers: Numbers): TemplateResult {
  if (obtained.kind === 'exact') return mark('exact', HOW.exact, HOW.exactWhy);
  const percent = numbers.fixed(obtained.error * 100, 1);
  return mark('sampled', HOW.sampled(percent), HOW.sampledWhy(numbers.percent(obtained.share, 1)));
}

/** The same of a figure that may have been timed, estimated or published. */
export function howFigure(figure: How, numbers: Numbers): TemplateResult {
  switch (figure.kind) {
    case 'exact':
      return mark('exact', HOW.exact, HOW.exactWhy);
    case 'sampled':
      return mark('sampled', HOW.sampled(numbers.fixed(figure.error * 100, 1)), HOW.sampledPart);
    case 'measured': {
      const spread = numbers.fixed(figure.spread * 100, 1);
      return mark('measured', HOW.measured(numbers.integer(figure.runs), spread), HOW.measuredWhy(figure.baseline));
    }
    case 'estimate': {
      const error = figure.error === undefined ? null : numbers.fixed(figure.error * 100, 0);
      return mark('estimate', HOW.estimate(error), HOW.estimateWhy(figure.profile));
    }
    case 'published':
      return mark('published', HOW.published, figure.source);
  }
}

/** The same place while not everything was read: `14 of 21 layers`. */
export const howFar = (text: string, why: string): TemplateResult => mark(null, text, why);

function mark(kind: keyof typeof MARKS | null, text: string, why: string): TemplateResult {
  const drawing = kind === null ? nothing : html`<svg viewBox="0 0 8 9" aria-hidden="true">${MARKS[kind]}</svg>`;
  return html`<span class="how" role="note" tabindex="0" aria-label="${text}. ${why}" title=${why}>${drawing}${text}</span>`;
}
