import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

/** What `JSON.parse` makes of an object. Keys come from strangers: look up with `own`. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A key's value if the object itself has it: `toString` and `__proto__` of the prototype do not count. */
export const own = (record: JsonRecord, key: string): unknown => (Object.hasOwn(record, key) ? record[key] : undefined);

export const asRecord = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const asNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** Whole, not negative, exactly representable: a length of an axis or a count. */
export const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** A whole JSON file of at most `limitBytes`. Faults: `checkpoint/header-too-long`, `checkpoint/header-not-json`. */
export async function readJson(source: ByteSource, limitBytes: number, signal?: AbortSignal): Promise<unknown> {
  if (source.sizeBytes > limitBytes) {
    raise({
      code: 'checkpoint/header-too-long',
      file: source.name,
      offset: 0,
      expected: limitBytes,
      found: source.sizeBytes,
      message: `The JSON file has ${source.sizeBytes} bytes, at most ${limitBytes} are read.`,
    });
  }
  return parseJson(await source.read(0, source.sizeBytes, signal), source.name);
}

/** UTF-8 JSON. Fault: `checkpoint/header-not-json`. */
export function parseJson(bytes: Uint8Array, file: string, offset = 0): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    raise({
      code: 'checkpoint/header-not-json',
      file,
      offset,
      message: `This is not JSON: ${error instanceof Error ? error.message : 'unreadable'}.`,
    });
  }
}
