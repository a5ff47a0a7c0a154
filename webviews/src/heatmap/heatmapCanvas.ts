import type { MatrixSize } from '@espalier/protocol';
import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { onThemeChange, type Rgb, rgbText, theme } from '../shared/theme.js';
import { axisTicks, type Tick } from './axisTicks.js';
import { mix, textOn } from './colourMap.js';
import { createRaster, type Paper, paintTile } from './raster.js';
import { EMPTY, type Look, pack, shade, type Tile, unpack } from './shade.js';
import { overviewWindow, type TileWindow, tilesFor } from './tileGrid.js';
import { TileStore } from './tileStore.js';
import {
  centreCell,
  clampView,
  columnAxis,
  DETAIL_ZOOM,
  FIGURE_ZOOM,
  fittingZoom,
  nearestIndex,
  pixelGrid,
  positionOf,
  revealCell,
  rowAxis,
  stepFor,
  type View,
  visiblePart,
  type Window,
  zoomAround,
  zoomSteps,
} from './viewport.js';

/** What the maps show and whom they tell. All panes show the same window of the same matrix. */
export interface HeatmapModel {
  /** Changes whenever tiles of the earlier model would be wrong. */
  readonly key: string;
  readonly size: MatrixSize;
  /** Where to begin: a view kept from before, or a cell to bring to the middle at the standard zoom. */
  readonly begin: View | { readonly row: number; readonly column: number; readonly zoom: number };
  /** One look for each pane, in the order of the loaded tiles. */
  readonly looks: readonly Look[];
  /** Rows (as kernels) to mark at the axis. */
  readonly marked: ReadonlySet<number>;
  readonly label: (view: View) => string;
  loadTiles(window: TileWindow, signal: AbortSignal): Promise<readonly Tile[]>;
  rowLabel(group: number): string;
  columnLabel(group: number): string;
  /** Text of a cell where there is room for it; undefined while it is not known. */
  cellText(pane: number, row: number, column: number): string | undefined;
  onView(view: View): void;
  onFailed(error: unknown): void;
  /** The person wants to leave the map by keyboard. */
  onLeave(): void;
}

/** Room for the labels of rows (left) and columns (top), and between panes. */
const LEFT = 40;
const TOP = 15;
const PANE_GAP = 8;
/** Cells that Shift and an arrow key pass where there are no kernels. */
const LEAP = 8;
/** A picture of a matrix up to this size is made in an instant. */
const CHEAP_ELEMENTS = 32e6;

