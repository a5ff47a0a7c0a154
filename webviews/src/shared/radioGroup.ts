import { html, nothing, type TemplateResult } from 'lit';

export interface RadioOption<Value extends string> {
  readonly value: Value;
  readonly label: string | TemplateResult;
  readonly title?: string;
  readonly disabled?: boolean;
}

/** A row of buttons of which one is chosen. One tab stop; arrows choose and move. */
export function radioGroup<Value extends string>(group: {
  readonly label: string;
  readonly options: readonly RadioOption<Value>[];
  readonly value: Value;
  readonly id?: string;
  choose(value: Value): void;
}): TemplateResult {
  const open = group.options.filter((option) => option.disabled !== true);
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const at = open.findIndex((option) => option.value === group.value);
    const next = open[(at + step + open.length) % open.length]!;
    const buttons = (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=radio]');
    group.choose(next.value);
    buttons[group.options.indexOf(next)]?.focus();
  };
  return html`<div class="segmented" role="radiogroup" aria-label=${group.label} id=${group.id ?? nothing} @keydown=${onKey}>
    ${group.options.map(
      (option) =>
        html`<button
          role="radio"
          type="button"
          aria-checked=${option.value === group.value}
          aria-disabled=${option.disabled === true ? 'true' : nothing}
          tabindex=${option.value === group.value ? 0 : -1}
          title=${option.title ?? nothing}
          data-value=${option.value}
          @click=${() => option.disabled !== true && group.choose(option.value)}
        >
          ${option.label}
        </button>`,
    )}
  </div>`;
}
