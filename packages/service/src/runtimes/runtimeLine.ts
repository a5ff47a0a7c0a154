import type { LayerTimes, TensorStats } from '@espalier/analysis';
import { percentFigure } from '@espalier/base';
import { speedUpText } from '../latency/speedUp.js';

/** Below this share of zeros nobody would skip any. */
const SPARSE = 0.3;

/**
 * `unstructured 80 %: onnxruntime 1.0x (runs dense), here CSR 1.9x …, 2:4 on A100 n/a (98.3 % of groups)`: whether anything uses the zeros of a layer, the negative answer
 * too. Null where there are few, and nothing was timed.
 */
export function runtimeLine(
  stats: Pick<TensorStats, 'zeros' | 'patterns'> | undefined,
  elements: number,
  times: LayerTimes | undefined,
  locale: string,
): string | null {
  const here = times === undefined ? [] : [`here ${speedUpText(times)}`];
  if (stats === undefined || stats.zeros < SPARSE * elements) return here[0] ?? null;
  const along = stats.patterns['2:4']?.filter(({ groups }) => groups > 0) ?? [];
  const best = [...along].sort((a, b) => b.compliantGroups / b.groups - a.compliantGroups / a.groups)[0];
  const strict = best?.strict === true;
  const share = percentFigure(stats.zeros, elements, locale);
  const broken =
    best === undefined
      ? []
      : [`2:4 on A100 n/a (${percentFigure(best.compliantGroups, best.groups, locale)} % of groups)`];
  return [
    `${strict ? '2:4' : 'unstructured'} ${share} %: onnxruntime 1.0x (runs dense)`,
    ...here,
    ...(strict ? ['2:4 on A100 up to 2x (published peak)'] : broken),
  ].join(', ');
}
