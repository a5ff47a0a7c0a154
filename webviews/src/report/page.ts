import type { ChangeNote, ChangeReport, LayerChange, Plan } from '@espalier/protocol';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Channel } from '../shared/channel.js';
import { faultDetails, faultPage } from '../shared/faultView.js';
import { icon, severityIcon } from '../shared/icons.js';
import { openMenu } from '../shared/menu.js';
import { createNumbers, type Numbers } from '../shared/numbers.js';
import { how, howFigure } from '../shared/obtained.js';
import { openKeysSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { css } from '../shared/styles.js';
import { twinButton } from '../shared/twinButton.js';
import { SEVERITY } from '../shared/words.js';
import { changedTable } from './changedTable.js';
import type { Controller } from './controller.js';
import { devicesTable } from './devicesTable.js';
import { layersTable, othersTable, sensitivityTable } from './layersTable.js';
import { limitsList } from './limitsList.js';
import { provenanceList } from './provenance.js';
import { quantizationTable } from './quantizationTable.js';
import { runtimesTable } from './runtimesTable.js';
import type { Section } from './section.js';
import type { Action, Content, State } from './state.js';
import { REPORT_KEYS, S } from './strings.js';
import { timeSections } from './timeSections.js';
import './reportMaps.js';
import './zerosChart.js';

const mark = (severity: keyof typeof SEVERITY): TemplateResult => severityIcon(severity, SEVERITY[severity]);

/** What a report is called, by what its steps did to the weights. */
function wordsFor(plan: Plan | null): (typeof S.kinds)[keyof typeof S.kinds] {
  if (plan === null) return S.kinds.both;
  const quantizing = plan.steps.filter(({ verb }) => verb === 'quantize').length;
  if (quantizing === 0) return S.kinds.pruned;
  return quantizing === plan.steps.length ? S.kinds.quantized : S.kinds.both;
}

type PlanContent = Extract<Content, { kind: 'plan' }>;

/** The report of a run, or the plan of a recipe: the same sections, the one as it happened, the other as it would. */
export class ReportPage extends LitElement {
  declare store: Store<State, Action>;
  declare controller: Controller;
  declare channel: Channel;

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
        return this.report(content.report, numbers);
      case 'plan':
        return this.plan(content, numbers);
    }
  }

  private bar(subtitle: string, actions: TemplateResult | typeof nothing): TemplateResult {
    const { start, content } = this.store.state;
    const title =
      start?.kind === 'preview' ? S.preview : wordsFor(content.kind === 'report' ? content.report.plan : null).title;
    return html`<header class="bar title">
      <h1>${title}</h1>
      <div class="facts"><span class="unit subtitle">${subtitle}</span></div>
      <div class="actions">
        ${actions}
        <button class="icon-button" type="button" title=${S.actions.keys} aria-label=${S.actions.keysLabel} @click=${() => openKeysSheet(REPORT_KEYS)}>
          ${icon('keyboard')}
        </button>
      </div>
    </header>`;
  }

  private report(report: ChangeReport, numbers: Numbers): TemplateResult {
    const { plan, provenance } = report;
    const output = plan.outputs[0];
    const button = (label: string, run: () => void): TemplateResult =>
      html`<button class="button" type="button" @click=${run}>${label}</button>`;
    const actions = html`
      ${
        output === undefined
          ? nothing
          : html`${button(wordsFor(plan).use, () => this.controller.act({ action: 'use-output', input: plan.input.path, output: output.path }))}
              ${button(S.actions.compare, () => this.controller.act({ action: 'compare-files', before: plan.input.path, after: output.path }))}`
      }
      ${button(S.actions.recipe, () => this.controller.act({ action: 'open-recipe', text: provenance.recipe }))}
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
    const accuracy = report.accuracy;
    const accuracyWords =
      accuracy === null
        ? S.notMeasured(report.accuracyMissing ?? '')
        : `${accuracy.before === null ? '' : `${numbers.value(accuracy.before)} → `}${numbers.value(accuracy.after)}`;
    const verdict = html`<p class="verdict">
        ${report.verdict.map((clause) => html`<span>${clause.map(({ text, strong }) => (strong ? html`<strong>${text}</strong>` : text))}</span>`)}
      </p>
      <p class="verdict-facts quiet">
        <span>${S.accuracy(accuracyWords)}</span>
        <span>${report.latency[0] === undefined ? S.timeNotMeasured : html`${S.time} ${howFigure(report.latency[0].after.how, numbers)}`}</span>
        ${plan.notes.length === 0 ? nothing : html`<a class="link" href="#risks">${this.warnings(plan.notes, numbers)}</a>`}
      </p>`;
    return html`<div class="page">
      ${this.bar(report.title, actions)}
      ${this.body([
        { id: 'verdict', noun: S.sections.verdict, question: '', body: verdict },
        ...this.planSections(
          plan,
          plan.layers,
          numbers,
          report.latency,
          () => [
            ...timeSections(report, this.store.state.asTable, numbers, () => this.store.dispatch({ type: 'twin' })),
            ...(report.runtimes.length === 0
              ? []
              : [
                  {
                    id: 'runtimes',
                    noun: S.sections.runtimes,
                    question: S.questions.runtimes,
                    body: runtimesTable(report.runtimes, numbers),
                  },
                ]),
          ],
          this.maps(report, numbers),
        ),
        ...(report.limits === undefined || report.limits.length === 0
          ? []
          : [
              {
                id: 'budget',
                noun: S.sections.budget,
                question: S.questions.budget,
                body: limitsList(report.limits),
                warns: report.limits.some(({ verdict }) => verdict === 'broken'),
              },
            ]),
        {
          id: 'provenance',
          noun: S.sections.provenance,
          question: S.questions.provenance,
          body: provenanceList(report, numbers, (action) => this.controller.act(action)),
        },
      ])}
    </div>`;
  }

  private plan(content: PlanContent, numbers: Numbers): TemplateResult {
    const { plan, problems, fault, progress, trusted } = content;
    const canRun = trusted && plan !== null && problems.length === 0 && fault === null && plan.outputs.length > 0;
    const why = !trusted ? S.untrusted : plan !== null && plan.outputs.length === 0 ? S.noOutput : '';
    const actions = html`<span class="unit">${why}</span>
      <button class="button" id="run" type="button" ?disabled=${!canRun} @click=${() => this.controller.act({ action: 'run-recipe' })}>
        ${S.actions.run}
      </button>`;
    const share = progress === null || progress.total === 0 ? null : progress.done / progress.total;
    const problemList = html`<ul class="risks">
      ${problems.map(
        (problem) => html`<li>
          ${mark(problem.severity)}
          <button class="link" type="button" @click=${() => this.controller.act({ action: 'reveal-in-recipe', from: problem.from, to: problem.to })}>
            ${problem.message}
          </button>
        </li>`,
      )}
    </ul>`;
    const sections: Section[] = [
      ...(problems.length > 0
        ? [
            {
              id: 'problems',
              noun: S.sections.problems,
              question: S.questions.problems,
              body: problemList,
              warns: true,
            },
          ]
        : []),
      ...(fault === null
        ? []
        : [
            {
              id: 'problems',
              noun: S.sections.problems,
              question: S.questions.problems,
              body: html`<p>${fault.message}</p>${faultDetails(fault, numbers)}`,
              warns: true,
            },
          ]),
      ...(plan === null
        ? []
        : this.planSections(plan, content.layers, numbers, null, () =>
            timeSections(
              { plan: { ...plan, layers: content.layers }, latency: plan.latency ?? [], bridge: null },
              this.store.state.asTable,
              numbers,
              () => this.store.dispatch({ type: 'twin' }),
            ),
          )),
    ];
    return html`<div class="page">
      ${this.bar(plan === null ? '' : plan.input.name, actions)}
      ${share === null ? nothing : html`<div class="progress"><i ${css({ width: `${share * 100}%` })}></i></div>`}
      ${sections.length === 0 ? html`<main class="centred tall late">${S.waiting}</main>` : this.body(sections)}
      <div class="visually-hidden" aria-live="polite">
        ${progress === null ? (problems.length > 0 ? `${numbers.integer(problems.length)} ${S.sections.problems}` : S.noProblems) : ''}
      </div>
    </div>`;
  }

  /** `latency` of a plan is null: nothing was timed. `more` follows what changed. */
  private planSections(
    plan: Plan,
    layers: readonly LayerChange[],
    numbers: Numbers,
    latency: ChangeReport['latency'] | null,
    more: () => Section[] = () => [],
    maps: readonly Section[] = [],
  ): Section[] {
    const isPlan = latency === null;
    const coded = layers.filter(({ quantization }) => quantization !== undefined);
    const touched = layers.filter(({ leftAlone }) => leftAlone === null);
    const others = layers.filter(({ leftAlone }) => leftAlone !== null);
    const { asTable, othersShown } = this.store.state;
    const chart = html`<div class="section-head">
        <h3>${S.zerosChart.title}</h3>
        ${how({ kind: 'exact' }, numbers)}
        <span class="key"><i class="swatch before"></i>${S.zerosChart.before}</span>
        <span class="key"><i class="swatch zero"></i>${S.zerosChart.after}</span>
        <span class="grow"></span>
        ${twinButton(asTable, S.zerosChart.title, () => this.store.dispatch({ type: 'twin' }))}
      </div>
      ${
        touched.length === 0
          ? html`<p class="quiet">${S.zerosChart.none}</p>`
          : asTable
            ? layersTable(touched, numbers)
            : html`<espalier-zeros-chart
                .model=${{
                  label: S.zerosChart.label(numbers.integer(touched.length)),
                  names: touched.map(({ name }) => name),
                  before: touched.map((layer) => layer.zeros.before / Math.max(1, layer.elements.before)),
                  after: touched.map((layer) => layer.zeros.after / Math.max(1, layer.elements.after)),
                  beforeWord: S.zerosChart.before,
                  afterWord: S.zerosChart.after,
                }}
              ></espalier-zeros-chart>`
      }`;
    const layerBody = html`${layersTable(touched, numbers)}
      ${
        others.length === 0
          ? nothing
          : html`<p class="quiet others">
                ${S.layers.others(numbers.integer(others.length))}
                <button class="link" type="button" aria-expanded=${othersShown} @click=${() => this.store.dispatch({ type: 'others' })}>
                  ${othersShown ? S.layers.hideOthers : S.layers.showOthers}
                </button>
              </p>
              ${othersShown ? othersTable(others) : nothing}`
      }`;
    const warns = plan.notes.some(({ severity }) => severity !== 'information');
    return [
      {
        id: 'changed',
        noun: S.sections.changed,
        question: isPlan ? S.questions.changedPlan : S.questions.changed,
        body: html`${changedTable(plan.totals, latency ?? plan.latency ?? [], numbers)} ${isPlan ? this.wishes(plan) : nothing}`,
      },
      ...more(),
      ...(plan.devices === undefined
        ? []
        : [
            {
              id: 'devices',
              noun: S.sections.devices,
              question: S.questions.devices,
              body: devicesTable(plan.devices, numbers),
            },
          ]),
      ...(coded.length === 0
        ? []
        : [
            {
              id: 'quantization',
              noun: S.sections.quantization,
              question: S.questions.quantization,
              body: quantizationTable(coded, numbers),
            },
          ]),
      { id: 'zeros', noun: S.sections.zeros, question: S.questions.zeros, body: chart },
      {
        id: 'layers',
        noun: S.sections.layers,
        question: isPlan ? S.questions.layersPlan : S.questions.layers,
        body: layerBody,
      },
      ...maps,
      ...(plan.sensitivity.length === 0
        ? []
        : [
            {
              id: 'sensitivity',
              noun: S.sections.sensitivity,
              question: S.questions.sensitivity,
              body: html`<p class="quiet">${S.sensitivity.note}</p>${sensitivityTable(plan, numbers)}`,
            },
          ]),
      { id: 'risks', noun: S.sections.risks, question: S.questions.risks, body: this.risks(plan.notes), warns },
    ];
  }

  /** What a plan tells only when asked, as long as it has not been told. */
  private wishes({ totals, latency, steps }: Plan): TemplateResult | typeof nothing {
    const { content } = this.store.state;
    const busy = content.kind === 'plan' && content.progress !== null;
    const zipped = totals.sizes.before.gzip !== null || totals.sizes.after.gzip !== null;
    if (steps.length === 0 || (zipped && latency !== undefined)) return nothing;
    const button = (id: string, label: string, about: string, wish: 'gzip' | 'measure'): TemplateResult =>
      html`<button class="button" id=${id} type="button" title=${about} ?disabled=${busy} @click=${() => this.controller.wish({ [wish]: true })}>${label}</button>`;
    const C = S.changed;
    return html`<p class="wishes">
      ${latency === undefined ? button('measure', C.measure, C.measureAbout, 'measure') : nothing}
      ${zipped ? nothing : button('gzip', C.gzipAsk, C.gzipAbout, 'gzip')}
    </p>`;
  }

  private maps(report: ChangeReport, numbers: Numbers): readonly Section[] {
    if (report.provenance.outputs.length === 0) return [];
    const { start, asTable } = this.store.state;
    const body = html`<espalier-report-maps
      .channel=${this.channel}
      .numbers=${numbers}
      .model=${{
        path: start?.paths[0] ?? '',
        report,
        asTable,
        onTwin: () => this.store.dispatch({ type: 'twin' }),
      }}
    ></espalier-report-maps>`;
    return [{ id: 'maps', noun: S.sections.maps, question: S.questions.maps, body }];
  }

  private warnings(notes: readonly ChangeNote[], numbers: Numbers): TemplateResult {
    const warnings = notes.filter(({ severity }) => severity !== 'information');
    const [first] = warnings;
    return html`${mark(first?.severity ?? 'information')} ${first?.message ?? notes[0]!.message}${
      notes.length > 1 ? ` (+${numbers.integer(notes.length - 1)})` : ''
    }`;
  }

  private risks(notes: readonly ChangeNote[]): TemplateResult {
    return html`<ul class="risks">
      ${notes.map((note) => html`<li>${mark(note.severity)} <span class="wrap">${note.message}</span></li>`)}
      <li>${mark('information')} ${S.risks.notRetrained}</li>
    </ul>`;
  }

  private body(sections: readonly Section[]): TemplateResult {
    return html`<div class="report">
      <nav class="outline" aria-label=${S.outline}>
        ${sections.map(
          ({ id, noun, warns }) =>
            html`<a href="#${id}" @click=${(event: Event) => this.jump(event, id)}>${noun}${warns ? mark('warning') : nothing}</a>`,
        )}
      </nav>
      <main class="sections" tabindex="-1">
        ${sections.map(
          ({ id, question, body }) =>
            html`<section id=${id} aria-label=${question || S.sections.verdict}>
              ${question === '' ? nothing : html`<h2>${question}</h2>`} ${body}
            </section>`,
        )}
      </main>
    </div>`;
  }

  private jump(event: Event, id: string): void {
    event.preventDefault();
    this.querySelector(`#${id}`)?.scrollIntoView({ block: 'start' });
  }

  private step(by: 1 | -1): void {
    const sections = [...this.querySelectorAll<HTMLElement>('.sections > section')];
    const top = this.querySelector('.sections')?.getBoundingClientRect().top ?? 0;
    const at = sections.findLastIndex((section) => section.getBoundingClientRect().top <= top + 2);
    sections[Math.max(0, Math.min(sections.length - 1, at + by))]?.scrollIntoView({ block: 'start' });
  }

  private exportItems(report: ChangeReport) {
    const path = this.store.state.start?.paths[0] ?? '';
    const M = S.exportMenu;
    const save = (format: 'markdown' | 'html' | 'csv' | 'json') => () =>
      this.controller.act({ action: 'export-report', path, format });
    const verdict = report.verdict.map((clause) => clause.map(({ text }) => text).join('')).join(' ');
    return [
      { label: M.markdown, choose: save('markdown') },
      { label: M.html, choose: save('html') },
      { label: M.csv, choose: save('csv') },
      { label: M.json, choose: save('json') },
      { label: M.copy, choose: () => this.controller.act({ action: 'copy', text: verdict }) },
    ];
  }

  /** Single letters, only without a modifier. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Readonly<Record<string, () => void>> = {
      '?': () => openKeysSheet(REPORT_KEYS),
      '[': () => this.step(-1),
      ']': () => this.step(1),
      t: () => this.store.dispatch({ type: 'twin' }),
      e: () => this.querySelector<HTMLElement>('#export')?.click(),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
}

customElements.define('espalier-report', ReportPage);
