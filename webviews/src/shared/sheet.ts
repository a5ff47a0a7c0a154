import { html, render, type TemplateResult } from 'lit';
import { icon } from './icons.js';
import { KEYS_SHEET } from './words.js';

export interface SheetOptions {
  /** Closes the sheet besides Escape. */
  readonly closeKey?: string;
  readonly onClose?: () => void;
}

/**
 * Opens a modal sheet over the page. Escape, the close button and a click beside it close it. Returns the function that draws its
 * content again.
 */
export function openSheet(title: string, content: () => TemplateResult, options: SheetOptions = {}): () => void {
  const before = document.activeElement as HTMLElement | null;
  const dialog = document.createElement('dialog');
  dialog.className = 'sheet';
  dialog.setAttribute('aria-label', title);
  const close = (): void => dialog.close();
  const draw = (): void =>
    void render(
      html`<div class="sheet-body" tabindex="-1" autofocus>
        <div class="section-head">
          <h2>${title}</h2>
          <span class="grow"></span>
          <button class="icon-button" type="button" aria-label=${KEYS_SHEET.close} title=${KEYS_SHEET.close} @click=${close}>
            ${icon('close')}
          </button>
        </div>
        ${content()}
      </div>`,
      dialog,
    );
  draw();
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener('keydown', (event) => {
    // The page's own keys rest while the sheet is open.
    event.stopPropagation();
    if (event.key === options.closeKey) close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    before?.focus();
    options.onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return draw;
}

export type KeyLine = readonly [keys: readonly string[], meaning: string];

/** The list of keys, opened by `?` and closed by it. */
export function openKeysSheet(lines: readonly KeyLine[]): void {
  openSheet(
    KEYS_SHEET.title,
    () => html`<dl class="keys">
      ${lines.map(
        ([keys, meaning]) => html`<dt>${keys.map((key, i) => html`${i > 0 ? ' ' : ''}<kbd>${key}</kbd>`)}</dt>
          <dd>${meaning}</dd>`,
      )}
    </dl>`,
    { closeKey: '?' },
  );
}
