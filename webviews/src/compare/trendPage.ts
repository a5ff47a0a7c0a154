import type { PageStart } from '@espalier/protocol';
import { html, LitElement, nothing, svg, type TemplateResult } from 'lit';
import { faultPage } from '../shared/faultView.js';
import { filterBox } from '../shared/filterBox.js';
import { icon } from '../shared/icons.js';
import { createNumbers, type Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { openKeysSheet } from '../shared/sheet.js';
import { memoise, type Store } from '../shared/store.js';
import { css } from '../shared/styles.js';
import { alignedPercent, nameTemplate } from '../shared/tensorCells.js';
import type { Column, TableModel, VirtualTable } from '../shared/virtualTable.js';
import type { Controller } from './controller.js';
import { actionButtons } from './headerView.js';
import { S, TREND_KEYS } from './strings.js';
import {
  lineRuns,
  shownLayers,
  type TrendAction,
  type TrendLayer,
  type TrendState,
  trendChange,
  withoutCommonEnding,
} from './trendState.js';
import '../shared/virtualTable.js';

/** Charts side by side are drawn up to this number; the table has all of them. */
const MOST_CHARTS = 60;
const CHART = { width: 132, height: 56 };

/** Three or more checkpoints: the share of zeros of each layer in each of them, as a table and as small lines. */
export class TrendPage extends LitElement {
  declare store: Store<TrendState, TrendAction>;
  declare controller: Controller;
  declare pageStart: PageStart;

  private readonly shown = memoise(shownLayers);
  private readonly numbers = memoise(createNumbers);
  private readonly columns = memoise(trendColumns);

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.subscribe((state, before) => {
      this.requestUpdate();
      if (state.selected !== before.selected) void this.updateComplete.then(() => this.reveal());
    });
    addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.onKey);
  }

  private get table(): VirtualTable<TrendLayer> | null {
    return this.querySelector('espalier-table');
  }

  private reveal(): void {
    const { selected } = this.store.state;
    if (selected === null) return;
    this.table?.reveal(selected, 0.4);
    this.querySelector(`.small-chart[data-layer="${CSS.escape(selected)}"]`)?.scrollIntoView({ block: 'nearest' });
  }

  protected override render(): TemplateResult {
    const { answer } = this.store.state;
    const numbers = this.numbers(this.pageStart.locale);
    const T = S.trend;
    const count = T.title(numbers.integer(this.pageStart.names.length));
    return html`<div class="page">
      <header class="bar title">
        <h1>${count}</h1>
        <div class="facts">
          ${answer.kind === 'there' ? html`<span class="unit">${T.layers(numbers.integer(answer.layers.length))}</span>${how({ kind: 'exact' }, numbers)}` : nothing}
        </div>
        ${actionButtons({ swap: null, exportItems: () => this.exportItems(), moreItems: () => this.moreItems() })}
      </header>
      ${
        answer.kind === 'asking'
          ? html`<main class="centred tall late">${T.reading}</main>`
          : answer.kind === 'failed'
            ? faultPage(answer.fault, numbers, {
                again: () => void this.controller.openTrend(),
                explain: () => this.controller.act({ action: 'documentation', code: answer.fault.code }),
              })
            : this.there(answer.layers, numbers)
      }
    </div>`;
  }

  private there(layers: readonly TrendLayer[], numbers: Numbers): TemplateResult {
    const { state } = this.store;
    const T = S.trend;
    const shown = this.shown(layers, state.filter, state.sort);
    return html`<main class="split trend-split" ${css({ '--split': '60%' })}>
      <section class="list" aria-label=${T.label}>
        <div class="tools">
          ${filterBox({
            label: T.filter,
            value: state.filter,
            change: (text) => this.store.dispatch({ type: 'filter', text }),
            leave: () => this.table?.focusRow(),
          })}
          <span class="grow"></span>
          <span class="faint small-text"
            >${shown.length === layers.length ? nothing : S.table.shown(numbers.integer(shown.length), numbers.integer(layers.length))}</span
          >
          <button class="icon-button" type="button" title=${S.table.keys} aria-label=${S.table.keysLabel} @click=${() => openKeysSheet(TREND_KEYS)}>
            ${icon('keyboard')}
          </button>
        </div>
        <div class="table-frame">
          <espalier-table
            ${css({ '--columns': this.columnWidths() })}
            .model=${this.tableModel(state, shown, numbers)}
          ></espalier-table>
          ${shown.length === 0 ? html`<div class="centred over-table">${layers.length === 0 ? T.none : T.noMatch(state.filter)}</div>` : nothing}
        </div>
      </section>
      <div class="border"></div>
      ${this.multiples(shown, numbers)}
    </main>`;
  }

  private columnWidths(): string {
    const files = this.pageStart.names.map(() => '54px').join(' ');
    return `minmax(120px, 1fr) ${files} 84px 54px`;
  }

  private tableModel(state: TrendState, shown: readonly TrendLayer[], numbers: Numbers): TableModel<TrendLayer> {
    return {
      label: S.trend.label,
      columns: this.columns(this.pageStart.names, numbers),
      rows: shown,
      sort: state.sort,
      selected: state.selected,
      focused: state.focused,
      keyOf: ({ name }) => name,
      classOf: () => '',
      sentence: () => null,
      onOpen: (layer) => this.store.dispatch({ type: 'select', layer }),
      onFocus: (layer) => this.store.dispatch({ type: 'focus', layer }),
      onSort: (column) => this.store.dispatch({ type: 'sort', column }),
      onScroll: () => {},
    };
  }

  private multiples(shown: readonly TrendLayer[], numbers: Numbers): TemplateResult {
    const T = S.trend;
    const { selected } = this.store.state;
    const drawn = shown.slice(0, MOST_CHARTS);
    return html`<section class="detail" aria-label=${T.multiples}>
      <div class="section-head"><h2 class="small-title">${T.multiples}</h2><span class="faint small-text note">${T.multiplesNote}</span></div>
      <div class="small-charts" role="list">
        ${drawn.map(
          (layer) =>
            html`<div class="small-chart ${layer.name === selected ? 'chosen' : ''}" role="listitem" data-layer=${layer.name}>
              <div class="small-chart-name" title=${layer.name}>${nameTemplate(layer.name)}</div>
              ${line(layer, CHART.width, CHART.height, numbers, true)}
            </div>`,
        )}
      </div>
      ${shown.length > drawn.length ? html`<p class="quiet">${T.more(numbers.integer(shown.length - drawn.length))}</p>` : nothing}
    </section>`;
  }

  private exportItems() {
    const { paths } = this.controller;
    const save = (format: 'json' | 'csv' | 'markdown') => () =>
      this.controller.act({ action: 'export', format, path: paths.at(-1) ?? '', compared: paths });
    return [
      { label: S.exportMenu.csv, choose: save('csv') },
      { label: S.exportMenu.json, choose: save('json') },
      { label: S.exportMenu.markdown, choose: save('markdown') },
    ];
  }

  private moreItems() {
    return this.pageStart.names.map((name, i) => ({
      label: name,
      choose: () => this.controller.act({ action: 'open-file', path: this.controller.paths[i] ?? '' }),
    }));
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input')) return;
    if (event.key === '/') this.querySelector<HTMLElement>('#filter')?.focus();
    else if (event.key === '?') openKeysSheet(TREND_KEYS);
    else if (event.key === 'e') this.querySelector<HTMLElement>('#export')?.click();
    else if (event.key === 'Escape') this.table?.focusRow();
    else return;
    event.preventDefault();
  };
}

