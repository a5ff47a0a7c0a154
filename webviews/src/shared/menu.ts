import { html, render } from 'lit';
import { css } from './styles.js';

export interface MenuItem {
  readonly label: string;
  choose(): void;
}

/** Opens a menu under a button. Arrows move, Escape and a click elsewhere close it and give the focus back. */
export function openMenu(anchor: HTMLElement, items: readonly MenuItem[]): void {
  document.querySelector('.menu-host')?.remove();
  const host = document.createElement('div');
  host.className = 'menu-host';
  anchor.setAttribute('aria-expanded', 'true');
  const close = (giveBack: boolean): void => {
    removeEventListener('pointerdown', outside, true);
    removeEventListener('blur', leave);
    host.remove();
    anchor.setAttribute('aria-expanded', 'false');
    if (giveBack) anchor.focus();
  };
  const outside = (event: Event): void => {
    if (!host.contains(event.target as Node)) close(false);
  };
  const leave = (): void => close(false);
  const onKey = (event: KeyboardEvent): void => {
    const buttons = [...host.querySelectorAll<HTMLElement>('[role=menuitem]')];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to !== undefined) buttons[(to + buttons.length) % buttons.length]!.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const place = anchor.getBoundingClientRect();
  render(
    html`<div class="menu" role="menu" aria-label=${anchor.getAttribute('aria-label') ?? anchor.textContent?.trim() ?? ''} @keydown=${onKey}
      ${css({ top: `${place.bottom + 2}px` })}>
      ${items.map(
        (item) =>
          html`<button role="menuitem" type="button" tabindex="-1" @click=${() => {
            close(true);
            item.choose();
          }}>${item.label}</button>`,
      )}
    </div>`,
    host,
  );
  // Beside its button, so that it belongs to the same landmark.
  (anchor.closest('header') ?? document.body).append(host);
  const menu = host.firstElementChild as HTMLElement;
  menu.style.left = `${Math.max(8, Math.min(place.left, document.documentElement.clientWidth - menu.offsetWidth - 8))}px`;
  menu.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  addEventListener('pointerdown', outside, true);
  addEventListener('blur', leave);
}
