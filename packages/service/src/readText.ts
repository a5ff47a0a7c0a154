import type { Fault, Result } from '@espalier/base';
import type { Files } from './ports.js';
import { baseName } from './resolve/paths.js';

/** A text that is larger is none. */
const MAX_BYTES = 64e6;

/** What is written in a file. */
export async function readText(files: Files, path: string, signal?: AbortSignal): Promise<Result<string, Fault>> {
  const source = await files.open(path, signal);
  if (!source.ok) return source;
  try {
    const { sizeBytes } = source.value;
    if (sizeBytes > MAX_BYTES) {
      const message = `It has ${sizeBytes} bytes; at most ${MAX_BYTES} are read as text.`;
      return { ok: false, fault: { code: 'file/unreadable', message, file: baseName(path) } };
    }
    return { ok: true, value: new TextDecoder().decode(await source.value.read(0, sizeBytes, signal)) };
  } finally {
    await source.value.close();
  }
}
