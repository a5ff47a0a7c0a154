import { FaultError } from '@espalier/base';
import { compareTile, type MatrixLayout, type MatrixSize, matrix, type TensorHead, values } from '@espalier/protocol';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { HeatmapCanvas, HeatmapModel } from '../heatmap/heatmapCanvas.js';
import { layoutOptions } from '../heatmap/layoutOptions.js';
import { legendBar, zeroSwatch } from '../heatmap/legend.js';
import { kernelCell, placeOf } from '../heatmap/meaning.js';
import { blockScale, type Look, type Tile } from '../heatmap/shade.js';
import type { TileWindow } from '../heatmap/tileGrid.js';
import { type CellValue, ValueStore } from '../heatmap/valueStore.js';
import { STANDARD_ZOOM, type View } from '../heatmap/viewport.js';
import { base64Of, tileOf } from '../heatmap/wire.js';
import { placeWords, zoomWords } from '../heatmap/words.js';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import { icon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { how } from '../shared/obtained.js';
import { radioGroup } from '../shared/radioGroup.js';
import { onThemeChange } from '../shared/theme.js';
import { twinButton } from '../shared/twinButton.js';
import { MAPS } from '../shared/words.js';
import type { Third } from './state.js';
import { S } from './strings.js';
import '../heatmap/heatmapCanvas.js';

export interface CompareMapsModel {
  readonly pathBefore: string;
  readonly pathAfter: string;
  readonly before: TensorHead;
  readonly after: TensorHead;
  /** Index of a changed value to begin at, if one is known. */
  readonly begin: readonly number[] | null;
  readonly generation: number;
  readonly layout: MatrixLayout;
  readonly third: Third;
  readonly asTable: boolean;
  readonly views: Map<string, View>;
  onLayout(layout: MatrixLayout): void;
  onThird(third: Third): void;
  onTwin(): void;
  onLeave(): void;
}

type Sizes = Readonly<Record<MatrixLayout, MatrixSize>>;

const SETTLING_MS = 1500;
const TWIN_ROWS = 4;
const TWIN_COLUMNS = 12;

/** Before, after, and their difference or the change of the mask: one window, one zoom, one cell. */
export class CompareMaps extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: CompareMapsModel | undefined;
  declare channel: Channel;
  declare numbers: Numbers;

  private sizes: Sizes | undefined;
  private problem: string | undefined;
  private outputChannel = 0;
  private view: View | undefined;
  /** The view that nobody has touched yet. */
  private firstView: View | undefined;
  private openedAt = 0;
  private stores: { readonly before: ValueStore; readonly after: ValueStore } | undefined;
  private storeKey: string | undefined;
  private stopTheme = (): void => {};
  private asking: AbortController | undefined;
  private openKey: string | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // The legends have colours of the theme.
    this.stopTheme = onThemeChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopTheme();
    this.asking?.abort();
    this.closeStores();
    this.openKey = undefined;
    this.storeKey = undefined;
  }

  override focus(): void {
    this.map?.focus();
  }

  async image(): Promise<string | null> {
    const blob = await this.map?.image();
    return blob == null ? null : base64Of(blob);
  }

  /** Outlines a place of the tensor, in the kernel matrix. */
  showPlace(index: readonly number[]): void {
    const { model } = this;
    if (model === undefined) return;
    if (model.layout !== 'kernel') model.onLayout('kernel');
    void this.updateComplete.then(() => {
      const cell = this.size === undefined ? null : kernelCell(placeOf(model.after, index), this.size);
      if (cell !== null) this.map?.showCell(cell.row, cell.column);
      this.focus();
    });
  }

  private get map(): HeatmapCanvas | null {
    return this.querySelector('espalier-heatmap');
  }

  private get size(): MatrixSize | undefined {
    return this.model === undefined ? undefined : this.sizes?.[this.model.layout];
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const { model } = this;
    if (model === undefined) return;
    const key = `${model.generation} ${model.after.name}`;
    if (key === this.openKey) return;
    this.openKey = key;
    void this.open(model);
  }

  private async open(model: CompareMapsModel): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.problem = undefined;
    this.sizes = undefined;
    this.view = undefined;
    this.firstView = undefined;
    this.openedAt = Date.now();
    this.outputChannel = 0;
    try {
      const [before, after] = await Promise.all([
        this.channel.ask(matrix, { path: model.pathBefore, tensor: model.before.name }, asking.signal),
        this.channel.ask(matrix, { path: model.pathAfter, tensor: model.after.name }, asking.signal),
      ]);
      if (!before.ok) this.problem = before.fault.message;
      else if (!after.ok) this.problem = after.fault.message;
      else this.sizes = common(before.value, after.value);
      this.requestUpdate();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The differences of a tensor that was opened a moment ago tell where to look; nobody has begun to look elsewhere. */
  protected override updated(changed: PropertyValues<this>): void {
    const earlier = changed.get('model') as CompareMapsModel | undefined;
    const { model, size, view } = this;
    if (earlier === undefined || model === undefined || size === undefined || view === undefined) return;
    const arrived = earlier.after.name === model.after.name && earlier.begin === null && model.begin !== null;
    if (!arrived || model.layout !== 'kernel' || view !== this.firstView || Date.now() - this.openedAt > SETTLING_MS)
      return;
    const cell = kernelCell(placeOf(model.after, model.begin!), size);
    if (cell !== null) this.map?.showCell(cell.row, cell.column);
  }

  private fail(error: unknown): void {
    if (isAbort(error)) return;
    this.problem = faultOf(error).message;
    this.requestUpdate();
  }

  private chooseLayout(layout: MatrixLayout): void {
    if (layout === 'channel' && this.view !== undefined && this.size !== undefined && this.model?.layout === 'kernel') {
      this.outputChannel = Math.floor(this.view.row / this.size.kernelRows);
    }
    this.model?.onLayout(layout);
  }

  nextLayout(): void {
    const { model } = this;
    if (model === undefined) return;
    const all = layoutOptions(model.after.outputChannels !== null).filter(({ disabled }) => disabled !== true);
    const at = all.findIndex(({ value }) => value === model.layout);
    this.chooseLayout(all[(at + 1) % all.length]!.value);
  }

  private closeStores(): void {
    this.stores?.before.close();
    this.stores?.after.close();
    this.stores = undefined;
  }

  private valueStores(model: CompareMapsModel, size: MatrixSize) {
    const channel = model.layout === 'channel' ? { channel: this.outputChannel } : {};
    const key = `${model.generation} ${model.after.name} ${model.layout} ${channel.channel ?? ''}`;
    if (this.stores === undefined || key !== this.storeKey) {
      this.closeStores();
      this.storeKey = key;
      const changed = (): void => {
        this.map?.requestUpdate();
        this.requestUpdate();
      };
      const of = (path: string, tensor: string): ValueStore =>
        new ValueStore(
          size.rows,
          size.columns,
          async (window, signal) => {
            const answer = await this.channel.ask(
              values,
              { path, tensor, layout: model.layout, ...channel, ...window },
              signal,
            );
            if (!answer.ok) throw new FaultError(answer.fault);
            return answer.value;
          },
          changed,
        );
      this.stores = { before: of(model.pathBefore, model.before.name), after: of(model.pathAfter, model.after.name) };
    }
    return this.stores;
  }

  private async loadTiles(model: CompareMapsModel, window: TileWindow, signal: AbortSignal): Promise<readonly Tile[]> {
    const answer = await this.channel.ask(
      compareTile,
      {
        before: model.pathBefore,
        after: model.pathAfter,
        tensor: model.after.name,
        ...(model.before.name === model.after.name ? {} : { tensorBefore: model.before.name }),
        layout: model.layout,
        ...(model.layout === 'channel' ? { channel: this.outputChannel } : {}),
        ...window,
        signed: false,
      },
      signal,
    );
    if (!answer.ok) throw new FaultError(answer.fault);
    const { before, after, delta, newZero, newKept } = answer.value;
    return [tileOf(before, window), tileOf(after, window), tileOf(delta, window, { newZero, newKept })];
  }

  /** Both value maps share one scale, else they could not be compared. */
  private looks(model: CompareMapsModel): readonly [Look, Look, Look] {
    const [before, after, delta] = this.map?.sample ?? [];
    const lows = [before?.low ?? 0, after?.low ?? 0].filter((low) => low > 0);
    const low = lows.length === 0 ? 0 : Math.min(...lows);
    const high = Math.max(before?.high ?? 0, after?.high ?? 0);
    const coarse = this.view !== undefined && this.view.zoom < 1;
    const scales = coarse
      ? [before, after].flatMap((tile) => (tile === undefined ? [] : (blockScale(tile, false) ?? [])))
      : [];
    const value: Look =
      scales.length === 2
        ? {
            kind: 'magnitude',
            low: Math.min(...scales.map((scale) => scale.low)),
            high: Math.max(...scales.map((scale) => scale.high)),
          }
        : { kind: 'magnitude', low, high };
    if (model.third === 'mask') return [value, value, { kind: 'mask' }];
    const differences = coarse && delta !== undefined ? blockScale(delta, true) : null;
    return [value, value, { kind: 'signed', high: differences?.high ?? delta?.high ?? 1 }];
  }

  private mapModel(model: CompareMapsModel, size: MatrixSize): HeatmapModel {
    const { numbers } = this;
    const stores = this.valueStores(model, size);
    const viewKey = `${model.after.name}\n${model.layout}`;
    const perRow = Math.max(1, Math.round(size.columns / size.kernelColumns));
    const begin =
      model.begin !== null && model.layout === 'kernel' ? kernelCell(placeOf(model.after, model.begin), size) : null;
    const short = (text: string): string => text.replace(/^([+−]?)0(?=[.,])/, '$1');
    return {
      key: this.storeKey!,
      size,
      begin: model.views.get(viewKey) ?? { row: 0, column: 0, ...begin, zoom: STANDARD_ZOOM },
      looks: this.looks(model),
      marked: new Set(),
      label: (view) => S.maps.label(model.after.name, zoomWords(view.zoom).long),
      loadTiles: (window, signal) => this.loadTiles(model, window, signal),
      rowLabel: (group) => String(model.layout === 'channel' ? group * perRow : group),
      columnLabel: String,
      cellText: (pane, row, column) => {
        const a = stores.before.get(row, column)?.value;
        const b = stores.after.get(row, column)?.value;
        if (a == null || b == null) return undefined;
        return short(pane === 0 ? numbers.value(a) : pane === 1 ? numbers.value(b) : numbers.signedValue(b - a));
      },
      onView: (view) => {
        model.views.set(viewKey, view);
        this.firstView ??= view;
        this.view = view;
        this.requestUpdate();
      },
      onFailed: (error) => this.fail(error),
      onLeave: model.onLeave,
    };
  }

  private drawnFrom: readonly Tile[] | undefined;
  private readonly onDrawn = (): void => {
    const from = this.map?.sample;
    if (from === this.drawnFrom) return;
    this.drawnFrom = from;
    this.requestUpdate();
  };

  protected override render(): TemplateResult | typeof nothing {
    const { model, size } = this;
    if (model === undefined) return nothing;
    return html`${this.toolbar(model)}
      ${
        this.problem !== undefined
          ? html`<div class="centred maps-frame">${S.maps.failed(this.problem)}</div>`
          : size === undefined
            ? html`<div class="maps-frame"></div>`
            : this.pictures(model, size)
      }
      ${this.readOut(model, size)}`;
  }

  private toolbar(model: CompareMapsModel): TemplateResult {
    const M = S.maps;
    const channels = model.after.outputChannels;
    const button = (
      name: 'minus' | 'plus' | 'fit' | 'left' | 'right',
      label: string,
      act: () => void,
    ): TemplateResult =>
      html`<button class="icon-button" type="button" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
    const step = (by: number) => () => {
      this.outputChannel = Math.max(0, Math.min((channels ?? 1) - 1, this.outputChannel + by));
      this.requestUpdate();
    };
    return html`<div class="toolbar">
      <h3>${M.title}</h3>
      ${
        model.layout === 'channel' && channels !== null
          ? html`<span class="together tight">
              ${button('left', MAPS.previousChannel, step(-1))}
              <span class="num" title=${MAPS.outputChannel}>${this.numbers.integer(this.outputChannel)}</span>
              ${button('right', MAPS.nextChannel, step(1))}
            </span>`
          : how({ kind: 'exact' }, this.numbers)
      }
      <span class="grow"></span>
      ${radioGroup({ label: MAPS.layout, options: layoutOptions(channels !== null), value: model.layout, choose: (layout) => this.chooseLayout(layout) })}
      ${radioGroup<Third>({
        label: M.third,
        options: [
          { value: 'delta', label: M.delta, title: M.deltaTitle },
          { value: 'mask', label: M.mask, title: M.maskTitle },
        ],
        value: model.third,
        choose: model.onThird,
      })}
      <span class="together">
        ${button('minus', MAPS.zoomOut, () => this.map?.zoomBy(-1))} ${button('plus', MAPS.zoomIn, () => this.map?.zoomBy(1))}
        ${button('fit', MAPS.whole, () => this.map?.fit())} ${twinButton(model.asTable, M.title, model.onTwin)}
      </span>
    </div>`;
  }

  private pictures(model: CompareMapsModel, size: MatrixSize): TemplateResult {
    const M = S.maps;
    return html`<div class="maps-frame">
      <div class="maps-row captions" ?hidden=${model.asTable}>
        <span>${M.before}</span><span>${M.after}</span><span>${model.third === 'delta' ? M.difference : M.mask}</span>
      </div>
      <espalier-heatmap ?hidden=${model.asTable} .model=${this.mapModel(model, size)} @drawn=${this.onDrawn}></espalier-heatmap>
      ${model.asTable ? this.twin(model, size) : this.legends(model)}
    </div>`;
  }

  private legends(model: CompareMapsModel): TemplateResult {
    const M = S.maps;
    const { numbers } = this;
    const [value, , third] = this.looks(model);
    return html`<div class="maps-row legends">
      ${
        value.kind === 'magnitude'
          ? html`<span class="legend"><span>${numbers.value(value.low)}</span>${legendBar(value)}<span>≥${numbers.value(value.high)}</span></span>`
          : nothing
      }
      <span class="legend"><span class="key">${zeroSwatch()}${M.exactlyZero}</span></span>
      ${
        third.kind === 'signed'
          ? html`<span class="legend"
              ><span>${numbers.value(-third.high)}</span>${legendBar(third)}<span>${numbers.signedValue(third.high)}</span></span
            >`
          : html`<span class="legend"
              ><span class="key"><i class="swatch zero"></i>${M.newlyZero}</span
              ><span class="key"><i class="swatch fewer"></i>${M.newlyKept}</span></span
            >`
      }
    </div>`;
  }

  private cells(model: CompareMapsModel, size: MatrixSize, row: number, column: number) {
    const stores = this.valueStores(model, size);
    return { before: stores.before.get(row, column), after: stores.after.get(row, column) };
  }

  private lastLine: { readonly key: string; readonly line: TemplateResult } | undefined;

  private readOut(model: CompareMapsModel, size: MatrixSize | undefined): TemplateResult {
    const { view } = this;
    const zoom = zoomWords(view?.zoom ?? STANDARD_ZOOM);
    if (size !== undefined && view !== undefined && this.problem === undefined) {
      const { before, after } = this.cells(model, size, view.row, view.column);
      const line = before === undefined || after === undefined ? undefined : this.line(model, before, after);
      // Until a value arrives the last one stays, or the line would flicker while the pointer moves.
      if (line !== undefined) this.lastLine = { key: this.storeKey!, line };
    }
    const line = this.lastLine !== undefined && this.lastLine.key === this.storeKey ? this.lastLine.line : nothing;
    return html`<div class="read-out" aria-live="polite">
      ${line}<span class="grow"></span><span class="num small quiet" title=${zoom.long}>${view === undefined ? '' : zoom.short}</span>
    </div>`;
  }

  private line(model: CompareMapsModel, before: CellValue, after: CellValue): TemplateResult | undefined {
    const { numbers } = this;
    const M = S.maps;
    const [a, b] = [before.value, after.value];
    if (a === null || b === null || after.index === null) return undefined;
    const words =
      a !== 0 && b === 0
        ? M.newlyZero
        : a === 0 && b !== 0
          ? M.newlyKept
          : a === 0 && b === 0
            ? M.zeroInBoth
            : a === b
              ? M.same
              : `${M.delta} ${numbers.signedValue(b - a)}`;
    return html`<span class="num">[${after.index.join(', ')}] = ${numbers.value(a)} → ${numbers.value(b)}</span
      ><span class="quiet">${words} · ${placeWords(placeOf(model.after, after.index), after.index)}</span>`;
  }

  private twin(model: CompareMapsModel, size: MatrixSize): TemplateResult {
    const { view, numbers } = this;
    const M = S.maps;
    const lines: TemplateResult[] = [];
    const [row0, column0] = [view?.row ?? 0, view?.column ?? 0];
    for (let row = row0; row < Math.min(size.rows, row0 + TWIN_ROWS); row++) {
      for (let column = column0; column < Math.min(size.columns, column0 + TWIN_COLUMNS); column++) {
        const { before, after } = this.cells(model, size, row, column);
        const [a, b] = [before?.value, after?.value];
        if (a == null || b == null || after?.index == null || (a === 0 && b === 0)) continue;
        lines.push(
          html`<tr>
            <th scope="row" class="num">[${after.index.join(', ')}]</th>
            <td>${numbers.value(a)}</td>
            <td>${numbers.value(b)}</td>
            <td>${numbers.signedValue(b - a)}</td>
          </tr>`,
        );
      }
    }
    return html`<div class="scroll twin-table" tabindex="0" role="group" aria-label=${M.twinLabel}>
      <table class="mini">
        <thead>
          <tr>
            ${M.twin.map((word) => html`<th scope="col">${word}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${lines}
        </tbody>
      </table>
      ${lines.length === 0 ? html`<p class="quiet">${M.twinNone}</p>` : nothing}
    </div>`;
  }
}

/** Tensors of different shapes are compared over the rows and columns that both have. */
function common(before: Sizes, after: Sizes): Sizes {
  const of = (layout: MatrixLayout): MatrixSize => ({
    ...after[layout],
    rows: Math.min(before[layout].rows, after[layout].rows),
    columns: Math.min(before[layout].columns, after[layout].columns),
  });
  return { kernel: of('kernel'), channel: of('channel'), raw: of('raw') };
}

customElements.define('espalier-compare-maps', CompareMaps);
