import type { MatrixSize } from '@espalier/protocol';
import { html, LitElement, type TemplateResult } from 'lit';
import { onThemeChange, rgbText, theme } from '../shared/theme.js';
import { paintWhole } from './raster.js';
import { type Look, pack, shade, type Tile } from './shade.js';
import {
  columnAxis,
  extentOf,
  nearestIndex,
  positionOf,
  rowAxis,
  type View,
  visiblePart,
  type Window,
} from './viewport.js';

export interface MinimapModel {
  readonly size: MatrixSize;
  readonly overview: Tile | undefined;
  readonly look: Look;
  readonly view: View;
  readonly window: Window;
  readonly label: string;
  move(view: View): void;
}

const SIDE = 96;
/** A matrix of few rows is drawn higher than it is, so that it can be seen and hit. */
const THINNEST = 20;

/** The whole tensor, small. The frame is the part in view; a click or a drag moves it. */
export class Minimap extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: MinimapModel | undefined;

  private stopTheme = (): void => {};

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopTheme = onThemeChange(() => this.draw());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopTheme();
  }

  protected override render(): TemplateResult {
    return html`<canvas
      role="img"
      aria-label=${this.model?.label ?? ''}
      title=${this.model?.label ?? ''}
      @pointerdown=${this.onPointer}
      @pointermove=${this.onPointer}
    ></canvas>`;
  }

  protected override updated(): void {
    this.draw();
  }

  /** Width and height of the picture in CSS pixels: the matrix's shape, unless it is too thin. */
  private extent(size: MatrixSize): { width: number; height: number } {
    const scale = SIDE / Math.max(size.rows, size.columns);
    return {
      width: Math.round(Math.min(SIDE, Math.max(THINNEST, size.columns * scale))),
      height: Math.round(Math.min(SIDE, Math.max(THINNEST, size.rows * scale))),
    };
  }

  private draw(): void {
    const { model } = this;
    const canvas = this.querySelector('canvas');
    if (model === undefined || canvas === null || model.size.rows === 0 || model.size.columns === 0) return;
    const { size, overview, view } = model;
    const { width, height } = this.extent(size);
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const colours = theme();
    const pen = canvas.getContext('2d', { alpha: false })!;
    const image = pen.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    if (overview === undefined) pixels.fill(pack(colours.track));
    else
      paintWhole(
        { pixels, width: canvas.width, height: canvas.height },
        overview,
        shade(overview, model.look, colours),
        pack(colours.paper),
      );
    pen.putImageData(image, 0, 0);

    const part = visiblePart(view, size, model.window);
    const x = (part.columnBegin / size.columns) * width;
    const y = (part.rowBegin / size.rows) * height;
    const w = Math.max(4, ((part.columnEnd - part.columnBegin) / size.columns) * width);
    const h = Math.max(4, ((part.rowEnd - part.rowBegin) / size.rows) * height);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    // A matrix of zeros is paper on paper: its border says where it is.
    pen.strokeStyle = rgbText(colours.quiet);
    pen.lineWidth = 1;
    pen.strokeRect(0.5, 0.5, width - 1, height - 1);
    for (const [colour, line] of [
      [colours.paper, 3],
      [colours.ink, 1],
    ] as const) {
      pen.strokeStyle = rgbText(colour);
      pen.lineWidth = line;
      pen.strokeRect(Math.min(x, width - w) + 0.5, Math.min(y, height - h) + 0.5, w - 1, h - 1);
    }
  }

  private readonly onPointer = (event: PointerEvent): void => {
    const { model } = this;
    const canvas = event.currentTarget as HTMLCanvasElement;
    if (model === undefined) return;
    if (event.type === 'pointerdown') canvas.setPointerCapture(event.pointerId);
    else if (!canvas.hasPointerCapture(event.pointerId)) return;
    const place = canvas.getBoundingClientRect();
    const { size, view, window } = model;
    const { zoom } = view;
    const offset = (share: number, axis: ReturnType<typeof rowAxis>, room: number): number => {
      const index = nearestIndex(share * extentOf(axis, zoom), axis, zoom);
      return positionOf(index, axis, zoom) - room / 2;
    };
    model.move({
      ...view,
      x: offset((event.clientX - place.left) / place.width, columnAxis(size), window.width),
      y: offset((event.clientY - place.top) / place.height, rowAxis(size), window.height),
    });
  };
}

customElements.define('espalier-minimap', Minimap);
