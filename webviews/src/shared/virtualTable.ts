import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Sort } from './sorting.js';
import { css } from './styles.js';
import { type RowWindow, rowsHeight, rowWindow, scrollToRow, visibleRows } from './virtualRows.js';

const ROW_HEIGHT = 22;
const HEAD_HEIGHT = 24;

/** Pixels of a table that shows this many rows. */
export const tableHeight = (rows: number): number => HEAD_HEIGHT + rows * ROW_HEIGHT;

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** The label is for listeners alone. */
  readonly hidden?: boolean;
  readonly title?: string;
  /** Classes of the head and of every cell; pages fold columns by them. */
  readonly className?: string;
  readonly sortable?: boolean;
  /** `room`: pixels of the column; undefined until it was measured. */
  readonly cell: (row: Row, room?: number) => unknown;
}

/** Everything a table shows and whom it tells. Rows are plain data; the table holds no state but its scroll position. */
export interface TableModel<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly sort: Sort | null;
  /** Row that is open in the detail, and row that has the tab stop (else the selected one, else the first). */
  readonly selected: string | null;
  readonly focused: string | null;
  keyOf(row: Row): string;
  classOf(row: Row): string;
  /** A sentence that takes the place of the cells from the third column on. */
  sentence(row: Row): TemplateResult | null;
  onOpen(key: string): void;
  onFocus(key: string): void;
  onSort(column: string): void;
  onScroll(rows: RowWindow, scrollTop: number): void;
}

