import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

/** Line drawings on 16 × 16, one pixel wide, in the colour of the text. */
const DRAWINGS = {
  warning: svg`<path d="M8 2.2 14.3 13.5H1.7zM8 6.3v3.6"/><path d="M8 11.4v.4" stroke-width="1.3"/>`,
  error: svg`<circle cx="8" cy="8" r="6"/><path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>`,
  information: svg`<circle cx="8" cy="8" r="6"/><path d="M8 7.3v3.7"/><path d="M8 4.9v.3" stroke-width="1.3"/>`,
  close: svg`<path d="m3.8 3.8 8.4 8.4m0-8.4-8.4 8.4"/>`,
  filter: svg`<path d="M2 3.5h12M4.5 7.5h7M6.5 11.5h3"/>`,
  table: svg`<path d="M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6"/>`,
  chart: svg`<path d="M2.5 2.5v11h11M5.5 11.5v-3M8.5 11.5v-6M11.5 11.5v-4"/>`,
  more: svg`<g fill="currentColor"><circle cx="3.5" cy="8" r=".7"/><circle cx="8" cy="8" r=".7"/><circle cx="12.5" cy="8" r=".7"/></g>`,
  compare: svg`<path d="M2.5 2.5h4v11h-4zM9.5 2.5h4v11h-4z"/><path d="M4 6h1M4 8.5h1M11 6h1M11 8.5h1"/>`,
  export: svg`<path d="M8 9.5v-7M5.3 5 8 2.3 10.7 5M2.5 9v4.5h11V9"/>`,
  plus: svg`<path d="M8 3v10M3 8h10"/>`,
  minus: svg`<path d="M3 8h10"/>`,
  fit: svg`<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>`,
  up: svg`<path d="M3.5 10 8 5.5l4.5 4.5"/>`,
  down: svg`<path d="M3.5 6 8 10.5 12.5 6"/>`,
  left: svg`<path d="M10 3.5 5.5 8l4.5 4.5"/>`,
  right: svg`<path d="M6 3.5 10.5 8 6 12.5"/>`,
  arrow: svg`<path d="M2.5 8h11M9.5 4l4 4-4 4"/>`,
  swap: svg`<path d="M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3"/>`,
  reload: svg`<path d="M13 8a5 5 0 1 1-1.6-3.7L13 5.8M13 2.5v3.3H9.7"/>`,
  keyboard: svg`<path d="M1.5 4.5h13v7h-13z"/><path d="M4 7h.2M6.6 7h.2M9.2 7h.2M11.8 7h.2M5 9.3h6"/>`,
  resize: svg`<path d="M2.5 2.5h11v11h-11z" stroke-dasharray="2 1.5"/><path d="M2.5 7.5h6v6h-6z"/>`,
  type: svg`<path d="M3 3.5h10M8 3.5v9M6 12.5h4"/>`,
  convolution: svg`<path d="M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11M6.2 2.5v11M9.8 2.5v11"/>`,
  linear: svg`<path d="M4 4l8 1.5M4 4l8 6.5M4 12l8-6.5M4 12l8-1.5"/><circle cx="3" cy="4" r="1"/><circle cx="3" cy="12" r="1"/><circle cx="13" cy="5.5" r="1"/><circle cx="13" cy="10.5" r="1"/>`,
  embedding: svg`<path d="M2.5 3.5h4v9h-4zM2.5 6.5h4M2.5 9.5h4M8 8h5.5M11.2 5.7 13.5 8l-2.3 2.3"/>`,
  recurrent: svg`<path d="M4 11.5a4.5 4.5 0 1 1 8 0M12.7 9l-.7 2.6-2.6-.7"/>`,
  attention: svg`<circle cx="8" cy="3.5" r="1.5"/><circle cx="3.5" cy="12" r="1.5"/><circle cx="12.5" cy="12" r="1.5"/><path d="M7.3 4.9 4.3 10.7M8.7 4.9l3 5.8M5 12h6"/>`,
  norm: svg`<path d="M1.5 12.5c4 0 3.5-9 6.5-9s2.500 9 6.500 9"/>`,
  bias: svg`<path d="M6.5 2.5h3v11h-3zM6.5 6.2h3M6.5 9.8h3"/>`,
  text: svg`<path d="M3 4h10M3 7h10M3 10h6"/>`,
  file: svg`<path d="M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof DRAWINGS;

/** A drawing. With `label` it speaks for itself; without, it stands beside words and is silent. */
export function icon(name: IconName, look: { readonly tone?: string; readonly label?: string } = {}): TemplateResult {
  const { tone = '', label } = look;
  return label === undefined
    ? html`<svg class="i ${tone}" viewBox="0 0 16 16" aria-hidden="true">${DRAWINGS[name]}</svg>`
    : html`<svg class="i ${tone}" viewBox="0 0 16 16" role="img" aria-label=${label}>
        ${label === '' ? nothing : svg`<title>${label}</title>`}${DRAWINGS[name]}
      </svg>`;
}

/** Icon and colour of a severity; the words beside it carry the same meaning. */
export function severityIcon(severity: 'error' | 'warning' | 'information', label: string): TemplateResult {
  return icon(severity, { tone: { error: 'error', warning: 'warning', information: 'quiet' }[severity], label });
}
