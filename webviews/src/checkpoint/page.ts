import type { FileHead, Finding } from '@espalier/protocol';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { View } from '../heatmap/viewport.js';
import type { Channel } from '../shared/channel.js';
import { faultPage } from '../shared/faultView.js';
import { filterBox } from '../shared/filterBox.js';
import { icon } from '../shared/icons.js';
import { createNumbers, type Numbers } from '../shared/numbers.js';
import { Patience } from '../shared/patience.js';
import { radioGroup } from '../shared/radioGroup.js';
import { sash } from '../shared/sash.js';
import { openKeysSheet, openSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { css } from '../shared/styles.js';
import type { RowWindow } from '../shared/virtualRows.js';
import type { TableModel, VirtualTable } from '../shared/virtualTable.js';
import { SASH } from '../shared/words.js';
import type { Controller } from './controller.js';
import { openDetailsSheet } from './detailsSheet.js';
import { detailFindings, detailHead, detailWithoutValues } from './detailView.js';
import { allFindings, type FindingGroup, groupFindings } from './findings.js';
import { actionButtons, factsLine, findingsStrip, findingsToggle, notice, progressLine } from './headerView.js';
import { histogramView } from './histogramView.js';
import { modelSizes } from './modelSizes.js';
import { modelStrip } from './modelStrip.js';
import { countRows, type Row, shownRows, tableRows } from './rows.js';
import { formsOf, sizesView } from './sizes.js';
import { type Action, PICTURES, type Picture, STANDARD_SPLIT, type State, type Which } from './state.js';
import { quantilesView, statisticsView } from './statistics.js';
import { KEYS, S } from './strings.js';
import { summaryMarkdown } from './summary.js';
import { tensorColumns, tensorSentence } from './tableView.js';
import type { TensorMap } from './tensorMap.js';
import { type Totals, totals } from './totals.js';
import '../shared/virtualTable.js';
import './tensorMap.js';

/** What somebody does who has begun to read. */
const TOUCHES = ['wheel', 'pointerdown', 'keydown'] as const;

/** The inspector. Everything it shows follows from the store's state; everything it does goes through the controller. */
export class CheckpointPage extends LitElement {
  declare channel: Channel;
  declare store: Store<State, Action>;
  declare controller: Controller;

  private readonly findings = memoise(allFindings);
  private readonly groups = memoise(groupFindings);
  private readonly rows = memoise(tableRows);
  private readonly shown = memoise(shownRows);
  private readonly counts = memoise(countRows);
  private readonly sums = memoise(totals);
  private readonly numbers = memoise(createNumbers);
  private readonly columns = memoise(tensorColumns);
  private readonly layers = memoise((rows: readonly Row[]) => rows.filter(({ head }) => head.prunable));

  private readonly views = new Map<string, View>();
  private generation = 0;
  private readonly patience = new Patience(() => this.requestUpdate());
  /** The line under the header was shown since the file was opened. */
  private hasSpoken = false;
  private seen: RowWindow | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.subscribe((state, before) => {
      if (state.file !== before.file) {
        this.generation++;
        this.hasSpoken = false;
      }
      this.requestUpdate();
      const moved = state.selected !== before.selected && state.selected !== null;
      if (moved || state.file !== before.file) void this.updateComplete.then(() => this.revealSelected());
    });
    addEventListener('keydown', this.onKey);
    for (const kind of TOUCHES) addEventListener(kind, this.onTouch, { passive: true, capture: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.onKey);
    for (const kind of TOUCHES) removeEventListener(kind, this.onTouch, { capture: true });
  }

  private readonly onTouch = (): void => {
    if (!this.store.state.touched) this.dispatch({ type: 'touched' });
  };

  private get table(): VirtualTable<Row> | null {
    return this.querySelector('espalier-table');
  }

  private get map(): TensorMap | null {
    return this.querySelector('espalier-tensor-map');
  }

  private dispatch(action: Action): void {
    this.store.dispatch(action);
  }

  private revealSelected(): void {
    const { selected } = this.store.state;
    if (selected !== null) this.table?.reveal(selected, 0.6);
  }

  protected override render(): TemplateResult {
    const { state } = this.store;
    const numbers = this.numbers(state.start?.locale ?? 'en');
    const name = state.start?.names[0] ?? '';
    const { file } = state;
    if (file.kind === 'failed') {
      const { fault } = file;
      return html`<div class="page">
        <header class="bar title"><h1>${name}</h1></header>
        ${faultPage(fault, numbers, {
          again: () => this.controller.retry(),
          explain: () => this.controller.act({ action: 'documentation', code: fault.code }),
        })}
      </div>`;
    }
    if (file.kind === 'opening') {
      return html`<div class="page">
        <header class="bar title"><h1>${name}</h1></header>
        <main class="centred late">${S.page.opening}</main>
      </div>`;
    }
    return this.open(state, file.head, name, numbers);
  }

  private allFindings({ findings, tensors }: FileHead): readonly Finding[] {
    const { state } = this.store;
    return this.findings(findings, state.findings, tensors, state.facts);
  }

  private allRows(head: FileHead): readonly Row[] {
    return this.rows(head.tensors, this.store.state.facts, this.allFindings(head));
  }

  private open(state: State, head: FileHead, name: string, numbers: Numbers): TemplateResult {
    const findings = this.allFindings(head);
    const groups = this.groups(findings);
    const rows = this.allRows(head);
    const sums = this.sums(rows);
    const shown = this.shown(rows, state.filter, state.which, state.sort);
    const empty = head.tensors.length === 0;
    return html`<div class="page">
      <header>
      <div class="bar title">
        <h1 title=${head.path}>${name}</h1>
        <div class="facts">
          ${factsLine(head, sums, state, numbers)}
          ${findingsToggle(groups, findings.length, state.findingsShown, numbers, () => this.dispatch({ type: 'toggle-findings' }))}
        </div>
        ${actionButtons({
          compare: () => this.controller.act({ action: 'compare', path: head.path }),
          exportItems: () => this.exportItems(head),
          moreItems: () => this.moreItems(name, head, groups, numbers),
        })}
      </div>
      ${progressLine(state)}
      ${this.statusLine(state, head, groups, sums, numbers)}
      </header>
      ${
        empty
          ? html`<main class="centred tall">${S.table.emptyFile.map((line) => html`<span>${line}</span>`)}</main>`
          : html`${this.strip(state, rows, shown, numbers)}
              <main class="split" ${css({ '--split': `${state.split * 100}%` })}>
                ${this.list(state, rows, shown, name, numbers)}
                ${sash({
                  label: SASH,
                  value: state.split,
                  min: 0.3,
                  max: 0.75,
                  standard: STANDARD_SPLIT,
                  change: (split) => this.dispatch({ type: 'split', split }),
                })}
                ${this.detail(state, rows, numbers)}
              </main>`
      }
      <div class="visually-hidden" aria-live="polite">${this.news(state, rows, shown, numbers)}</div>
    </div>`;
  }

  /**
   * One line under the header for what is going on and for what was found. Once it is there it stays until the file is opened
   * anew: the rows below must not move while somebody reads them.
   */
  private statusLine(
    state: State,
    head: FileHead,
    groups: readonly FindingGroup[],
    sums: Totals,
    numbers: Numbers,
  ): TemplateResult | typeof nothing {
    const reading = state.scan.kind === 'running' && state.news === null;
    const silent = reading && !this.patience.isOver(true);
    if (!reading) this.patience.isOver(false);
    if (reading && !silent) this.hasSpoken = true;
    const line = silent
      ? nothing
      : notice(state, sums, head.totals.bytes, numbers, {
          cancel: () => this.controller.stop(),
          resume: () => this.controller.resume(),
          reload: () => void this.controller.open(),
          scanFully: () => this.controller.read({ full: true }),
        });
    const found =
      state.findingsShown && groups.length > 0
        ? findingsStrip(
            groups,
            numbers,
            (group) => this.openFinding(group),
            () => this.dispatch({ type: 'which', which: 'findings' }),
          )
        : nothing;
    if (line !== nothing || found !== nothing) return html`<div class="status-line">${found}${line}</div>`;
    const done = this.hasSpoken && state.scan.kind === 'done';
    return done
      ? html`<div class="status-line"><div class="bar quiet">${groups.length === 0 ? S.notice.done : S.page.done}</div></div>`
      : nothing;
  }

  /** What a screen reader is told of its own accord: the end of reading, and how many rows a filter leaves. */
  private news(state: State, rows: readonly Row[], shown: readonly Row[], numbers: Numbers): string {
    if (shown.length !== rows.length) return S.table.shown(numbers.integer(shown.length), numbers.integer(rows.length));
    return state.scan.kind === 'done' ? S.page.done : '';
  }

  private strip(state: State, rows: readonly Row[], shown: readonly Row[], numbers: Numbers): TemplateResult {
    const layers = this.layers(rows);
    return modelStrip(
      {
        layers,
        sums: this.sums(rows),
        selected: state.selected,
        inView: this.layersInView(layers, shown),
        asTable: state.asTable.has('strip'),
        onTwin: () => this.twin('strip'),
        onOpen: (tensor) => this.dispatch({ type: 'select', tensor }),
      },
      numbers,
    );
  }

  /** First and last layer among the rows in view. */
  private layersInView(layers: readonly Row[], shown: readonly Row[]): readonly [number, number] | null {
    if (this.seen === null) return null;
    const inView = new Set(shown.slice(this.seen.first, this.seen.end).map(({ index }) => index));
    const first = layers.findIndex(({ index }) => inView.has(index));
    const last = layers.findLastIndex(({ index }) => inView.has(index));
    return first < 0 ? null : [first, last];
  }

  private list(
    state: State,
    rows: readonly Row[],
    shown: readonly Row[],
    name: string,
    numbers: Numbers,
  ): TemplateResult {
    const T = S.table;
    const counts = this.counts(rows);
    const option = (value: Which, label: string, title: string) => ({
      value,
      title,
      label: html`${label} <span class="num small">${numbers.integer(counts[value])}</span>`,
    });
    return html`<section class="list" aria-label=${T.region}>
      <div class="tools">
        ${filterBox({
          label: T.filter,
          value: state.filter,
          change: (text) => this.dispatch({ type: 'filter', text }),
          leave: () => this.table?.focusRow(),
        })}
        ${radioGroup<Which>({
          label: T.which,
          options: [
            option('all', T.all, T.allTitle),
            option('prunable', T.prunable, T.prunableTitle),
            option('findings', T.findings, T.findingsTitle),
          ],
          value: state.which,
          choose: (which) => this.dispatch({ type: 'which', which }),
        })}
        <span class="grow"></span>
        <span class="faint optional small-text"
          >${shown.length === rows.length ? nothing : T.shown(numbers.integer(shown.length), numbers.integer(rows.length))}</span
        >
        <button class="icon-button" type="button" title=${T.keys} aria-label=${T.keysLabel} @click=${() => openKeysSheet(KEYS)}>
          ${icon('keyboard')}
        </button>
      </div>
      <div class="table-frame">
        <espalier-table .model=${this.tableModel(state, shown, name, numbers)}></espalier-table>
        ${shown.length === 0 ? this.noMatch(state) : nothing}
      </div>
    </section>`;
  }

  private noMatch({ filter, which }: State): TemplateResult {
    const T = S.table;
    const clear = (): void => {
      this.dispatch({ type: 'filter', text: '' });
      this.dispatch({ type: 'which', which: 'all' });
    };
    return html`<div class="centred over-table">
      <span>${filter.trim() === '' && which !== 'all' ? T.noneHere[which] : T.noMatch(filter)}</span>
      <span><button class="button" type="button" @click=${clear}>${T.clear}</button></span>
    </div>`;
  }

  private tableModel(state: State, shown: readonly Row[], name: string, numbers: Numbers): TableModel<Row> {
    return {
      label: S.table.label(name),
      columns: this.columns(numbers, state.scan.kind === 'running'),
      rows: shown,
      sort: state.sort,
      selected: state.selected,
      focused: state.focused,
      keyOf: (row) => row.head.name,
      classOf: (row) => (row.head.prunable ? '' : 'minor'),
      sentence: tensorSentence,
      onOpen: (tensor) => this.dispatch({ type: 'select', tensor }),
      onFocus: (tensor) => this.dispatch({ type: 'focus', tensor }),
      onSort: (column) => this.dispatch({ type: 'sort', column }),
      onScroll: (seen) => {
        if (this.seen?.first === seen.first && this.seen.end === seen.end) return;
        this.seen = seen;
        this.requestUpdate();
      },
    };
  }

  private detail(state: State, rows: readonly Row[], numbers: Numbers): TemplateResult {
    const row = rows.find(({ head }) => head.name === state.selected);
    if (row === undefined) {
      return html`<section class="detail" aria-label=${S.detail.region}><div class="centred tall">${S.detail.none}</div></section>`;
    }
    const { head, values } = row;
    const reading = state.scan.kind === 'running';
    const hasNumbers = values.kind === 'read' || values.kind === 'unread';
    return html`<section class="detail" aria-label=${S.detail.region}>
      ${detailHead(row, (by) => this.step(by))}
      ${detailFindings(row, (code) => this.controller.act({ action: 'documentation', code }))}
      ${hasNumbers ? this.heatmap(state, row, numbers) : nothing}
      ${
        values.kind === 'read'
          ? html`<hr />
              <div class="two">
                ${statisticsView(head, values.stats, numbers)}
                ${histogramView(head, values.stats, numbers, state.asTable.has('histogram'), () => this.twin('histogram'))}
              </div>
              ${quantilesView(head, values.stats, numbers)}
              <hr />
              ${sizesView(formsOf(values.stats, numbers, state.gzip.get(head.name)), numbers, state.asTable.has('sizes'), () => this.twin('sizes'))}`
          : detailWithoutValues(row, reading, this.sums(rows).read, numbers, {
              read: () => this.controller.read({ first: [head.name] }),
              showHeader: () =>
                void openSheet(
                  S.header.title,
                  () => html`<pre class="scroll" tabindex="0">${JSON.stringify(head, null, 2)}</pre>`,
                ),
            })
      }
    </section>`;
  }

  private heatmap(state: State, row: Row, numbers: Numbers): TemplateResult {
    const { head, values } = row;
    return html`<espalier-tensor-map
      .channel=${this.channel}
      .numbers=${numbers}
      .model=${{
        path: state.start?.paths[0] ?? '',
        head,
        stats: values.kind === 'read' ? values.stats : undefined,
        generation: this.generation,
        layout: head.outputChannels === null && state.layout === 'channel' ? 'kernel' : state.layout,
        colouring: state.colouring,
        asTable: state.asTable.has('heatmap'),
        views: this.views,
        onLayout: (layout: State['layout']) => this.dispatch({ type: 'layout', layout }),
        onColouring: (colouring: State['colouring']) => this.dispatch({ type: 'colouring', colouring }),
        onTwin: () => this.twin('heatmap'),
        onLeave: () => this.table?.focusRow(),
      }}
    ></espalier-tensor-map>`;
  }

  private twin(...pictures: Picture[]): void {
    this.dispatch({ type: 'twin', pictures });
  }

  /** Opens the neighbour of the selected row among those shown. */
  private step(by: 1 | -1): void {
    const shown = this.shownNow();
    const at = shown.findIndex(({ head }) => head.name === this.store.state.selected);
    const next = at < 0 ? shown[0] : shown[at + by];
    if (next !== undefined) this.dispatch({ type: 'select', tensor: next.head.name });
  }

  private shownNow(): readonly Row[] {
    const { state } = this.store;
    if (state.file.kind !== 'open') return [];
    return this.shown(this.allRows(state.file.head), state.filter, state.which, state.sort);
  }

  /** A group of several leads to the table of findings, one alone to its tensor. */
  private openFinding({ findings }: FindingGroup): void {
    const tensor = findings[0]?.tensor;
    if (findings.length > 1) {
      this.dispatch({ type: 'filter', text: '' });
      this.dispatch({ type: 'which', which: 'findings' });
    }
    if (tensor !== undefined) this.dispatch({ type: 'select', tensor });
  }

  private nextFinding(): void {
    const { state } = this.store;
    if (state.file.kind !== 'open') return;
    const named = [...new Set(this.allFindings(state.file.head).flatMap(({ tensor }) => tensor ?? []))];
    if (named.length === 0) return;
    const next = named[(named.indexOf(state.selected ?? '') + 1) % named.length]!;
    this.dispatch({ type: 'select', tensor: next });
    void this.updateComplete.then(() => this.table?.focusRow());
  }

  private exportItems(head: FileHead) {
    const save = (format: 'json' | 'csv' | 'markdown') => () =>
      this.controller.act({ action: 'export', format, path: head.path });
    const M = S.exportMenu;
    return [
      { label: M.csv, choose: save('csv') },
      { label: M.json, choose: save('json') },
      { label: M.markdown, choose: save('markdown') },
      ...(this.map === null ? [] : [{ label: M.image, choose: () => void this.saveImage() }]),
    ];
  }

  private async saveImage(): Promise<void> {
    const base64 = await this.map?.image();
    const { selected } = this.store.state;
    if (base64 != null && selected !== null) {
      this.controller.act({ action: 'save-image', name: S.heatmap.image(selected), base64 });
    }
  }

  /** The sizes of the whole model. What gzip makes of it is asked for while somebody looks. */
  private openSizes(numbers: Numbers): void {
    const content = (): TemplateResult => {
      const { file, modelGzip, asTable } = this.store.state;
      if (file.kind !== 'open') return html``;
      const rows = this.allRows(file.head);
      return modelSizes(rows, this.sums(rows), modelGzip, numbers, asTable.has('sizes'), () => this.twin('sizes'));
    };
    const stop = (): void => {
      unsubscribe();
      this.controller.stopCompressingAll();
    };
    const draw = openSheet(S.modelSizes.title, content, { onClose: stop });
    const unsubscribe = this.store.subscribe(({ file }, before) => {
      draw();
      if (file !== before.file && file.kind === 'open') this.controller.compressAll();
    });
    this.controller.compressAll();
  }

  private moreItems(name: string, head: FileHead, groups: readonly FindingGroup[], numbers: Numbers) {
    const M = S.moreMenu;
    const sums = this.sums(this.allRows(head));
    return [
      {
        label: M.copy,
        choose: () => this.controller.act({ action: 'copy', text: summaryMarkdown(name, head, sums, groups, numbers) }),
      },
      { label: M.sizes, choose: () => this.openSizes(numbers) },
      { label: M.details, choose: () => openDetailsSheet(head, numbers) },
      { label: M.readAgain, choose: () => void this.controller.open() },
    ];
  }

  /** Single letters, only while nothing is being typed and without a modifier. */
  private readonly onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, textarea, select')) return;
    const act = this.keyActions()[event.key];
    if (act === undefined || this.store.state.file.kind !== 'open') return;
    event.preventDefault();
    act();
  };

  private keyActions(): Readonly<Record<string, () => void>> {
    return {
      '/': () => {
        const input = this.querySelector<HTMLInputElement>('#filter');
        input?.focus();
        input?.select();
      },
      '?': () => openKeysSheet(KEYS),
      n: () => this.nextFinding(),
      h: () => this.map?.focus(),
      l: () => {
        this.map?.nextLayout();
        this.map?.focus();
      },
      m: () => {
        const all = ['magnitude', 'signed', 'zeros'] as const;
        const at = all.indexOf(this.store.state.colouring);
        this.dispatch({ type: 'colouring', colouring: all[(at + 1) % all.length]! });
      },
      t: () => this.twin(...PICTURES),
      e: () => this.querySelector<HTMLElement>('#export')?.click(),
      Escape: () => this.table?.focusRow(),
    };
  }
}

customElements.define('espalier-checkpoint', CheckpointPage);
