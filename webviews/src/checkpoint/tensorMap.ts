import { FaultError } from '@espalier/base';
import {
  heatmap,
  type MatrixLayout,
  type MatrixSize,
  matrix,
  type TensorHead,
  type TensorStats,
  values,
} from '@espalier/protocol';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { HeatmapCanvas, HeatmapModel } from '../heatmap/heatmapCanvas.js';
import { layoutOptions } from '../heatmap/layoutOptions.js';
import { legendBar, zeroSwatch } from '../heatmap/legend.js';
import { placeOf } from '../heatmap/meaning.js';
import type { MinimapModel } from '../heatmap/minimap.js';
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
import { memoise } from '../shared/store.js';
import { twinButton } from '../shared/twinButton.js';
import { MAPS } from '../shared/words.js';
import type { Colouring } from './state.js';
import { S } from './strings.js';
import '../heatmap/heatmapCanvas.js';
import '../heatmap/minimap.js';

export interface TensorMapModel {
  readonly path: string;
  readonly head: TensorHead;
  /** Known once the tensor was scanned: gives the scale and the dead channels. */
  readonly stats: TensorStats | undefined;
  /** Grows when the file was read anew: earlier tiles are of another file. */
  readonly generation: number;
  readonly layout: MatrixLayout;
  readonly colouring: Colouring;
  readonly asTable: boolean;
  /** Views of earlier visits, by tensor and layout. */
  readonly views: Map<string, View>;
  onLayout(layout: MatrixLayout): void;
  onColouring(colouring: Colouring): void;
  onTwin(): void;
  onLeave(): void;
}

type Sizes = Readonly<Record<MatrixLayout, MatrixSize>>;

const SETTLING_MS = 1500;
const TWIN_ROWS = 24;
const TWIN_COLUMNS = 8;