/** Name, one column for each checkpoint, the line, and the change. */
function trendColumns(names: readonly string[], numbers: Numbers): Column<TrendLayer>[] {
  const T = S.trend;
  const short = withoutCommonEnding(names);
  const share = (ratio: number | null): TemplateResult =>
    ratio === null
      ? html`<span class="faint">${T.missing}</span>`
      : html`<span class="figure">${alignedPercent(ratio, 1, numbers)}</span>`;
  return [
    {
      key: 'name',
      label: T.name,
      sortable: true,
      className: 'c-name',
      cell: ({ name }) => html`<span class="name-cell" title=${name}>${nameTemplate(name)}</span>`,
    },
    ...names.map(
      (name, i): Column<TrendLayer> => ({
        key: `file ${i}`,
        label: short[i]!,
        title: name,
        sortable: true,
        className: 'c-file num right',
        cell: ({ sparsity }) => share(sparsity[i] ?? null),
      }),
    ),
    { key: 'line', label: T.trend, className: 'c-line', cell: (layer) => line(layer, 84, 16, numbers, false) },
    {
      key: 'change',
      label: T.change,
      title: T.changeWhy,
      sortable: true,
      className: 'c-change num right',
      cell: (layer) => {
        const change = trendChange(layer);
        return change === null ? html`<span class="faint">${T.missing}</span>` : numbers.signed(change, 1);
      },
    },
  ];
}

/** A line of shares, 0 at the bottom and 1 at the top. With `framed`, axis lines at 0, 50 and 100 %. */
function line(
  { name, sparsity }: TrendLayer,
  width: number,
  height: number,
  numbers: Numbers,
  framed: boolean,
): TemplateResult {
  const T = S.trend;
  const said = sparsity.map((share) => (share === null ? T.missing : `${numbers.percent(share, 1)}\u202f%`)).join(', ');
  const runs = lineRuns(sparsity, width - 6, height - 6);
  const grid = framed ? [0, 0.5, 1] : [];
  return html`<svg
    class="line"
    viewBox="0 0 ${width} ${height}"
    width=${width}
    height=${height}
    role=${framed ? 'img' : nothing}
    aria-hidden=${framed ? nothing : 'true'}
    aria-label=${framed ? T.line(name, said) : nothing}
  >
    <g transform="translate(3 3)">
      ${grid.map((at) => svg`<path class="grid" d="M0 ${Math.round(at * (height - 6)) + 0.5}H${width - 6}"/>`)}
      ${runs.map((run) => svg`<path class="run" d="M${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}"/>`)}
      ${runs.flat().map(([x, y]) => svg`<circle cx=${x.toFixed(1)} cy=${y.toFixed(1)} r=${framed ? 2 : 1.5}/>`)}
    </g>
  </svg>`;
}

customElements.define('espalier-trend', TrendPage);
