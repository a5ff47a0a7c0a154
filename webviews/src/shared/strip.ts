import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { type Segment, type StripLayer, segments, stages } from './segments.js';
import { memoise } from './store.js';
import { css } from './styles.js';

/** A picture of the whole model: one segment for each layer, as wide as its weight. */
export interface StripModel {
  readonly label: string;
  readonly layers: readonly StripLayer[];
  readonly selected: string | null;
  /** First and last layer whose table rows are in view. */
  readonly inView: readonly [first: number, last: number] | null;
  readonly midline: boolean;
  /** What `describe` speaks of: segments are drawn anew when it is another. */
  readonly facts: unknown;
  /** Look and words of a segment. */
  describe(segment: Segment): {
    readonly className: string;
    readonly content: TemplateResult | typeof nothing;
    readonly title: string;
  };
  onOpen(layer: string): void;
}

/** One tab stop; arrows move, Enter opens. */
export class Strip extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: StripModel | undefined;

  private width = 0;
  private focused: number | null = null;
  private readonly observer = new ResizeObserver(() => {
    if (this.clientWidth === this.width) return;
    this.width = this.clientWidth;
    this.requestUpdate();
  });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  private pieces: readonly Segment[] = [];
  /** The strip is drawn again at every scroll of the table, but divided anew only for other layers or another width. */
  private readonly divide = memoise((layers: readonly StripLayer[], width: number) => {
    const pieces = segments(layers, width);
    return { pieces, names: stages(layers, pieces, width) };
  });

  /** Where the keyboard is among the pieces: where it went, else at the selected layer, else at the first. */
  private tabPiece(model: StripModel): number {
    if (this.focused !== null && this.focused < this.pieces.length) return this.focused;
    const layer = model.layers.findIndex(({ name }) => name === model.selected);
    return Math.max(
      0,
      this.pieces.findIndex(({ first, last }) => layer >= first && layer <= last),
    );
  }

  private layerOf(model: StripModel, piece: Segment): string {
    const inside = model.layers.slice(piece.first, piece.last + 1);
    return inside.reduce((best, layer) => (layer.weight > best.weight ? layer : best)).name;
  }

  private readonly onLeave = (event: FocusEvent): void => {
    if (!(event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)) this.focused = null;
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { model, pieces } = this;
    if (model === undefined || pieces.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.tabPiece(model);
    if (event.key === 'Enter' || event.key === ' ') model.onOpen(this.layerOf(model, pieces[at]!));
    else {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: pieces.length - 1 }[event.key];
      if (to === undefined) return;
      this.focused = Math.max(0, Math.min(pieces.length - 1, to));
      this.requestUpdate();
      void this.updateComplete.then(() => this.querySelector<HTMLElement>('[role=option][tabindex="0"]')?.focus());
    }
    event.preventDefault();
    event.stopPropagation();
  };

  protected override render(): TemplateResult | typeof nothing {
    const { model, width } = this;
    if (model === undefined || width === 0) return nothing;
    const { pieces, names } = this.divide(model.layers, width);
    this.pieces = pieces;
    const tab = this.tabPiece(model);
    return html`<div class="track">
        <div
          class="pieces"
          role="listbox"
          aria-orientation="horizontal"
          aria-label=${model.label}
          @keydown=${this.onKey}
          @focusout=${this.onLeave}
        >
          ${guard([pieces, tab, model.selected, model.facts], () => this.drawPieces(model, pieces, tab))}
        </div>
        ${model.midline ? html`<div class="midline"></div>` : nothing}
      </div>
      <div class="stages" aria-hidden="true">
        ${this.viewMark(model)}
        ${names.map((stage) => html`<span ${css({ left: `${stage.x - 1}px`, width: `${stage.width}px` })}>${stage.label}</span>`)}
      </div>`;
  }

  private drawPieces(model: StripModel, pieces: readonly Segment[], tab: number): TemplateResult[] {
    return pieces.map((piece, i) => {
      const { className, content, title } = model.describe(piece);
      const layers = model.layers.slice(piece.first, piece.last + 1);
      return html`<div
              class="piece ${className}"
              role="option"
              tabindex=${i === tab ? 0 : -1}
              aria-selected=${layers.some(({ name }) => name === model.selected)}
              aria-label=${title}
              title=${title}
              @click=${() => model.onOpen(this.layerOf(model, piece))}
              ${css({ left: `${piece.x}px`, width: `${piece.width}px` })}
            >
              ${content}
            </div>`;
    });
  }

  private viewMark(model: StripModel): TemplateResult | typeof nothing {
    if (model.inView === null) return nothing;
    const [first, last] = model.inView;
    const from = this.pieces.find((piece) => piece.last >= first);
    const to = this.pieces.findLast((piece) => piece.first <= last);
    if (from === undefined || to === undefined || to.x < from.x) return nothing;
    return html`<i class="in-view" ${css({ left: `${from.x}px`, width: `${to.x + to.width - from.x}px` })}></i>`;
  }
}

customElements.define('espalier-strip', Strip);