/** The heat map of one tensor with its selectors, small map, legend and read-out. */
export class TensorMap extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: TensorMapModel | undefined;
  declare channel: Channel;
  declare numbers: Numbers;

  private sizes: Sizes | undefined;
  private problem: string | undefined;
  private outputChannel = 0;
  private view: View | undefined;
  /** The view that nobody has touched yet. */
  private firstView: View | undefined;
  private openedAt = 0;
  private store: ValueStore | undefined;
  private storeKey: string | undefined;
  private asking: AbortController | undefined;
  private openKey: string | undefined;
  private lastCell: { readonly cell: CellValue; readonly key: string } | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asking?.abort();
    this.store?.close();
    this.openKey = undefined;
    this.storeKey = undefined;
  }

  override focus(): void {
    this.querySelector<HTMLElement>('espalier-heatmap')?.focus();
  }

  /** A PNG of the map as it is shown, in base64. */
  async image(): Promise<string | null> {
    const blob = await this.map?.image();
    return blob == null ? null : base64Of(blob);
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
    const key = `${model.generation} ${model.head.name}`;
    if (key !== this.openKey) {
      this.openKey = key;
      this.open(model);
    }
  }

  private open(model: TensorMapModel): void {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.problem = undefined;
    this.sizes = undefined;
    this.view = undefined;
    this.firstView = undefined;
    this.openedAt = Date.now();
    this.lastCell = undefined;
    this.outputChannel = 0;
    this.channel.ask(matrix, { path: model.path, tensor: model.head.name }, asking.signal).then(
      (answer) => {
        if (answer.ok) this.sizes = answer.value;
        else this.problem = answer.fault.message;
        this.requestUpdate();
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** The values of a tensor that was opened a moment ago tell where its dead channels are; nobody has begun to look elsewhere. */
  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get('model') as TensorMapModel | undefined;
    const { model, size, view, map } = this;
    if (before === undefined || model === undefined || size === undefined || view === undefined || map === null) return;
    const arrived = before.head.name === model.head.name && before.stats === undefined && model.stats !== undefined;
    const dead = model.stats?.deadOutputs[0];
    if (!arrived || dead === undefined || model.layout !== 'kernel') return;
    if (view === this.firstView && Date.now() - this.openedAt < SETTLING_MS) map.showCell(dead * size.kernelRows, 0);
  }

  private fail(error: unknown): void {
    if (isAbort(error)) return;
    this.problem = faultOf(error).message;
    this.requestUpdate();
  }

  private chooseLayout(layout: MatrixLayout): void {
    const { model } = this;
    if (model === undefined) return;
    if (layout === 'channel') this.outputChannel = this.channelOfCell() ?? this.outputChannel;
    model.onLayout(layout);
  }

  /** Output channel of the outlined cell. */
  private channelOfCell(): number | null {
    const { model, size, view } = this;
    if (model === undefined || size === undefined || view === undefined) return null;
    if (model.layout === 'kernel') return Math.floor(view.row / size.kernelRows);
    const index = this.store?.get(view.row, view.column)?.index;
    return index == null ? null : (placeOf(model.head, index).output ?? null);
  }

  /** Steps through the layouts, as its key does. */
  nextLayout(): void {
    const { model } = this;
    if (model === undefined) return;
    const all = layoutOptions(model.head.outputChannels !== null).filter(({ disabled }) => disabled !== true);
    const at = all.findIndex(({ value }) => value === model.layout);
    this.chooseLayout(all[(at + 1) % all.length]!.value);
  }

  private stepChannel(step: number): void {
    const last = (this.model?.head.outputChannels ?? 1) - 1;
    this.outputChannel = Math.max(0, Math.min(last, this.outputChannel + step));
    this.requestUpdate();
  }

  private values(model: TensorMapModel, size: MatrixSize): ValueStore {
    const key = `${model.generation} ${model.head.name} ${model.layout} ${model.layout === 'channel' ? this.outputChannel : ''}`;
    if (this.store === undefined || this.storeKey !== key) {
      this.store?.close();
      this.storeKey = key;
      const place = this.placeQuery(model);
      this.store = new ValueStore(
        size.rows,
        size.columns,
        async (window, signal) => {
          const answer = await this.channel.ask(values, { ...place, ...window }, signal);
          if (!answer.ok) throw new FaultError(answer.fault);
          return answer.value;
        },
        () => {
          this.map?.requestUpdate();
          this.requestUpdate();
        },
      );
    }
    return this.store;
  }

  private placeQuery({ path, head, layout }: TensorMapModel) {
    return { path, tensor: head.name, layout, ...(layout === 'channel' ? { channel: this.outputChannel } : {}) };
  }

  private async loadTiles(model: TensorMapModel, window: TileWindow, signal: AbortSignal): Promise<readonly Tile[]> {
    const signed = model.colouring === 'signed';
    const answer = await this.channel.ask(heatmap, { ...this.placeQuery(model), ...window, signed }, signal);
    if (!answer.ok) throw new FaultError(answer.fault);
    return [tileOf(answer.value, window)];
  }

  private readonly blocks = memoise(blockScale);

  /**
   * The scale of the colours. Single values: that of the whole tensor if it was scanned, else of the small map. Where a pixel
   * stands for many values: the range of their means.
   */
  private look(model: TensorMapModel, coarse: boolean): Look {
    const overview = this.map?.overview?.[0];
    const sample = this.map?.sample?.[0];
    const low = model.stats?.kept.absmin ?? sample?.low ?? 0;
    const high = model.stats?.kept.abs99 ?? sample?.high ?? 1;
    const blocks = coarse && overview !== undefined ? this.blocks(overview, model.colouring === 'signed') : null;
    switch (model.colouring) {
      case 'magnitude':
        return { kind: 'magnitude', ...(blocks ?? { low, high }) };
      case 'signed':
        return { kind: 'signed', high: blocks?.high ?? high };
      case 'zeros':
        return { kind: 'zeros' };
    }
  }

  private get coarse(): boolean {
    return this.view !== undefined && this.view.zoom < 1;
  }

  private mapModel(model: TensorMapModel, size: MatrixSize): HeatmapModel {
    const { head, layout, stats, views } = model;
    const { numbers } = this;
    const store = this.values(model, size);
    const viewKey = `${head.name}\n${layout}`;
    const signed = model.colouring === 'signed' ? 'signed' : '';
    const perRow = Math.max(1, Math.round(size.columns / size.kernelColumns));
    const dead = layout === 'kernel' ? (stats?.deadOutputs ?? []) : [];
    return {
      key: `${this.storeKey} ${signed}`,
      size,
      begin: views.get(viewKey) ?? { row: (dead[0] ?? 0) * size.kernelRows, column: 0, zoom: STANDARD_ZOOM },
      looks: [this.look(model, this.coarse)],
      marked: new Set(dead),
      label: (view) => S.heatmap.label(head.name, zoomWords(view.zoom).long),
      loadTiles: (window, signal) => this.loadTiles(model, window, signal),
      rowLabel: (group) => String(layout === 'channel' ? group * perRow : group),
      columnLabel: String,
      cellText: (_pane, row, column) => {
        const cell = store.get(row, column);
        if (cell === undefined || cell.value === null) return undefined;
        // A cell has room for little: the zero before the separator goes.
        return numbers.value(cell.value).replace(/^(−?)0(?=[.,])/, '$1');
      },
      onView: (view) => {
        views.set(viewKey, view);
        this.firstView ??= view;
        this.view = view;
        this.requestUpdate();
      },
      onFailed: (error) => this.fail(error),
      onLeave: model.onLeave,
    };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model, size } = this;
    if (model === undefined) return nothing;
    return html`${this.toolbar(model)}
      <div class="map-frame">
        ${
          this.problem !== undefined
            ? html`<div class="centred">${S.heatmap.failed(this.problem)}</div>`
            : size === undefined
              ? html`<div class="centred late"><i class="skeleton full"></i></div>`
              : this.picture(model, size)
        }
      </div>
      ${this.readOut(model, size)}`;
  }

  private toolbar(model: TensorMapModel): TemplateResult {
    const H = S.heatmap;
    const channels = model.head.outputChannels;
    // The stepper takes the place of the title: the line must not become longer than it is in the other layouts.
    const stepper = model.layout === 'channel' && channels !== null;
    return html`<div class="toolbar">
      <h3 class=${stepper ? 'visually-hidden' : ''}>${H.title}</h3>
      ${
        stepper
          ? html`<span class="together tight">
              <button class="icon-button" type="button" aria-label=${MAPS.previousChannel} title=${MAPS.previousChannel} @click=${() => this.stepChannel(-1)}>
                ${icon('left')}
              </button>
              <span class="num" title=${MAPS.outputChannel}>${this.numbers.integer(this.outputChannel)}</span>
              <button class="icon-button" type="button" aria-label=${MAPS.nextChannel} title=${MAPS.nextChannel} @click=${() => this.stepChannel(1)}>
                ${icon('right')}
              </button>
            </span>`
          : nothing
      }
      ${how({ kind: 'exact' }, this.numbers)}
      <span class="grow"></span>
      ${radioGroup({ label: MAPS.layout, options: layoutOptions(channels !== null), value: model.layout, choose: (layout) => this.chooseLayout(layout) })}
      ${radioGroup<Colouring>({
        label: H.colour,
        options: [
          { value: 'magnitude', label: H.magnitude, title: H.magnitudeTitle },
          { value: 'signed', label: H.signed, title: H.signedTitle },
          { value: 'zeros', label: H.zeros, title: H.zerosTitle },
        ],
        value: model.colouring,
        choose: model.onColouring,
      })}
      ${twinButton(model.asTable, H.title, model.onTwin)}
    </div>`;
  }

  private picture(model: TensorMapModel, size: MatrixSize): TemplateResult {
    const mapModel = this.mapModel(model, size);
    return html`<div class="map-main">
        <espalier-heatmap ?hidden=${model.asTable} .model=${mapModel} @drawn=${this.onDrawn}></espalier-heatmap>
        ${model.asTable ? this.twin(model, size) : nothing}
      </div>
      <div class="map-side">${this.side(model, size)}</div>`;
  }

  /** The small map and the scale follow what the map has just loaded and drawn. */
  private drawnFrom: readonly Tile[] | undefined;
  private readonly onDrawn = (): void => {
    const from = this.map?.sample;
    if (from === this.drawnFrom) return;
    this.drawnFrom = from;
    this.requestUpdate();
  };

  private side(model: TensorMapModel, size: MatrixSize): TemplateResult {
    const H = S.heatmap;
    const { map, view, numbers } = this;
    const look = this.look(model, this.coarse);
    const small: MinimapModel | undefined =
      view === undefined
        ? undefined
        : {
            size,
            overview: map?.overview?.[0],
            look: this.look(model, true),
            view,
            window: map?.window ?? { width: 1, height: 1 },
            label: H.overview,
            move: (next) => map?.setView(next),
          };
    const zoom = zoomWords(view?.zoom ?? STANDARD_ZOOM);
    const button = (name: 'minus' | 'plus' | 'fit', label: string, act: () => void): TemplateResult =>
      html`<button class="icon-button" type="button" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
    return html`<espalier-minimap .model=${small}></espalier-minimap>
      <div class="zoom">
        ${button('minus', MAPS.zoomOut, () => map?.zoomBy(-1))} ${button('plus', MAPS.zoomIn, () => map?.zoomBy(1))}
        ${button('fit', MAPS.whole, () => map?.fit())}
        <span class="grow"></span><span class="num small" title=${zoom.long}>${zoom.short}</span>
      </div>
      ${
        look.kind === 'magnitude'
          ? html`<span>${this.coarse ? H.scaleMeans : H.scaleMagnitude}</span>${legendBar(look)}<span class="legend-ends"
                ><span>${numbers.value(look.low)}</span><span>≥${numbers.value(look.high)}</span></span
              >`
          : look.kind === 'signed'
            ? html`<span>${this.coarse ? H.scaleSignedMeans : H.scaleSigned}</span>${legendBar(look)}<span class="legend-ends"
                  ><span>${numbers.value(-look.high)}</span><span>${numbers.signedValue(look.high)}</span></span
                >`
            : html`<span>${H.scaleZeros}</span>${legendBar({ kind: 'zeros' })}<span class="legend-ends"><span>0\u202f%</span><span>100\u202f%</span></span>`
      }
      ${look.kind === 'zeros' ? nothing : html`<span class="key">${(view?.zoom ?? 1) < 1 ? H.faded : html`${zeroSwatch()}${H.exactlyZero}`}</span>`}
      ${(model.stats?.nan ?? 0) + (model.stats?.inf ?? 0) > 0 ? html`<span class="key"><i class="swatch alarm"></i>${H.notFinite}</span>` : nothing}`;
  }

  private readOut(model: TensorMapModel, size: MatrixSize | undefined): TemplateResult {
    const { view, numbers } = this;
    let cell: CellValue | undefined;
    if (size !== undefined && view !== undefined && this.problem === undefined) {
      cell = this.values(model, size).get(view.row, view.column);
      // Until a value arrives the last one stays, or the line would flicker while the pointer moves.
      if (cell !== undefined) this.lastCell = { cell, key: this.storeKey! };
      else if (this.lastCell?.key === this.storeKey) cell = this.lastCell?.cell;
    }
    const index = cell?.index;
    if (cell === undefined || index == null || cell.value === null) return html`<div class="read-out"></div>`;
    const where = `[${index.join(', ')}] = ${numbers.value(cell.value)}`;
    const tile = view !== undefined && view.zoom < 1 ? this.map?.tileAt(0, view.row, view.column) : undefined;
    return html`<div class="read-out" aria-live="polite">
      <span class="num">${where}</span>
      <span class="quiet">${tile === undefined ? nothing : `${S.heatmap.block(String(tile.step), numbers.percent(tile.zeroShare, 255))} · `}${placeWords(placeOf(model.head, index), index)}</span>
    </div>`;
  }

  private twin(model: TensorMapModel, size: MatrixSize): TemplateResult {
    const { view, numbers } = this;
    const store = this.values(model, size);
    const first = (at: number, shown: number, length: number): number =>
      Math.max(0, Math.min(at - Math.floor(shown / 3), length - shown));
    const row0 = first(view?.row ?? 0, TWIN_ROWS, size.rows);
    const column0 = first(view?.column ?? 0, TWIN_COLUMNS, size.columns);
    const rows = Array.from({ length: Math.min(TWIN_ROWS, size.rows) }, (_, i) => row0 + i);
    const columns = Array.from({ length: Math.min(TWIN_COLUMNS, size.columns) }, (_, i) => column0 + i);
    return html`<div class="scroll twin-table" tabindex="0" role="group" aria-label=${S.heatmap.twinLabel}>
      <table class="mini">
        <thead>
          <tr>
            <th scope="col"><span class="visually-hidden">${S.heatmap.row}</span></th>
            ${columns.map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`<tr>
              <th scope="row">${row}</th>
              ${columns.map((column) => {
                const value = store.get(row, column)?.value;
                return html`<td class=${value === 0 ? 'faint' : ''}>${value == null ? '' : numbers.value(value)}</td>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }
}

customElements.define('espalier-tensor-map', TensorMap);
