import {
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from 'chart.js';
import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { onThemeChange, type Rgb, rgbText, type Theme, theme } from '../shared/theme.js';
import type { Series } from './series.js';

Chart.register(Legend, LinearScale, LineController, LineElement, PointElement, Tooltip);

export interface SweepModel {
  readonly label: string;
  readonly series: readonly Series[];
  readonly xTitle: string;
  readonly yTitle: string;
  /** How figures are divided before they are drawn, as the title says. */
  readonly divisor: number;
  figure(value: number): string;
}

/** Lines over the share of zeros, one a method. They differ in colour, in marks and in dashes. */
export class SweepChart extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: SweepModel | undefined;

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

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly lowest: number;
  readonly highest: number;
}

const MARKS = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'] as const;
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]] as const;

const inks = ({ zero, fewer, ink, quiet, warning, error }: Theme): readonly Rgb[] => [
  zero,
  fewer,
  ink,
  quiet,
  warning,
  error,
];

/** From the lowest to the highest of several runs. */
const spread: Plugin<'line'> = {
  id: 'spread',
  beforeDatasetsDraw({ ctx, data, scales }) {
    const scale = scales['y'];
    const along = scales['x'];
    if (scale === undefined || along === undefined) return;
    for (const { data: spots, borderColor } of data.datasets) {
      ctx.strokeStyle = String(borderColor);
      ctx.lineWidth = 1;
      for (const { x, lowest, highest } of spots as unknown as readonly Spot[]) {
        if (lowest === highest) continue;
        const at = along.getPixelForValue(x);
        ctx.beginPath();
        ctx.moveTo(at, scale.getPixelForValue(lowest));
        ctx.lineTo(at, scale.getPixelForValue(highest));
        ctx.stroke();
      }
    }
  },
};

function configuration({ series, xTitle, yTitle, divisor, figure }: SweepModel): ChartConfiguration<'line', Spot[]> {
  const colours = theme();
  const font = { family: colours.figures, size: 11 };
  const ticks = { color: rgbText(colours.quiet), font, padding: 4 };
  const title = (text: string) => ({ display: true, text, color: rgbText(colours.quiet), font });
  const palette = inks(colours);
  return {
    type: 'line',
    plugins: [spread],
    data: {
      datasets: series.map(({ name, points }, i): ChartDataset<'line', Spot[]> => {
        const colour = rgbText(palette[i % palette.length]!);
        return {
          label: name,
          data: points.map(({ zeros, mean, lowest, highest }) => ({
            x: zeros,
            y: mean / divisor,
            lowest: lowest / divisor,
            highest: highest / divisor,
          })),
          borderColor: colour,
          backgroundColor: colour,
          borderWidth: 1.5,
          borderDash: [...DASHES[Math.floor(i / palette.length) % DASHES.length]!],
          pointStyle: MARKS[i % MARKS.length]!,
          pointRadius: 4,
          pointHoverRadius: 6,
        };
      }),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      layout: { padding: { top: 4, right: 8 } },
      interaction: { mode: 'nearest', intersect: false },
      plugins: {
        legend: {
          position: 'bottom',
          align: 'start',
          // A series that is switched off would still be in the table: nothing is hidden here.
          onClick: () => {},
          labels: { usePointStyle: true, boxHeight: 6, color: rgbText(colours.ink), font },
        },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: ([item]) => item?.dataset.label ?? '',
            label: ({ parsed }) => `${(parsed.x ?? 0).toFixed(1)} % zeros: ${figure((parsed.y ?? 0) * divisor)}`,
          },
        },
      },
      scales: {
        x: {
          type: 'linear',
          title: title(xTitle),
          border: { color: rgbText(colours.grid) },
          grid: { color: rgbText(colours.grid), drawTicks: false },
          ticks,
        },
        y: {
          type: 'linear',
          title: title(yTitle),
          border: { display: false },
          grid: { color: rgbText(colours.grid), drawTicks: false },
          ticks,
        },
      },
    },
  };
}

customElements.define('espalier-sweep-chart', SweepChart);
