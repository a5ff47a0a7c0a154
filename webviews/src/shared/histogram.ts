import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  LogarithmicScale,
  type Plugin,
} from 'chart.js';
import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import type { Bars } from './histogramBars.js';
import { onThemeChange, type Rgb, rgbText, theme } from './theme.js';

Chart.register(BarController, BarElement, CategoryScale, LogarithmicScale);

export interface HistogramModel {
  readonly label: string;
  readonly bars: Bars;
  /** Under the bar that stands apart. */
  readonly apartLabel: string;
  readonly apartColour: () => Rgb;
  /** Colour of a bar by its place from −1 to 1. */
  readonly colour: (place: number) => Rgb;
  /** What the axis says at its ends and at zero. */
  readonly lowLabel: string;
  readonly highLabel: string;
  readonly zeroLabel: string;
}

/** Places on the axis that the bar apart takes, and that stay empty after it. */
const APART_SLOTS = 3;
const SPACER = 1;

/** Counts on a logarithmic scale, what is exactly zero apart at the left. */
export class Histogram extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: HistogramModel | undefined;

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
    const { model } = this;
    const canvas = this.querySelector('canvas');
    if (model === undefined || canvas === null) return;
    this.chart?.destroy();
    this.chart = new Chart(canvas, configuration(model));
  }
}

function configuration(model: HistogramModel): ChartConfiguration<'bar', (number | null)[], string> {
  const colours = theme();
  const { bars } = model;
  const shown = (count: number): number | null => (count === 0 ? null : count);
  const empty = new Array<null>(APART_SLOTS + SPACER).fill(null);
  const rest = [...empty, ...bars.counts.map(shown)];
  const apart = rest.map((_, slot) => (slot === (APART_SLOTS - 1) / 2 ? shown(bars.apart) : null));
  const fills = rest.map((_, slot) => {
    const bar = slot - empty.length;
    return rgbText(model.colour(((bar + 0.5) / bars.counts.length) * 2 - 1));
  });
  const top = Math.max(10, bars.apart, ...bars.counts);
  const font = { family: colours.figures, size: 10.5 };
  const shared = {
    barPercentage: 1,
    categoryPercentage: 0.86,
    minBarLength: 2,
    borderSkipped: true,
    grouped: false,
  } as const;
  return {
    type: 'bar',
    data: {
      labels: rest.map((_, slot) => String(slot)),
      datasets: [
        { ...shared, data: rest, backgroundColor: fills },
        { ...shared, data: apart, backgroundColor: rgbText(model.apartColour()), barThickness: 14 },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      layout: { padding: { top: 4, right: 1 } },
      scales: {
        x: {
          grid: { display: false },
          border: { display: false },
          ticks: { display: false },
          afterFit: (axis) => (axis.height = 16),
        },
        y: {
          type: 'logarithmic',
          min: 0.9,
          max: 10 ** Math.ceil(Math.log10(top) + 0.05),
          border: { display: false },
          grid: { color: rgbText(colours.grid), drawTicks: false },
          ticks: {
            color: rgbText(colours.quiet),
            font,
            padding: 4,
            callback: (value) => countText(Number(value), top),
          },
        },
      },
    },
    plugins: [axisWords(model, rgbText(colours.quiet), `${font.size}px ${font.family}`)],
  };
}

/** Powers of ten only, every second one where there are many. */
function countText(value: number, top: number): string | null {
  const power = Math.log10(value);
  if (Math.abs(power - Math.round(power)) > 1e-6) return null;
  const exponent = Math.round(power);
  if (exponent < 0 || (top > 1e4 && exponent % 2 === 1)) return null;
  return exponent < 3
    ? String(10 ** exponent)
    : `${10 ** (exponent % 3)}${['', 'k', 'M', 'G', 'T'][Math.floor(exponent / 3)]}`;
}

/** Words under the axis: each at the place it speaks of, which a category axis cannot do. */
function axisWords(model: HistogramModel, colour: string, font: string): Plugin<'bar'> {
  return {
    id: 'axisWords',
    afterDraw({ ctx, chartArea, scales }) {
      const x = scales['x']!;
      const y = chartArea.bottom + 9;
      const edge = (bar: number, side: -1 | 1): number =>
        x.getPixelForValue(bar) + (side * chartArea.width) / x.ticks.length / 2;
      const first = edge(APART_SLOTS + SPACER, -1);
      ctx.save();
      ctx.font = font;
      ctx.fillStyle = colour;
      ctx.textBaseline = 'middle';
      ctx.textAlign = 'left';
      const apart = edge(0, -1);
      ctx.fillText(model.apartLabel, apart, y);
      const lowX = Math.max(first, apart + ctx.measureText(model.apartLabel).width + 8);
      ctx.fillText(model.lowLabel, lowX, y);
      const lowEnd = lowX + ctx.measureText(model.lowLabel).width;
      ctx.textAlign = 'right';
      ctx.fillText(model.highLabel, chartArea.right, y);
      const highBegin = chartArea.right - ctx.measureText(model.highLabel).width;
      const { zeroPlace } = model.bars;
      if (zeroPlace !== null) {
        const at = first + zeroPlace * (chartArea.right - first);
        const half = ctx.measureText(model.zeroLabel).width / 2;
        ctx.textAlign = 'center';
        if (at - half > lowEnd + 6 && at + half < highBegin - 6) ctx.fillText(model.zeroLabel, at, y);
      }
      ctx.restore();
    },
  };
}

customElements.define('espalier-histogram', Histogram);
