import { html, type TemplateResult } from 'lit';
import { icon } from './icons.js';

/** The filter of a table, reached by `/`. Escape clears it; Escape, arrow down and Enter lead to the rows. */
export function filterBox(box: {
  readonly label: string;
  readonly value: string;
  change(text: string): void;
  leave(): void;
}): TemplateResult {
  const onKey = (event: KeyboardEvent): void => {
    if (!['ArrowDown', 'Enter', 'Escape'].includes(event.key)) return;
    if (event.key === 'Escape' && box.value !== '') box.change('');
    box.leave();
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="filter">
    ${icon('filter')}
    <input
      type="text"
      id="filter"
      placeholder=${box.label}
      aria-label=${box.label}
      spellcheck="false"
      autocomplete="off"
      .value=${box.value}
      @input=${(event: Event) => box.change((event.target as HTMLInputElement).value)}
      @keydown=${onKey}
    /><kbd aria-hidden="true">/</kbd>
  </div>`;
}
