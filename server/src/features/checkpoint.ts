import type { HeatmapTile } from '@espalier/analysis';
import {
  type Answer,
  changed,
  compare,
  compareHeads,
  compareTile,
  type ExportFormat,
  exportText,
  gzip,
  heatmap,
  matrix,
  openHead,
  type RequestDescriptor,
  scan,
  times,
  trend,
  values,
  type WireTile,
} from '@espalier/protocol';
import { inspectCsv, inspectedFile, inspectMarkdown, SCHEMA_VERSION, type Service } from '@espalier/service';
import type { Connection } from 'vscode-languageserver/node';
import { answer as answerRequest, answerStream } from '../lsp/requests.js';
import { exportCompared } from './exportCompared.js';

/** The questions of the pages: the protocol's descriptors, answered by the service. */
export function registerCheckpointRequests(connection: Connection, service: Service): void {
  const answer = <Q, A>(
    descriptor: RequestDescriptor<Q, A>,
    run: (query: Q, signal: AbortSignal) => Promise<A>,
  ): void => answerRequest(connection, descriptor, run);

  answer(openHead, (query, signal) => service.head(query.path, signal));
  answer(gzip, (query, signal) => service.gzip(query, signal));
  answer(matrix, (query, signal) => service.matrix(query, signal));
  answer(heatmap, async (query, signal) => mapAnswer(await service.heatmap(query, signal), toWire));
  answer(values, (query, signal) => service.values(query, signal));
  answer(compareHeads, (query, signal) => service.compareHeads(query, signal));
  answer(compareTile, async (query, signal) =>
    mapAnswer(await service.compareTile(query, signal), (tile) => ({
      before: toWire(tile.before),
      after: toWire(tile.after),
      delta: toWire(tile.delta),
      newZero: base64(tile.newZero),
      newKept: base64(tile.newKept),
    })),
  );
  answer(trend, (query, signal) => service.trend(query.paths, signal));
  answer(exportText, ({ path, format, compared }, signal) =>
    compared === undefined || compared.length < 2
      ? exportOf(service, path, format, signal)
      : exportCompared(service, compared, format, signal),
  );
  answerStream(connection, scan, async (query, signal, send) => {
    const end = await service.scan(query, 'soon', signal, send);
    if (end.ok) return end.value;
    return { totals: NOTHING, findings: [], sampled: false, fault: end.fault };
  });
  answerStream(connection, times, (query, signal, send) => service.times(query, signal, send));
  answerStream(connection, compare, async (query, signal, send) => {
    const end = await service.compare(query, signal, send);
    if (end.ok) return end.value;
    return { structure: NO_STRUCTURE, totals: NO_TOTALS, identical: false, fault: end.fault };
  });
}

/** The report that the command line prints, in full. */
async function exportOf(
  service: Service,
  path: string,
  format: ExportFormat,
  signal: AbortSignal,
): Promise<Answer<string>> {
  const end = await service.scan({ path, full: true }, 'soon', signal, () => {});
  if (!end.ok) return end;
  const facts = await service.facts(path, signal);
  if (facts === null)
    return { ok: false, fault: { code: 'file/changed', message: 'The file changed while it was read.' } };
  const everything = (): boolean => true;
  if (format === 'csv') return { ok: true, value: inspectCsv([{ path, facts }], everything) };
  if (format === 'markdown') return { ok: true, value: inspectMarkdown([{ path, facts }], everything) };
  const report = { schemaVersion: SCHEMA_VERSION, files: [inspectedFile(path, facts, everything)] };
  return { ok: true, value: `${JSON.stringify(report, null, 2)}\n` };
}

/** Tells the pages that a file is no longer what was read. */
export const announceChange = (connection: Connection, path: string, deleted: boolean): void =>
  void connection.sendNotification(changed.method, { path, at: Date.now(), deleted });

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const toWire = (tile: HeatmapTile): WireTile => ({
  ...tile,
  levels: base64(tile.levels),
  zeroShare: base64(tile.zeroShare),
});

const mapAnswer = <A, B>(given: Answer<A>, map: (value: A) => B): Answer<B> =>
  given.ok ? { ok: true, value: map(given.value) } : given;

const NOTHING = {
  tensors: 0,
  parameters: 0,
  bytes: 0,
  zeros: null,
  sparsity: null,
  prunableParameters: 0,
  prunableZeros: null,
  prunableSparsity: null,
  readableParameters: 0,
  readablePrunable: 0,
  scannedTensors: 0,
};
const NO_STRUCTURE = { added: [], removed: [], renamed: [], reshaped: [], retyped: [] };
const NO_TOTALS = {
  elements: 0,
  changed: 0,
  maskChanged: 0,
  maxAbsDelta: 0,
  l2Delta: 0,
  sparsityBefore: null,
  sparsityAfter: null,
  prunableSparsityBefore: null,
  prunableSparsityAfter: null,
};
