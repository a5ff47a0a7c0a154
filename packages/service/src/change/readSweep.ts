import { type Fault, fail, ok, type Result } from '@espalier/base';
import type { SweepReport } from '@espalier/protocol';
import type { Files } from '../ports.js';

/** Written by us and small; what is larger is something else. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The comparison that a sweep wrote. Faults: those of the file, and `job/report-damaged`. */
export async function readSweep(files: Files, path: string): Promise<Result<SweepReport, Fault>> {
  const source = await files.open(path);
  if (!source.ok) return source;
  const damaged = (message: string): Result<SweepReport, Fault> =>
    fail({ code: 'job/report-damaged', message, file: source.value.name });
  try {
    const { sizeBytes } = source.value;
    if (sizeBytes > MAX_BYTES) return damaged(`It has ${sizeBytes} bytes; no comparison is so large.`);
    const content: unknown = JSON.parse(new TextDecoder().decode(await source.value.read(0, sizeBytes)));
    return isSweepReport(content) ? ok(content) : damaged('It is no comparison of a sweep.');
  } catch (error) {
    return damaged(`It is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await source.value.close();
  }
}

function isSweepReport(content: unknown): content is SweepReport {
  const { schemaVersion, kind, points, axes, input } = (content ?? {}) as Partial<SweepReport>;
  return (
    schemaVersion === 1 &&
    kind === 'sweep' &&
    Array.isArray(axes) &&
    typeof input?.sha256 === 'string' &&
    Array.isArray(points) &&
    points.every((point) => typeof point?.id === 'string' && typeof point.state?.kind === 'string')
  );
}
