import { html, type TemplateResult } from 'lit';
import { css } from '../shared/styles.js';
import { type Rgb, rgbText, theme } from '../shared/theme.js';
import { magnitudeColours, mix, signedColours } from './colourMap.js';
import type { Look } from './shade.js';

/** A colour bar for a look. */
export function legendBar(look: Exclude<Look, { kind: 'mask' }>): TemplateResult {
  const { dark, paper, ink, zero } = theme();
  const colours: readonly Rgb[] =
    look.kind === 'magnitude'
      ? magnitudeColours(dark)
      : look.kind === 'signed'
        ? signedColours(dark)
        : [mix(paper, ink, 0.09), mix(mix(paper, ink, 0.09), zero, 0.15), zero];
  const count = Math.min(24, colours.length);
  const stops = Array.from({ length: count }, (_, i) =>
    rgbText(colours[Math.round((i / (count - 1)) * (colours.length - 1))]!),
  );
  return html`<span class="legend-bar" ${css({ background: `linear-gradient(to right, ${stops.join(', ')})` })}></span>`;
}

/** The swatch of exact zeros, hatched as in the map. */
export const zeroSwatch = (): TemplateResult => html`<i class="swatch hatched"></i>`;