/** One or several heat maps side by side on one canvas, so that they cannot fail to move together. */
export class HeatmapCanvas extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: HeatmapModel | undefined;

  private canvas!: HTMLCanvasElement;
  private current: View = { zoom: 4, x: 0, y: 0, row: 0, column: 0 };
  private store: TileStore<readonly Tile[]> | undefined;
  private shades = new WeakMap<Tile, { key: string; colours: Uint32Array }>();
  private frame = 0;
  private placed = false;
  private drag: { x: number; y: number; from: View } | null = null;
  private stopTheme = (): void => {};
  private readonly observer = new ResizeObserver(() => this.schedule());

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    return html`<canvas
      tabindex="0"
      role="application"
      @pointerdown=${this.onPointer}
      @pointermove=${this.onPointer}
      @pointerup=${this.onPointer}
      @pointercancel=${this.onPointer}
      @keydown=${this.onKey}
    ></canvas>`;
  }

  protected override firstUpdated(): void {
    this.canvas = this.querySelector('canvas')!;
    // Registered by hand: a wheel listener that stops scrolling must say that it is not passive.
    this.canvas.addEventListener('wheel', this.onWheel, { passive: false });
    this.observer.observe(this);
    this.schedule();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopTheme = onThemeChange(() => this.schedule());
    if (this.canvas !== undefined) this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopTheme();
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.store?.close();
    this.store = undefined;
    this.openKey = undefined;
  }

  private openKey: string | undefined;
  /** Tiles of the last drawing, coarse first. */
  private shown: readonly (readonly Tile[])[] = [];

  protected override updated(_changed: PropertyValues): void {
    const { model } = this;
    if (model === undefined) return;
    if (model.key !== this.openKey) {
      this.openKey = model.key;
      this.store?.close();
      this.store = new TileStore(
        (window, signal) => this.model!.loadTiles(window, signal),
        () => this.schedule(),
        (error) => this.model!.onFailed(error),
      );
      this.placed = false;
    }
    this.schedule();
  }

  get view(): View {
    return this.current;
  }

  /** CSS pixels of one pane, without labels. */
  get window(): Window {
    const panes = this.model?.looks.length ?? 1;
    const width = (this.canvas?.clientWidth ?? 0) - LEFT - PANE_GAP * (panes - 1);
    return {
      width: Math.max(1, Math.floor(width / panes)),
      height: Math.max(1, (this.canvas?.clientHeight ?? 0) - TOP),
    };
  }

  /** The picture of the whole matrix, once it is there. */
  get overview(): readonly Tile[] | undefined {
    return this.model === undefined ? undefined : this.store?.get(overviewWindow(this.model.size));
  }

  /** The finest loaded tile that holds a value of the matrix, and the share of zeros in it (0 to 255). */
  tileAt(pane: number, row: number, column: number): { readonly step: number; readonly zeroShare: number } | undefined {
    const found = findTile(this.shown, pane, row, column);
    return found === undefined ? undefined : { step: found.tile.step, zeroShare: found.tile.zeroShare[found.at]! };
  }

  /** The whole matrix, or any tile that is there before it: enough to know a scale. */
  get sample(): readonly Tile[] | undefined {
    return this.overview ?? this.shown[0];
  }

  get loading(): boolean {
    return this.store?.busy ?? false;
  }

  override focus(): void {
    this.canvas?.focus();
  }

  /** One step nearer (+1) or farther (−1), around the outlined cell. */
  zoomBy(steps: number, anchor?: { x: number; y: number }): void {
    const { model } = this;
    if (model === undefined) return;
    const all = zoomSteps(model.size, this.window);
    const at = all.findIndex((zoom) => zoom >= this.current.zoom - 1e-12);
    const zoom = all[Math.max(0, Math.min(all.length - 1, at + steps))]!;
    if (anchor !== undefined) this.setView(zoomAround(this.current, zoom, model.size, anchor));
    else this.setView(centreCell({ ...this.current, zoom }, model.size, this.window));
  }

  fit(): void {
    const { model } = this;
    if (model !== undefined) this.setView({ ...this.current, zoom: fittingZoom(model.size, this.window), x: 0, y: 0 });
  }

  /** Outlines a cell and brings it to the middle. */
  showCell(row: number, column: number): void {
    const { model } = this;
    if (model !== undefined) this.setView(centreCell({ ...this.current, row, column }, model.size, this.window));
  }

  setView(view: View): void {
    const { model } = this;
    if (model === undefined) return;
    const next = clampView(view, model.size, this.window, devicePixelRatio);
    const { current } = this;
    const same = (Object.keys(next) as (keyof View)[]).every((key) => next[key] === current[key]);
    this.current = next;
    if (!same) model.onView(next);
    this.schedule();
  }

  /** The canvas as a PNG, without the outline. */
  image(): Promise<Blob | null> {
    this.draw(false);
    return new Promise((resolve) =>
      this.canvas.toBlob((blob) => {
        this.schedule();
        resolve(blob);
      }),
    );
  }

  private schedule(): void {
    if (this.frame !== 0 || this.canvas === undefined) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw(true);
    });
  }

  /** The first view of a model needs the size of the window, so it is made when there is one. */
  private place(model: HeatmapModel): void {
    if (this.placed || this.canvas.clientWidth === 0) return;
    this.placed = true;
    const { begin } = model;
    // A matrix that is small beside the window begins larger.
    const zoom = Math.max(begin.zoom, Math.min(16, fittingZoom(model.size, this.window)));
    const cell = { row: begin.row, column: begin.column, zoom };
    const view = 'x' in begin ? begin : centreCell({ ...cell, x: 0, y: 0 }, model.size, this.window);
    this.current = clampView(view, model.size, this.window, devicePixelRatio);
    model.onView(this.current);
  }

  private draw(outlined: boolean): void {
    const { model, canvas } = this;
    if (model === undefined || this.store === undefined) return;
    const ratio = devicePixelRatio;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.place(model);
    this.current = clampView(this.current, model.size, this.window, ratio);
    canvas.setAttribute('aria-label', model.label(this.current));
    const colours = theme();
    const pen = canvas.getContext('2d', { alpha: false })!;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = rgbText(colours.paper);
    pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);

    const tiles = this.wanted(model, ratio);
    this.shown = tiles;
    const { window } = this;
    const grid = pixelGrid(this.current, model.size, window, ratio);
    const { x, y, zoom } = this.current;
    const period = Math.max(4, Math.round(4 * ratio));
    const paper: Paper = {
      paper: pack(colours.paper),
      unknown: pack(colours.track),
      hatch:
        zoom >= DETAIL_ZOOM
          ? {
              colour: pack(hatchColour(colours.paper, colours.ink)),
              periodPixels: period,
              linePixels: Math.max(1, Math.round(ratio)),
              phase: Math.round((x + y) * ratio) % period,
            }
          : null,
    };
    const image = pen.createImageData(grid.columns.length, grid.rows.length);
    const pixels = new Uint32Array(image.data.buffer);
    for (const [pane, look] of model.looks.entries()) {
      const raster = createRaster(grid, paper, pixels);
      for (const set of tiles) {
        const tile = set[pane];
        if (tile !== undefined) paintTile(raster, tile, this.colours(tile, look), paper);
      }
      pen.putImageData(image, Math.round(this.paneLeft(pane) * ratio), Math.round(TOP * ratio));
      this.drawOver(pen, pane, look, tiles, outlined);
    }
    if (outlined) this.dispatchEvent(new CustomEvent('drawn'));
  }

  /** Asks for what is missing, and answers what is there, coarse first. */
  private wanted(model: HeatmapModel, ratio: number): (readonly Tile[])[] {
    const overview = overviewWindow(model.size);
    const step = stepFor(this.current.zoom, ratio);
    const windows =
      overview.step === step ? [] : tilesFor(visiblePart(this.current, model.size, this.window), model.size, step);
    // The whole comes first, because it is soon there and stands in for the rest; not where it costs a long read.
    const isCheap = model.size.rows * model.size.columns <= CHEAP_ELEMENTS;
    this.store!.want(isCheap ? [overview, ...windows] : [...windows, overview]);
    return [overview, ...windows].map((window) => this.store!.get(window)).filter((set) => set !== undefined);
  }

  private colours(tile: Tile, look: Look): Uint32Array {
    const key = `${JSON.stringify(look)} ${rgbText(theme().paper)} ${rgbText(theme().zero)}`;
    const known = this.shades.get(tile);
    if (known?.key === key) return known.colours;
    const colours = shade(tile, look, theme());
    this.shades.set(tile, { key, colours });
    return colours;
  }

  private paneLeft(pane: number): number {
    return LEFT + pane * (this.window.width + PANE_GAP);
  }

  private drawOver(
    pen: CanvasRenderingContext2D,
    pane: number,
    look: Look,
    tiles: readonly (readonly Tile[])[],
    outlined: boolean,
  ): void {
    const { window, current, model } = this;
    if (model === undefined) return;
    const left = this.paneLeft(pane);
    pen.save();
    pen.beginPath();
    // The outline of a cell at the edge reaches a little beyond it.
    pen.rect(left - 3, TOP - 3, window.width + 6, window.height + 6);
    pen.clip();
    if (current.zoom >= FIGURE_ZOOM) this.drawFigures(pen, pane, look, tiles);
    if (outlined && current.zoom >= 2) this.drawOutline(pen, left);
    pen.restore();
    this.drawColumnLabels(pen, left);
    if (pane === 0) this.drawRowLabels(pen);
  }

  private drawFigures(
    pen: CanvasRenderingContext2D,
    pane: number,
    look: Look,
    tiles: readonly (readonly Tile[])[],
  ): void {
    const { size, cellText } = this.model!;
    const { zoom, x, y } = this.current;
    const part = visiblePart(this.current, size, this.window);
    const colours = theme();
    pen.font = `10px ${colours.figures}`;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    for (let row = part.rowBegin; row < part.rowEnd; row++) {
      for (let column = part.columnBegin; column < part.columnEnd; column++) {
        const text = cellText(pane, row, column);
        if (text === undefined) continue;
        pen.fillStyle = rgbText(this.inkOn(row, column, pane, look, tiles) ?? colours.quiet);
        const px = this.paneLeft(pane) + positionOf(column, columnAxis(size), zoom) - x + zoom / 2;
        const py = TOP + positionOf(row, rowAxis(size), zoom) - y + zoom / 2;
        pen.fillText(text, px, py + 0.5, zoom - 2);
      }
    }
  }

  /** Colour of a figure on its cell; undefined on paper. */
  private inkOn(
    row: number,
    column: number,
    pane: number,
    look: Look,
    tiles: readonly (readonly Tile[])[],
  ): Rgb | undefined {
    const found = findTile(tiles, pane, row, column);
    if (found === undefined) return undefined;
    const colour = this.colours(found.tile, look)[found.at]!;
    return colour === EMPTY ? undefined : textOn(unpack(colour));
  }

  private drawOutline(pen: CanvasRenderingContext2D, left: number): void {
    const { size } = this.model!;
    const { zoom, x, y, row, column } = this.current;
    const px = left + positionOf(column, columnAxis(size), zoom) - x;
    const py = TOP + positionOf(row, rowAxis(size), zoom) - y;
    pen.lineWidth = 1;
    pen.strokeStyle = rgbText(theme().paper);
    pen.strokeRect(px - 2.5, py - 2.5, zoom + 5, zoom + 5);
    pen.strokeStyle = rgbText(theme().ink);
    pen.strokeRect(px - 1.5, py - 1.5, zoom + 3, zoom + 3);
  }

  private drawColumnLabels(pen: CanvasRenderingContext2D, left: number): void {
    const { size, columnLabel } = this.model!;
    const { zoom, x } = this.current;
    const colours = theme();
    pen.font = `10px ${colours.figures}`;
    pen.textAlign = 'left';
    pen.textBaseline = 'middle';
    pen.fillStyle = rgbText(colours.quiet);
    for (const { group, position } of axisTicks('columns', size, zoom, x, this.window.width, 60)) {
      const text = columnLabel(group);
      const width = pen.measureText(text).width;
      if (position < 0 || position + width > this.window.width) continue;
      pen.fillText(text, left + position, 6);
      pen.fillRect(Math.round(left + position), 12, 1, 3);
    }
  }

  private drawRowLabels(pen: CanvasRenderingContext2D): void {
    const { size, rowLabel, marked } = this.model!;
    const { zoom, y } = this.current;
    const colours = theme();
    pen.font = `10px ${colours.figures}`;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    const { height } = this.window;
    const middle = ({ position, pitch }: Tick): number => TOP + position + Math.min(pitch, 14) / 2;
    const every = axisTicks('rows', size, zoom, y, height, 0.001);
    // A mark takes the place of its neighbours' numbers where rows are wide enough to carry it.
    const marks = (every[0]?.pitch ?? 0) >= 9 ? every.filter(({ group }) => marked.has(group)) : [];
    const taken = (tick: Tick): boolean => marks.some((mark) => Math.abs(middle(mark) - middle(tick)) < 11);
    for (const tick of axisTicks('rows', size, zoom, y, height, 24)) {
      const at = middle(tick);
      if (taken(tick) || at > TOP + height - 4 || at < TOP) continue;
      pen.fillStyle = rgbText(colours.quiet);
      pen.fillText(rowLabel(tick.group), LEFT - 6, at + 0.5);
      pen.fillRect(LEFT - 4, Math.round(at), 3, 1);
    }
    for (const mark of marks) {
      const at = middle(mark);
      if (at > TOP + height - 4 || at < TOP) continue;
      pen.fillStyle = pen.strokeStyle = rgbText(colours.warning);
      pen.beginPath();
      pen.moveTo(6.5, at - 4);
      pen.lineTo(11, at + 4);
      pen.lineTo(2, at + 4);
      pen.closePath();
      pen.stroke();
      pen.fillRect(6, at - 1, 1, 2.5);
      pen.fillText(rowLabel(mark.group), LEFT - 6, at + 0.5, LEFT - 20);
    }
  }

  private readonly onPointer = (event: PointerEvent): void => {
    if (event.type === 'pointerdown') {
      if (event.button !== 0) return;
      this.drag = { x: event.clientX, y: event.clientY, from: this.current };
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.focus({ preventScroll: true });
      this.moveCell(event);
    } else if (event.type === 'pointermove') {
      if (this.drag === null) this.moveCell(event);
      else {
        const { x, y, from } = this.drag;
        this.setView({ ...this.current, x: from.x - (event.clientX - x), y: from.y - (event.clientY - y) });
      }
    } else this.drag = null;
  };

  private moveCell(event: PointerEvent): void {
    const { model } = this;
    if (model === undefined) return;
    const { zoom, x, y } = this.current;
    const at = this.inWindow(event);
    if (at === null) return;
    const column = nearestIndex(at.x + x, columnAxis(model.size), zoom);
    const row = nearestIndex(at.y + y, rowAxis(model.size), zoom);
    this.setView({ ...this.current, row, column });
  }

  /** Window coordinates of an event in whichever pane it happened; null over the labels. */
  private inWindow(event: MouseEvent): { x: number; y: number } | null {
    const place = this.canvas.getBoundingClientRect();
    const y = event.clientY - place.top - TOP;
    const along = event.clientX - place.left - LEFT;
    if (y < 0 || along < 0) return null;
    const { width } = this.window;
    const x = along - Math.floor(along / (width + PANE_GAP)) * (width + PANE_GAP);
    return x < width ? { x, y } : null;
  }

  private readonly onWheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      if (event.deltaY !== 0) this.zoomBy(event.deltaY < 0 ? 1 : -1, this.inWindow(event) ?? undefined);
      return;
    }
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    const before = this.current;
    this.setView({ ...before, x: before.x + dx * unit, y: before.y + dy * unit });
    // At the matrix's edge the wheel belongs to the page again.
    if (this.current.x !== before.x || this.current.y !== before.y) event.preventDefault();
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { model } = this;
    if (model === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (move !== undefined) {
      const { kernelRows, kernelColumns } = model.size;
      const leap = (length: number): number => (event.shiftKey ? (length > 1 ? length : LEAP) : 1);
      const cell = {
        ...this.current,
        row: this.current.row + move[0]! * leap(kernelRows),
        column: this.current.column + move[1]! * leap(kernelColumns),
      };
      const inside = clampView(cell, model.size, this.window);
      this.setView(revealCell(inside, model.size, this.window));
    } else if (event.key === '+' || event.key === '=') this.zoomBy(1);
    else if (event.key === '-' || event.key === '−') this.zoomBy(-1);
    else if (event.key === '0') this.fit();
    else if (event.key === 'Escape') model.onLeave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/** The finest tile that holds a value of the matrix, and where in it. */
function findTile(
  sets: readonly (readonly Tile[])[],
  pane: number,
  row: number,
  column: number,
): { readonly tile: Tile; readonly at: number } | undefined {
  for (const set of sets.toReversed()) {
    const tile = set[pane];
    if (tile === undefined) continue;
    const r = Math.floor((row - tile.rowBegin) / tile.step);
    const c = Math.floor((column - tile.columnBegin) / tile.step);
    if (r >= 0 && c >= 0 && r < tile.rows && c < tile.columns) return { tile, at: r * tile.columns + c };
  }
  return undefined;
}

/** A quiet line: seen beside the smallest kept value, but not before it. */
const hatchColour = (paper: Rgb, ink: Rgb): Rgb => mix(paper, ink, 0.17);

customElements.define('espalier-heatmap', HeatmapCanvas);
