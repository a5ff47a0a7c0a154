import type { ToolState } from '@espalier/protocol';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { faultDetails, faultPage } from '../shared/faultView.js';
import { icon, severityIcon } from '../shared/icons.js';
import { createNumbers, type Numbers } from '../shared/numbers.js';
import { openKeysSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { SEVERITY } from '../shared/words.js';
import type { Controller } from './controller.js';
import type { Action, Found, State } from './state.js';
import { DOCTOR_KEYS, S } from './strings.js';
import { doctorText, machineLines } from './text.js';

/** What this machine has, which optional tools are there and what each would add. */
export class DoctorPage extends LitElement {
  declare store: Store<State, Action>;
  declare controller: Controller;

  private readonly numbers = memoise(createNumbers);

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.subscribe(() => this.requestUpdate());
    addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.onKey);
  }

  protected override render(): TemplateResult {
    const { content, start } = this.store.state;
    const numbers = this.numbers(start?.locale ?? 'en');
    switch (content.kind) {
      case 'waiting':
        return html`<div class="page">${this.bar(nothing)}<main class="centred tall late">${S.waiting}</main></div>`;
      case 'failed':
        return html`<div class="page">
          ${this.bar(nothing)} ${faultPage(content.fault, numbers, {
            again: () => void this.controller.look(),
            explain: () => this.controller.explain(content.fault.code),
          })}
        </div>`;
      case 'found':
        return html`<div class="page">
          ${this.bar(html`<button class="button" type="button" @click=${() => void this.controller.look()}>${S.actions.again}</button>
            <button class="button" type="button" @click=${() => this.controller.copy(doctorText(content.found))}>${S.actions.copy}</button>`)}
          <main class="sections" tabindex="-1">
            <section id="machine">
              <h2>${S.machine.heading}</h2>
              <dl class="provenance">
                ${machineLines(content.found).map(([name, value]) => html`<dt>${name}</dt><dd class="wrap">${value}</dd>`)}
              </dl>
            </section>
            <section id="tools">
              <h2>${S.tools.heading}</h2>
              <p class="quiet">${S.tools.note}</p>
              ${content.found.tools.map((tool) => this.tool(tool, content.found, numbers))}
            </section>
          </main>
        </div>`;
    }
  }

  private bar(actions: TemplateResult | typeof nothing): TemplateResult {
    return html`<header class="bar title">
      <h1>${S.title}</h1>
      <div class="facts"></div>
      <div class="actions">
        ${actions}
        <button class="icon-button" type="button" title=${S.actions.keys} aria-label=${S.actions.keysLabel} @click=${() => openKeysSheet(DOCTOR_KEYS)}>
          ${icon('keyboard')}
        </button>
      </div>
    </header>`;
  }

  private tool(tool: ToolState, found: Found, numbers: Numbers): TemplateResult {
    const T = S.tools;
    return html`<article class="tool">
      <h3>${tool.name} <span class="num">${tool.version ?? nothing}</span></h3>
      <p>
        ${tool.where === null ? T.missing : html`${T.places[tool.where]} <span class="quiet wrap">${tool.folder}</span>`}
        · ${tool.adds}
      </p>
      ${tool.where === null ? this.offer(tool, found, numbers) : nothing}
    </article>`;
  }

  private offer(tool: ToolState, found: Found, numbers: Numbers): TemplateResult {
    const T = S.tools;
    const install = this.store.state.installs.get(tool.name);
    const button = (label: string): TemplateResult =>
      html`<button class="button install" type="button" ?disabled=${!found.mayInstall} @click=${() => void this.controller.install(tool.name)}>
        ${label}
      </button>`;
    const note = found.mayInstall ? T.pinned(found.toolsFolder) : T.untrusted;
    return html`<div aria-live="polite">
      ${
        install?.kind === 'running'
          ? html`<p class="installing">
              <span class="num">${T.running(numbers.integer(install.seconds))}</span>
              <button class="button" type="button" @click=${() => this.controller.cancel(tool.name)}>${T.cancel}</button>
            </p>`
          : install?.kind === 'failed'
            ? html`<p class="maps-problem">${severityIcon('error', SEVERITY.error)} <span class="wrap">${install.fault.message}</span></p>
                ${faultDetails(install.fault, numbers)} ${button(T.again)}`
            : html`${install?.kind === 'cancelled' ? html`<p>${T.cancelled}</p>` : nothing}
                ${button(T.install(tool.pinnedVersion))}
                <p class="quiet wrap">${note}</p>`
      }
    </div>`;
  }

  /** Single letters, only without a modifier. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { content } = this.store.state;
    const acts: Readonly<Record<string, () => void>> = {
      '?': () => openKeysSheet(DOCTOR_KEYS),
      r: () => void this.controller.look(),
      c: () => content.kind === 'found' && this.controller.copy(doctorText(content.found)),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
}

customElements.define('espalier-doctor', DoctorPage);
