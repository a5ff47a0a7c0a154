import type { MatrixLayout } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import { MAPS } from '../shared/words.js';

/** The layouts as choices; short words where there is little room. `hasChannels`: the tensor has output channels. */
export function layoutOptions(
  hasChannels: boolean,
): { value: MatrixLayout; label: TemplateResult; title: string; disabled?: boolean }[] {
  const label = ({ long, short }: { readonly long: string; readonly short: string }): TemplateResult =>
    html`<span class="long-word">${long}</span><span class="short-word">${short}</span>`;
  return [
    { value: 'kernel', label: label(MAPS.kernel), title: MAPS.kernelTitle },
    { value: 'channel', label: label(MAPS.channel), title: MAPS.channelTitle, disabled: !hasChannels },
    { value: 'raw', label: label(MAPS.raw), title: MAPS.rawTitle },
  ];
}
