import { html, type TemplateResult } from 'lit';

/** The border between two regions: drag, arrow keys, double-click resets. `value` is the share of the left one. */
export function sash(options: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly standard: number;
  change(value: number): void;
}): TemplateResult {
  const { label, value, min, max, standard, change } = options;
  const set = (share: number): void => change(Math.min(max, Math.max(min, Math.round(share * 1000) / 1000)));
  const onPointer = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    if (event.type === 'pointerdown') {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus();
    } else if (handle.hasPointerCapture(event.pointerId)) {
      const place = handle.parentElement!.getBoundingClientRect();
      set((event.clientX - place.left) / place.width);
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    const to = {
      ArrowLeft: value - (event.shiftKey ? 0.1 : 0.02),
      ArrowRight: value + (event.shiftKey ? 0.1 : 0.02),
      Home: min,
      End: max,
      Enter: standard,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(to);
  };
  return html`<div
    class="sash"
    role="separator"
    aria-orientation="vertical"
    aria-label=${label}
    aria-valuenow=${Math.round(value * 100)}
    aria-valuemin=${Math.round(min * 100)}
    aria-valuemax=${Math.round(max * 100)}
    tabindex="0"
    @pointerdown=${onPointer}
    @pointermove=${onPointer}
    @dblclick=${() => change(standard)}
    @keydown=${onKey}
  ></div>`;
}
