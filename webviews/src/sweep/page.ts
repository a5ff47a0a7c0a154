import type { SweepReport } from '@espalier/protocol';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { faultPage } from '../shared/faultView.js';
import { icon } from '../shared/icons.js';
import { openMenu } from '../shared/menu.js';
import { createNumbers, type Numbers } from '../shared/numbers.js';
import { radioGroup } from '../shared/radioGroup.js';
import { openKeysSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { twinButton } from '../shared/twinButton.js';
import type { Controller } from './controller.js';
import { pointsTable } from './pointsTable.js';
import { type Measure, measuresOf, type Series, seriesOf } from './series.js';
import type { Action, State } from './state.js';
import { S, SWEEP_KEYS } from './strings.js';
import type { SweepModel } from './sweepChart.js';
import './sweepChart.js';

/** The points of a sweep side by side: what each method keeps at which share of zeros, and every point with its report. */
export class SweepPage extends LitElement {
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
        return html`<div class="page">${this.bar('', nothing)}<main class="centred tall late">${S.waiting}</main></div>`;
      case 'failed':
        return html`<div class="page">
          ${this.bar('', nothing)}
          ${faultPage(content.fault, numbers, {
            again: () => void this.controller.read(),
            explain: () => this.controller.act({ action: 'documentation', code: content.fault.code }),
          })}
        </div>`;
      case 'report':
        return html`<div class="page">
          ${this.bar(content.report.title, this.buttons(content.report))}
          <main class="sections">
            <section id="verdict"><p class="verdict">${content.report.verdict}.</p></section>
            <section id="picture"><h2>${S.picture.heading}</h2>${this.picture(content.report, numbers)}</section>
            <section id="points">
              <h2>${S.points.heading}</h2>
              ${pointsTable(content.report, this.store.state.sort, numbers, {
                sort: (column) => this.store.dispatch({ type: 'sort', column }),
                openReport: (path) => this.controller.act({ action: 'open-report', path }),
                openRecipe: (text) => this.controller.act({ action: 'open-recipe', text }),
              })}
            </section>
          </main>
        </div>`;
    }
  }

  private bar(subtitle: string, actions: TemplateResult | typeof nothing): TemplateResult {
    return html`<header class="bar title">
      <h1>${S.title}</h1>
      <div class="facts"><span class="unit subtitle">${subtitle}</span></div>
      <div class="actions">
        ${actions}
        <button class="icon-button" type="button" title=${S.actions.keys} aria-label=${S.actions.keysLabel} @click=${() => openKeysSheet(SWEEP_KEYS)}>
          ${icon('keyboard')}
        </button>
      </div>
    </header>`;
  }

  private buttons(report: SweepReport): TemplateResult {
    const button = (label: string, run: () => void): TemplateResult =>
      html`<button class="button" type="button" @click=${run}>${label}</button>`;
    return html`
      ${button(S.actions.again, () => void this.controller.read())}
      ${button(S.actions.recipe, () => this.controller.act({ action: 'open-recipe', text: report.recipe }))}
      <button
        id="export"
        class="button"
        type="button"
        aria-haspopup="menu"
        @click=${(event: Event) => openMenu(event.currentTarget as HTMLElement, this.exportItems(report))}
      >
        ${S.actions.export}
      </button>
    `;
  }

  private picture(report: SweepReport, numbers: Numbers): TemplateResult {
    const known = measuresOf(report);
    if (known.length === 0) return html`<p class="quiet">${S.picture.none}</p>`;
    const { measure, asTable } = this.store.state;
    const words = S.measures[measure];
    const series = seriesOf(report, measure);
    const repeated = series.some(({ points }) => points.some(({ runs }) => runs > 1));
    const divisor = measure === 'size' ? 1e6 : 1;
    const model: SweepModel = {
      label: S.picture.label(words.long, S.picture.lines(numbers.integer(series.length))),
      series,
      xTitle: S.picture.x,
      yTitle: words.long,
      divisor,
      figure: (value) => figureText(value, measure, numbers),
    };
    return html`<div class="section-head">
        ${radioGroup<Measure>({
          label: S.picture.choose,
          options: known.map((value) => ({ value, label: S.measures[value].short, title: S.measures[value].long })),
          value: measure,
          id: 'measure',
          choose: (value) => this.store.dispatch({ type: 'measure', measure: value }),
        })}
        <span class="grow"></span>
        ${twinButton(asTable, S.picture.about(words.long), () => this.store.dispatch({ type: 'twin' }))}
      </div>
      ${asTable ? seriesTable(series, measure, numbers) : html`<espalier-sweep-chart .model=${model}></espalier-sweep-chart>`}
      ${repeated && !asTable ? html`<p class="quiet">${S.picture.seeds}</p>` : nothing}`;
  }

  private exportItems(report: SweepReport) {
    const path = this.store.state.start?.paths[0] ?? '';
    const M = S.exportMenu;
    const save = (format: 'markdown' | 'html' | 'csv' | 'json') => () =>
      this.controller.act({ action: 'export-report', path, format });
    return [
      { label: M.markdown, choose: save('markdown') },
      { label: M.html, choose: save('html') },
      { label: M.csv, choose: save('csv') },
      { label: M.json, choose: save('json') },
      { label: M.copy, choose: () => this.controller.act({ action: 'copy', text: report.verdict }) },
    ];
  }

  /** Single letters, only without a modifier. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Readonly<Record<string, () => void>> = {
      '?': () => openKeysSheet(SWEEP_KEYS),
      m: () => this.store.dispatch({ type: 'next-measure' }),
      t: () => this.store.dispatch({ type: 'twin' }),
      r: () => void this.controller.read(),
      e: () => this.querySelector<HTMLElement>('#export')?.click(),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
}

function figureText(value: number, measure: Measure, numbers: Numbers): string {
  switch (measure) {
    case 'energy':
    case 'work':
      return numbers.percent(value, 100);
    case 'accuracy':
      return numbers.value(value);
    case 'sqnr':
      return numbers.fixed(value, 1);
    case 'speed':
      return S.points.times(numbers.fixed(value, 2));
    case 'size':
      return numbers.fixed(value / 1e6, 2);
  }
}

/** The picture as a table. */
function seriesTable(series: readonly Series[], measure: Measure, numbers: Numbers): TemplateResult {
  const H = S.picture.heads;
  const about = S.picture.about(S.measures[measure].long);
  const cell = (value: number): string => figureText(value, measure, numbers);
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${about}><table class="report-table" aria-label=${about}>
    <thead>
      <tr>
        <th scope="col" class="left">${H.series}</th>
        ${[H.zeros, H.mean, H.lowest, H.highest, H.runs].map((head) => html`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${series.flatMap(({ name, points }) =>
        points.map(
          (point) => html`<tr>
            <th scope="row" title=${name}>${name}</th>
            <td class="num">${numbers.percent(point.zeros, 100)}</td>
            <td class="num">${cell(point.mean)}</td>
            <td class="num quiet">${cell(point.lowest)}</td>
            <td class="num quiet">${cell(point.highest)}</td>
            <td class="num quiet">${numbers.integer(point.runs)}</td>
          </tr>`,
        ),
      )}
    </tbody>
  </table></div>`;
}

customElements.define('espalier-sweep', SweepPage);