/** A grid that draws only the rows in view. One tab stop; arrows move, also into the column heads; Enter opens or sorts. */
export class VirtualTable<Row = unknown> extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: TableModel<Row> | undefined;

  private viewHeight = 0;
  /** Pixels of each column, in their order. Columns that are folded away have none. */
  private rooms: readonly number[] = [];
  private headFocus: number | null = null;
  private focusWanted = false;
  private readonly observer = new ResizeObserver(() => this.measure());

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'grid');
    this.addEventListener('scroll', this.onScroll, { passive: true });
    this.addEventListener('keydown', this.onKey);
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('scroll', this.onScroll);
    this.removeEventListener('keydown', this.onKey);
    this.observer.disconnect();
  }

  /** Brings a row into view; with `lead`, a row that was out of view comes to that share of the height. */
  reveal(key: string, lead?: number): void {
    this.measure();
    // The list must have its height, or its end stops the scrolling in the middle of a row.
    void this.updateComplete.then(() => {
      const row = this.indexOf(key);
      if (row >= 0) this.scrollTop = scrollToRow(row, ROW_HEIGHT, this.scrollTop, this.bodyHeight, lead);
    });
  }

  /** Moves the keyboard to the row with the tab stop. */
  focusRow(): void {
    // The row may come into being only with the next drawing.
    this.focusWanted = true;
    this.requestUpdate();
  }

  private get bodyHeight(): number {
    return Math.max(0, this.viewHeight - HEAD_HEIGHT);
  }

  private indexOf(key: string | null): number {
    const { rows, keyOf } = this.model!;
    return key === null ? -1 : rows.findIndex((row) => keyOf(row) === key);
  }

  /** Where the tab stop is: the focused row, else the selected one, else the first. */
  private tabRow(): number {
    const focused = this.indexOf(this.model!.focused);
    return focused >= 0 ? focused : Math.max(0, this.indexOf(this.model!.selected));
  }

  private measure(): void {
    const rooms = [...this.querySelectorAll('.table-head [role=columnheader]')].map(
      (head) => head.getBoundingClientRect().width,
    );
    const sameRooms = rooms.length === this.rooms.length && rooms.every((room, i) => room === this.rooms[i]);
    if (this.clientHeight === this.viewHeight && sameRooms) return;
    this.viewHeight = this.clientHeight;
    this.rooms = rooms;
    this.requestUpdate();
    this.tellScroll();
  }

  private readonly onScroll = (): void => {
    this.requestUpdate();
    this.tellScroll();
  };

  private tellScroll(): void {
    const { model } = this;
    if (model === undefined) return;
    model.onScroll(visibleRows(model.rows.length, ROW_HEIGHT, this.scrollTop, this.bodyHeight), this.scrollTop);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const taken = target.matches('.row')
      ? this.onRowKey(event)
      : target.closest('.table-head')
        ? this.onHeadKey(event)
        : false;
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  };

  private onRowKey(event: KeyboardEvent): boolean {
    const { model } = this;
    if (model === undefined) return false;
    const at = this.tabRow();
    const last = model.rows.length - 1;
    const page = Math.max(1, Math.floor(this.bodyHeight / ROW_HEIGHT) - 1);
    if (event.key === 'Enter' || event.key === ' ') {
      model.onOpen(model.keyOf(model.rows[at]!));
      return true;
    }
    if (event.key === 'ArrowUp' && at === 0) {
      this.focusHead(this.headFocus ?? model.columns.findIndex((column) => column.sortable));
      return true;
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + page, PageUp: at - page }[
      event.key
    ];
    if (to === undefined) return false;
    this.moveTo(Math.max(0, Math.min(last, to)));
    return true;
  }

  private moveTo(index: number): void {
    const { model } = this;
    if (model === undefined) return;
    this.scrollTop = scrollToRow(index, ROW_HEIGHT, this.scrollTop, this.bodyHeight);
    model.onFocus(model.keyOf(model.rows[index]!));
    this.focusRow();
  }

  private onHeadKey(event: KeyboardEvent): boolean {
    const heads = [...this.querySelectorAll<HTMLElement>('.table-head button')].filter(
      (head) => head.offsetParent !== null,
    );
    const at = heads.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'ArrowDown') {
      this.focusRow();
      return true;
    }
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: heads.length - 1 }[event.key];
    if (to === undefined) return false;
    heads[Math.max(0, Math.min(heads.length - 1, to))]?.focus();
    return true;
  }

  private focusHead(column: number): void {
    this.querySelector<HTMLElement>(`.table-head [aria-colindex="${column + 1}"] button`)?.focus();
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const { model } = this;
    if (model === undefined) return;
    this.setAttribute('aria-label', model.label);
    this.setAttribute('aria-rowcount', String(model.rows.length + 1));
    this.setAttribute('aria-colcount', String(model.columns.length));
  }

  protected override updated(changed: PropertyValues): void {
    if (this.focusWanted) {
      this.focusWanted = false;
      this.querySelector<HTMLElement>('.row[tabindex="0"]')?.focus({ preventScroll: true });
    }
    if (changed.has('model')) this.tellScroll();
    // A scrollbar that came or went, and the first drawing, change the columns without resizing the table.
    this.measure();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model === undefined) return nothing;
    const { rows } = model;
    const drawn = rowWindow(rows.length, ROW_HEIGHT, this.scrollTop, this.bodyHeight);
    const tab = this.tabRow();
    const indices: number[] = [];
    // The row with the tab stop stays in the document wherever the list is scrolled, or the keyboard would lose its place.
    if (rows.length > 0 && tab < drawn.first) indices.push(tab);
    for (let i = drawn.first; i < drawn.end; i++) indices.push(i);
    if (rows.length > 0 && tab >= drawn.end) indices.push(tab);
    return html`${this.head(model)}
      <div class="table-rows" role="rowgroup" ${css({ height: `${rowsHeight(rows.length, ROW_HEIGHT, this.bodyHeight)}px` })}>
        ${repeat(
          indices,
          (i) => model.keyOf(rows[i]!),
          (i) => this.row(model, i, i === tab),
        )}
      </div>`;
  }

  private head(model: TableModel<Row>): TemplateResult {
    return html`<div class="table-head" role="rowgroup"><div class="columns" role="row" aria-rowindex="1">
      ${model.columns.map((column, i) => {
        const sorted = model.sort?.key === column.key ? model.sort.direction : null;
        const arrow = sorted === null ? '' : sorted === 'ascending' ? '\u2009↑' : '\u2009↓';
        return html`<span
          role="columnheader"
          class=${column.className ?? ''}
          aria-colindex=${i + 1}
          aria-sort=${sorted ?? nothing}
          title=${column.title ?? nothing}
        >
          ${
            column.sortable
              ? html`<button
                  type="button"
                  tabindex="-1"
                  @focus=${() => (this.headFocus = i)}
                  @click=${() => model.onSort(column.key)}
                >
                  ${column.label}${arrow}
                </button>`
              : column.hidden === true
                ? html`<span class="visually-hidden">${column.label}</span>`
                : column.label
          }
        </span>`;
      })}
    </div></div>`;
  }

  private row(model: TableModel<Row>, index: number, isTab: boolean): TemplateResult {
    const row = model.rows[index]!;
    const key = model.keyOf(row);
    const sentence = model.sentence(row);
    const cells = sentence === null ? model.columns : model.columns.slice(0, 2);
    return html`<div
      class="row columns ${model.classOf(row)}"
      role="row"
      aria-rowindex=${index + 2}
      aria-selected=${key === model.selected}
      tabindex=${isTab ? 0 : -1}
      data-key=${key}
      @click=${() => model.onOpen(key)}
      ${css({ top: `${index * ROW_HEIGHT}px` })}
    >
      ${cells.map(
        (column, i) =>
          html`<span role="gridcell" class=${column.className ?? ''} aria-colindex=${i + 1}>${column.cell(row, this.rooms[i])}</span>`,
      )}
      ${
        sentence === null
          ? nothing
          : html`<span role="gridcell" class="sentence" aria-colindex="3" aria-colspan=${model.columns.length - 2}>${sentence}</span>`
      }
    </div>`;
  }
}

customElements.define('espalier-table', VirtualTable);
