import type { ValueDiff } from '@espalier/analysis';
import type { Answer, ExportFormat } from '@espalier/protocol';
import {
  baseName,
  diffCsv,
  diffMarkdown,
  SCHEMA_VERSION,
  type Service,
  toDiffReport,
  trendCsv,
  trendMarkdown,
} from '@espalier/service';

/** The report that `espalier diff` prints of these files; three or more by the share of zeros of each layer. */
export async function exportCompared(
  service: Service,
  paths: readonly string[],
  format: ExportFormat,
  signal: AbortSignal,
): Promise<Answer<string>> {
  if (paths.length > 2) return exportTrend(service, paths, format, signal);
  const [before = '', after = ''] = paths;
  const values: ValueDiff[] = [];
  const end = await service.compare({ before, after }, signal, (item) => {
    if (item.kind === 'values') values.push(...item.values);
  });
  if (!end.ok) return end;
  values.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (format === 'json')
    return {
      ok: true,
      value: `${JSON.stringify(toDiffReport(before, after, end.value, values, everything), null, 2)}\n`,
    };
  const changed = values.filter((diff) => diff.changed > 0);
  return {
    ok: true,
    value: format === 'csv' ? diffCsv(changed) : diffMarkdown(baseName(before), baseName(after), end.value, changed),
  };
}

async function exportTrend(
  service: Service,
  paths: readonly string[],
  format: ExportFormat,
  signal: AbortSignal,
): Promise<Answer<string>> {
  const trend = await service.trend(paths, signal);
  if (!trend.ok) return trend;
  const { layers } = trend.value;
  if (format === 'json')
    return { ok: true, value: `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, paths, layers }, null, 2)}\n` };
  const names = paths.map(baseName);
  return { ok: true, value: format === 'csv' ? trendCsv(names, layers) : trendMarkdown(names, layers) };
}

const everything = (): boolean => true;
