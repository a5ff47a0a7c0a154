import type { FileHead, StructureDiff } from '@espalier/protocol';
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
import { openKeysSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { css } from '../shared/styles.js';
import type { TableModel, VirtualTable } from '../shared/virtualTable.js';
import { SASH } from '../shared/words.js';
import type { CompareMaps } from './compareMaps.js';
import type { Controller } from './controller.js';
import { detailHead, histogramView, largestView, maskView, statisticsView } from './detailView.js';
import { actionButtons, fileLines, notice, progressLine } from './headerView.js';
import { countRows, pairs, type Row, shownRows } from './rows.js';
import { type Action, PICTURES, type Picture, STANDARD_SPLIT, type State, type Which } from './state.js';
import { KEYS, S } from './strings.js';
import { changeStrip } from './stripView.js';
import { structureView } from './structureView.js';
import { compareColumns } from './tableView.js';
import '../shared/virtualTable.js';
import './compareMaps.js';

/** The comparison of two checkpoints. Everything it shows follows from the store's state. */
export class ComparePage extends LitElement {
  declare channel: Channel;
  declare store: Store<State, Action>;
  declare controller: Controller;

  private readonly rows = memoise(pairs);
  private readonly shown = memoise(shownRows);
  private readonly counts = memoise(countRows);
  private readonly numbers = memoise(createNumbers);
  private readonly columns = memoise(compareColumns);
  private readonly layers = memoise((rows: readonly Row[]) => rows.filter(({ head }) => head.prunable));

  private readonly views = new Map<string, View>();
  private generation = 0;
  private readonly patience = new Patience(() => this.requestUpdate());
  /** The line under the files was shown since they were opened. */
  private hasSpoken = false;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.subscribe((state, before) => {
      if (state.files.kind !== before.files.kind || (before.news !== null && state.news === null)) this.generation++;
      this.requestUpdate();
      if (state.selected !== before.selected) void this.updateComplete.then(() => this.revealSelected());
    });
    addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.onKey);
  }

  private get table(): VirtualTable<Row> | null {
    return this.querySelector('espalier-table');
  }

  private get maps(): CompareMaps | null {
    return this.querySelector('espalier-compare-maps');
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
    const names = state.start?.names ?? [];
    const { files } = state;
    if (files.kind === 'open') return this.open(state, files, names, numbers);
    return html`<div class="page">
      <header class="bar title"><h1>${names.join(' → ')}</h1></header>
      ${
        files.kind === 'opening'
          ? html`<main class="centred late">${S.page.opening}</main>`
          : faultPage(files.fault, numbers, {
              again: () => this.controller.retry(),
              explain: () => this.controller.act({ action: 'documentation', code: files.fault.code }),
            })
      }
    </div>`;
  }

  private allRows(): readonly Row[] {
    const { files, values } = this.store.state;
    return files.kind === 'open' ? this.rows(files.before.tensors, files.after.tensors, files.structure, values) : [];
  }

  private shownNow(): readonly Row[] {
    const { filter, which, sort, scan } = this.store.state;
    return this.shown(this.allRows(), filter, which, sort, scan.kind === 'running');
  }

  private open(
    state: State,
    files: { readonly before: FileHead; readonly after: FileHead; readonly structure: StructureDiff },
    names: readonly string[],
    numbers: Numbers,
  ): TemplateResult {
    const rows = this.allRows();
    const compared = rows.filter(({ diff }) => diff !== null).length;
    const nameOf = (path: string): string => names[this.controller.paths.indexOf(path)] ?? path;
    return html`<div class="page">
      <header>
      <div class="files">
        ${fileLines(state, files.before, files.after, names, numbers)}
        ${actionButtons({
          swap: () => this.controller.act({ action: 'swap' }),
          exportItems: () => this.exportItems(),
          moreItems: () => this.moreItems(),
        })}
      </div>
      ${progressLine(state)}
      ${this.statusLine(state, { read: compared, all: rows.length }, nameOf, numbers)}
      </header>
      ${changeStrip(
        {
          layers: this.layers(rows),
          selected: state.selected,
          asTable: state.asTable.has('strip'),
          onTwin: () => this.twin('strip'),
          onOpen: (tensor) => this.dispatch({ type: 'select', tensor }),
        },
        numbers,
      )}
      <main class="split" ${css({ '--split': `${state.split * 100}%` })}>
        <section class="list" aria-label=${S.table.region}>
          ${structureView(files.structure, files.after.tensors.length, numbers)} ${this.tools(state, rows, numbers)} ${this.tableFrame(state, rows, numbers)}
        </section>
        ${sash({
          label: SASH,
          value: state.split,
          min: 0.3,
          max: 0.75,
          standard: STANDARD_SPLIT,
          change: (split) => this.dispatch({ type: 'split', split }),
        })}
        ${this.detail(state, rows, numbers)}
      </main>
      <div class="visually-hidden" aria-live="polite">${state.scan.kind === 'done' ? S.page.done : ''}</div>
    </div>`;
  }

  /** One line under the files for what is going on. Once it is there it stays: the rows below must not move while somebody reads them. */
  private statusLine(
    state: State,
    counts: { readonly read: number; readonly all: number },
    nameOf: (path: string) => string,
    numbers: Numbers,
  ): TemplateResult | typeof nothing {
    const comparing = state.scan.kind === 'running' && state.news === null;
    const isOver = this.patience.isOver(comparing);
    if (state.scan.kind === 'none') this.hasSpoken = false;
    if (comparing && !isOver) return nothing;
    if (comparing) this.hasSpoken = true;
    const line = notice(state, counts, nameOf, numbers, {
      cancel: () => this.controller.stop(),
      compare: () => this.controller.compare(),
      reload: () => void this.controller.open(),
    });
    if (line !== nothing) return html`<div class="status-line">${line}</div>`;
    return this.hasSpoken ? html`<div class="status-line"><div class="bar quiet">${S.page.done}</div></div>` : nothing;
  }

  private tools(state: State, rows: readonly Row[], numbers: Numbers): TemplateResult {
    const T = S.table;
    const counts = this.counts(rows, state.scan.kind === 'running');
    const option = (value: Which, label: TemplateResult | string, title: string) => ({
      value,
      title,
      label: html`${label} <span class="num small">${numbers.integer(counts[value])}</span>`,
    });
    return html`<div class="tools">
      <h2 class="small-title">${T.title}</h2>
      ${filterBox({
        label: T.filter,
        value: state.filter,
        change: (text) => this.dispatch({ type: 'filter', text }),
        leave: () => this.table?.focusRow(),
      })}
      ${radioGroup<Which>({
        label: T.which,
        options: [
          option('changed', T.changed, T.changedTitle),
          // Together with the weights and the identical ones these are all.
          ...(counts.others > 0 || state.which === 'others' ? [option('others', T.others, T.othersTitle)] : []),
          option('same', T.same, T.sameTitle),
          option('all', T.all, T.allTitle),
        ],
        value: state.which,
        choose: (which) => this.dispatch({ type: 'which', which }),
      })}
      <span class="grow"></span>
      <button class="icon-button" type="button" title=${T.keys} aria-label=${T.keysLabel} @click=${() => openKeysSheet(KEYS)}>
        ${icon('keyboard')}
      </button>
    </div>`;
  }

  private tableFrame(state: State, rows: readonly Row[], numbers: Numbers): TemplateResult {
    const shown = this.shownNow();
    return html`<div class="table-frame">
      <espalier-table .model=${this.tableModel(state, shown, numbers)}></espalier-table>
      ${shown.length === 0 ? this.emptyTable(state, rows) : nothing}
    </div>`;
  }

  private emptyTable(state: State, rows: readonly Row[]): TemplateResult {
    const T = S.table;
    const clear = html`<span
      ><button class="button" type="button" @click=${() => this.dispatch({ type: 'filter', text: '' })}>${T.clear}</button></span
    >`;
    const words = (): TemplateResult => {
      if (rows.length === 0) return html`<span>${T.noPairs}</span>`;
      if (state.filter.trim() !== '') return html`<span>${T.noMatch(state.filter)}</span>${clear}`;
      if (state.which === 'same') return html`<span>${T.noneSame}</span>`;
      if (state.which === 'others') return html`<span>${T.noOthers}</span>`;
      const equal = state.scan.kind === 'done' && state.scan.end.identical;
      return equal ? html`${T.equal.map((line) => html`<span>${line}</span>`)}` : html`<span>${T.noneChanged}</span>`;
    };
    return html`<div class="centred over-table">${words()}</div>`;
  }

  private tableModel(state: State, shown: readonly Row[], numbers: Numbers): TableModel<Row> {
    return {
      label: S.table.label,
      columns: this.columns(numbers, state.scan.kind === 'running'),
      rows: shown,
      sort: state.sort,
      selected: state.selected,
      focused: state.focused,
      keyOf: ({ head }) => head.name,
      classOf: ({ head }) => (head.prunable ? '' : 'minor'),
      sentence: () => null,
      onOpen: (tensor) => this.dispatch({ type: 'select', tensor }),
      onFocus: (tensor) => this.dispatch({ type: 'focus', tensor }),
      onSort: (column) => this.dispatch({ type: 'sort', column }),
      onScroll: () => {},
    };
  }

  private detail(state: State, rows: readonly Row[], numbers: Numbers): TemplateResult {
    const row = rows.find(({ head }) => head.name === state.selected);
    if (row === undefined) {
      const equal = state.scan.kind === 'done' && state.scan.end.identical;
      return html`<section class="detail" aria-label=${S.detail.region}>
        <div class="centred tall">${state.scan.kind === 'running' ? nothing : equal ? S.detail.chooseEqual : S.detail.choose}</div>
      </section>`;
    }
    const { head, before, diff } = row;
    const [pathBefore = '', pathAfter = ''] = this.controller.paths;
    return html`<section class="detail" aria-label=${S.detail.region}>
      ${detailHead(row, (by) => this.step(by))}
      ${
        head.noValues !== undefined || before.noValues !== undefined
          ? nothing
          : html`<espalier-compare-maps
              .channel=${this.channel}
              .numbers=${numbers}
              .model=${{
                pathBefore,
                pathAfter,
                before,
                after: head,
                begin: diff?.largest[0]?.index ?? null,
                generation: this.generation,
                layout: head.outputChannels === null && state.layout === 'channel' ? 'kernel' : state.layout,
                third: state.third,
                asTable: state.asTable.has('maps'),
                views: this.views,
                onLayout: (layout: State['layout']) => this.dispatch({ type: 'layout', layout }),
                onThird: (third: State['third']) => this.dispatch({ type: 'third', third }),
                onTwin: () => this.twin('maps'),
                onLeave: () => this.table?.focusRow(),
              }}
            ></espalier-compare-maps>`
      }
      ${
        diff === null
          ? html`<div class="centred tall">${S.detail.unread}</div>`
          : html`<hr />
              ${maskView(diff, numbers)}
              <hr />
              <div class="two">
                ${statisticsView(diff, numbers)}
                ${histogramView(head, diff, numbers, state.asTable.has('histogram'), () => this.twin('histogram'))}
              </div>
              <hr />
              ${largestView(diff, numbers, (index) => this.maps?.showPlace(index))}`
      }
    </section>`;
  }

  private twin(...pictures: Picture[]): void {
    this.dispatch({ type: 'twin', pictures });
  }

  private step(by: 1 | -1): void {
    const shown = this.shownNow();
    const at = shown.findIndex(({ head }) => head.name === this.store.state.selected);
    const next = at < 0 ? shown[0] : shown[at + by];
    if (next !== undefined) this.dispatch({ type: 'select', tensor: next.head.name });
  }

  private nextChanged(): void {
    const differing = this.shownNow().filter(({ diff }) => diff !== null && diff.changed > 0);
    if (differing.length === 0) return;
    const at = differing.findIndex(({ head }) => head.name === this.store.state.selected);
    this.dispatch({ type: 'select', tensor: differing[(at + 1) % differing.length]!.head.name });
    void this.updateComplete.then(() => this.table?.focusRow());
  }

  private exportItems() {
    const { paths } = this.controller;
    const save = (format: 'json' | 'csv' | 'markdown') => () =>
      this.controller.act({ action: 'export', format, path: paths[1] ?? '', compared: paths });
    const M = S.exportMenu;
    return [
      { label: M.csv, choose: save('csv') },
      { label: M.json, choose: save('json') },
      { label: M.markdown, choose: save('markdown') },
      ...(this.maps === null ? [] : [{ label: M.image, choose: () => void this.saveImage() }]),
    ];
  }

  private async saveImage(): Promise<void> {
    const base64 = await this.maps?.image();
    const { selected } = this.store.state;
    if (base64 != null && selected !== null) {
      this.controller.act({ action: 'save-image', name: S.maps.image(selected), base64 });
    }
  }

  private moreItems() {
    const [before = '', after = ''] = this.controller.paths;
    return [
      { label: S.moreMenu.openBefore, choose: () => this.controller.act({ action: 'open-file', path: before }) },
      { label: S.moreMenu.openAfter, choose: () => this.controller.act({ action: 'open-file', path: after }) },
      { label: S.moreMenu.again, choose: () => void this.controller.open() },
    ];
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, textarea, select')) return;
    const act = this.keyActions()[event.key];
    if (act === undefined || this.store.state.files.kind !== 'open') return;
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
      n: () => this.nextChanged(),
      h: () => this.maps?.focus(),
      l: () => {
        this.maps?.nextLayout();
        this.maps?.focus();
      },
      m: () => this.dispatch({ type: 'third', third: this.store.state.third === 'delta' ? 'mask' : 'delta' }),
      t: () => this.twin(...PICTURES),
      e: () => this.querySelector<HTMLElement>('#export')?.click(),
      Escape: () => this.table?.focusRow(),
    };
  }
}

customElements.define('espalier-compare', ComparePage);
