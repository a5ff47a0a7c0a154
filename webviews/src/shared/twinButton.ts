import { html, type TemplateResult } from 'lit';
import { icon } from './icons.js';
import { TABLE_TWIN } from './words.js';

/** The small button that turns a picture into its table and back. `about` names the picture for those who do not see where it stands. */
export function twinButton(asTable: boolean, about: string, toggle: () => void): TemplateResult {
  const words = asTable ? TABLE_TWIN.hide : TABLE_TWIN.show;
  return html`<button
    class="icon-button twin"
    type="button"
    aria-pressed=${asTable}
    aria-label="${about}: ${words}"
    title=${words}
    @click=${toggle}
  >
    ${icon(asTable ? 'chart' : 'table')}
  </button>`;
}
