import {
  type ChangeReport,
  compareHeads,
  type FileSince,
  type LayerChange,
  type MatrixLayout,
  reportFiles,
} from '@espalier/protocol';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { CompareMapsModel } from '../compare/compareMaps.js';
import { pairs, type Row } from '../compare/rows.js';
import type { Third } from '../compare/state.js';
import type { View } from '../heatmap/viewport.js';
import { type Channel, faultOf, isAbort } from '../shared/channel.js';
import { icon, severityIcon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { SEVERITY } from '../shared/words.js';
import { byChange } from './byChange.js';
import { S } from './strings.js';
import '../compare/compareMaps.js';

export interface ReportMapsModel {
  /** Where the report lies. */
  readonly path: string;
  readonly report: ChangeReport;
  readonly asTable: boolean;
  onTwin(): void;
}

/** What both files hold now: pairs of tensors by the layer's name, or why they cannot be shown. */
type Opened =
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'open'; readonly rows: ReadonlyMap<string, Row> };

/** Input and output of a run beside each other, layer by layer, as the comparison shows them. */
export class ReportMaps extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: ReportMapsModel | undefined;
  declare channel: Channel;
  declare numbers: Numbers;

  private opened: Opened = { kind: 'opening' };
  private warnings: readonly string[] = [];
  private generation = 0;
  private chosen: string | null = null;
  private layout: MatrixLayout = 'kernel';
  private third: Third = 'delta';
  private readonly views = new Map<string, View>();
  private asking: AbortController | undefined;
  private openFor: ChangeReport | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asking?.abort();
    this.openFor = undefined;
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const { model } = this;
    if (model === undefined || model.report === this.openFor) return;
    this.openFor = model.report;
    void this.open(model);
  }

  private async open({ path, report: { plan, provenance } }: ReportMapsModel): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.opened = { kind: 'opening' };
    this.warnings = [];
    this.generation += 1;
    const M = S.maps;
    try {
      const since = await this.channel.ask(reportFiles, { path }, asking.signal);
      const input: FileSince = since.ok ? since.value.input : 'same';
      const output: FileSince = since.ok ? (since.value.outputs[0] ?? 'gone') : 'same';
      if (input === 'gone' || output === 'gone') {
        const gone = [
          ...(input === 'gone' ? [M.inputGone(plan.input.path)] : []),
          ...(output === 'gone' ? [M.outputGone(provenance.outputs[0]!.path)] : []),
        ];
        this.opened = { kind: 'failed', why: gone.join(' ') };
        return;
      }
      this.warnings = [
        ...(input === 'changed' ? [M.inputChanged] : []),
        ...(output === 'changed' ? [M.outputChanged] : []),
      ];
      const query = { before: plan.input.path, after: provenance.outputs[0]!.path };
      const heads = await this.channel.ask(compareHeads, query, asking.signal);
      if (!heads.ok) {
        this.opened = { kind: 'failed', why: M.unreadable(heads.fault.message) };
        return;
      }
      const { before, after, structure } = heads.value;
      const rows = pairs(before.tensors, after.tensors, structure, new Map());
      const known = rows.filter(({ head, before: was }) => head.noValues === undefined && was.noValues === undefined);
      this.opened = { kind: 'open', rows: new Map(known.map((row) => [row.before.name, row])) };
    } catch (error) {
      if (!isAbort(error)) this.opened = { kind: 'failed', why: M.unreadable(faultOf(error).message) };
    } finally {
      this.requestUpdate();
    }
  }

  private readonly choose = (name: string): void => {
    this.chosen = name;
    this.requestUpdate();
  };

  protected override render(): TemplateResult | typeof nothing {
    const { model, opened } = this;
    if (model === undefined) return nothing;
    const M = S.maps;
    if (opened.kind === 'opening') return html`<p class="quiet maps-wait late">${M.opening}</p>`;
    if (opened.kind === 'failed')
      return html`<p class="maps-problem">
        ${severityIcon('warning', SEVERITY.warning)} <span class="wrap">${opened.why}</span>
        <button class="link" type="button" @click=${() => void this.open(model)}>${M.again}</button>
      </p>`;
    const layers = byChange(model.report.plan.layers).filter(({ name }) => opened.rows.has(name));
    const layer = layers.find(({ name }) => name === this.chosen) ?? layers[0];
    if (layer === undefined) return html`<p class="quiet">${M.none}</p>`;
    const row = opened.rows.get(layer.name)!;
    return html`${this.warnings.map(
      (text) =>
        html`<p class="maps-problem">${severityIcon('warning', SEVERITY.warning)} <span class="wrap">${text}</span></p>`,
    )}
      ${this.picker(layers, layer)}
      ${row.reshaped ? html`<p class="quiet">${M.reshaped}</p>` : nothing}
      <espalier-compare-maps .channel=${this.channel} .numbers=${this.numbers} .model=${this.mapsOf(model, row)}></espalier-compare-maps>`;
  }

  private picker(layers: readonly LayerChange[], layer: LayerChange): TemplateResult {
    const { numbers } = this;
    const M = S.maps;
    const at = layers.indexOf(layer);
    const step = (by: 1 | -1, label: string, name: 'up' | 'down'): TemplateResult => {
      const next = layers[at + by];
      return html`<button
        class="icon-button"
        type="button"
        aria-label=${label}
        title=${label}
        ?disabled=${next === undefined}
        @click=${() => next !== undefined && this.choose(next.name)}
      >
        ${icon(name)}
      </button>`;
    };
    const share = ({ zeros, elements }: LayerChange, side: 'before' | 'after'): string =>
      numbers.percent(zeros[side], elements[side]);
    return html`<div class="maps-picker">
      <label>
        <span class="quiet">${M.layer}</span>
        <select @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
          ${layers.map(({ name }) => html`<option value=${name} ?selected=${name === layer.name}>${name}</option>`)}
        </select>
      </label>
      <span class="together tight">${step(-1, M.previous, 'up')}${step(1, M.next, 'down')}</span>
      <span class="num">${M.zeros(share(layer, 'before'), share(layer, 'after'))}</span>
    </div>`;
  }

  private mapsOf(model: ReportMapsModel, { head, before }: Row): CompareMapsModel {
    const { plan, provenance } = model.report;
    return {
      pathBefore: plan.input.path,
      pathAfter: provenance.outputs[0]!.path,
      before,
      after: head,
      begin: null,
      generation: this.generation,
      layout: head.outputChannels === null && this.layout === 'channel' ? 'kernel' : this.layout,
      third: this.third,
      asTable: model.asTable,
      views: this.views,
      onLayout: (layout) => {
        this.layout = layout;
        this.requestUpdate();
      },
      onThird: (third) => {
        this.third = third;
        this.requestUpdate();
      },
      onTwin: model.onTwin,
      onLeave: () => this.querySelector('select')?.focus(),
    };
  }
}

customElements.define('espalier-report-maps', ReportMaps);
