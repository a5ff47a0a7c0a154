import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  LinearScale,
  Tooltip,
} from 'chart.js';
import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { onThemeChange, rgbText, theme } from '../shared/theme.js';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

export interface ZerosModel {
  readonly label: string;
  readonly names: readonly string[];
  /** Shares from 0 to 1. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly beforeWord: string;
  readonly afterWord: string;
}

/** Two columns a layer: its share of zeros before and after. */
export class ZerosChart extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: ZerosModel | undefined;

  private chart: Chart | undefined;
  private stopTheme = (): void => {};

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopTheme = onThemeChange(() => this.redraw());
    if (this.hasUpdated) this.redraw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopTheme();
    this.chart?.destroy();
    this.chart = undefined;
  }

  protected override render(): TemplateResult {
    return html`<div class="chart"><canvas role="img" aria-label=${this.model?.label ?? ''}></canvas></div>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('model')) this.redraw();
  }

  private redraw(): void {
    const canvas = this.querySelector('canvas');
    if (this.model === undefined || canvas === null) return;
    this.chart?.destroy();
    this.chart = new Chart(canvas, configuration(this.model));
  }
}

function configuration({
  names,
  before,
  after,
  beforeWord,
  afterWord,
}: ZerosModel): ChartConfiguration<'bar', number[], string> {
  const colours = theme();
  const font = { family: colours.figures, size: 10.5 };
  const shared = { borderSkipped: true, categoryPercentage: 0.8, barPercentage: 1 } as const;
  const percent = (shares: readonly number[]): number[] => shares.map((share) => share * 100);
  return {
    type: 'bar',
    data: {
      labels: [...names],
      datasets: [
        { ...shared, label: beforeWord, data: percent(before), backgroundColor: rgbText(colours.bar) },
        { ...shared, label: afterWord, data: percent(after), backgroundColor: rgbText(colours.zero) },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      layout: { padding: { top: 4, right: 1 } },
      plugins: {
        tooltip: {
          displayColors: false,
          callbacks: { label: ({ dataset, parsed }) => `${dataset.label ?? ''} ${(parsed.y ?? 0).toFixed(1)} %` },
        },
      },
      scales: {
        x: { grid: { display: false }, border: { color: rgbText(colours.grid) }, ticks: { display: false } },
        y: {
          min: 0,
          max: 100,
          border: { display: false },
          grid: { color: rgbText(colours.grid), drawTicks: false },
          ticks: { color: rgbText(colours.quiet), font, padding: 4, stepSize: 50 },
        },
      },
    },
  };
}

customElements.define('espalier-zeros-chart', ZerosChart);
