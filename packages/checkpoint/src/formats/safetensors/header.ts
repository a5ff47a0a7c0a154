import { bytesText, type Fault, raise, type Shape, sizeOf } from '@espalier/base';
import { byteLength, type Dtype, isDtype } from '@espalier/tensor';

/** The format's own limit: a header is at most 100 MB (safetensors, `MAX_HEADER_SIZE`). */
export const MAX_HEADER_BYTES = 100_000_000;

const MAX_AXES = 64;

export interface HeaderTensor {
  readonly name: string;
  readonly dtype: Dtype | null;
  readonly storage: string;
  readonly shape: Shape;
  /** Byte offsets in the file. */
  readonly begin: number;
  readonly end: number;
  /** Set when its shape and its bytes contradict each other: it cannot be read, the others can. */
  readonly fault?: Fault;
}

export interface Header {
  readonly tensors: readonly HeaderTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Length of the JSON text from the first 8 bytes, checked against the file. Source: safetensors README, "Format". */
export function headerLength(prefix: Uint8Array, file: string, fileBytes: number): number {
  if (prefix.length < 8) {
    raise({
      code: 'checkpoint/truncated',
      file,
      offset: 0,
      expected: 8,
      found: prefix.length,
      message: `A safetensors file begins with 8 bytes of header length, the file has ${prefix.length}.`,
    });
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    raise({
      code: 'checkpoint/header-too-long',
      file,
      offset: 0,
      expected: MAX_HEADER_BYTES,
      found: String(length),
      message: `The header says ${bytesText(Number(length))}, the file has ${bytesText(fileBytes)} (safetensors limits headers to 100 MB).`,
    });
  }
  if (8 + Number(length) > fileBytes) {
    raise({
      code: 'checkpoint/truncated',
      file,
      offset: 8,
      expected: 8 + Number(length),
      found: fileBytes,
      message: `The header ends at byte ${8 + Number(length)}, the file has ${fileBytes}.`,
      hint: 'It may be an unfinished download.',
    });
  }
  return Number(length);
}

/** Spellings of element types beside our own. */
const SPELLINGS: ReadonlyMap<string, Dtype> = new Map([
  ['F8_E4M3FN', 'F8_E4M3'],
  ['F8_E8M0FNU', 'F8_E8M0'],
  ['F4_E2M1', 'F4'],
]);

/**
 * Checks every claim of the JSON header against the others. `dataBegin` is the byte after the header. A tensor may end beyond the end of the
 * file, when that is an unfinished download: compare its `end` with the size of the file.
 */
export function parseHeader(text: Uint8Array, file: string, dataBegin: number): Header {
  const json = parseJson(text, file);
  const tensors: HeaderTensor[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, claim] of Object.entries(json)) {
    if (name === '__metadata__') metadata = readMetadata(claim, file);
    else tensors.push(readTensor(name, claim, file, dataBegin));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  raiseIfOverlapping(tensors, file);
  return { tensors, metadata };
}

function parseJson(text: Uint8Array, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (error) {
    raise({
      code: 'checkpoint/header-not-json',
      file,
      offset: 8,
      message: `The header is not JSON: ${error instanceof Error ? error.message : 'unreadable'}.`,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    raise({ code: 'checkpoint/header-not-json', file, offset: 8, message: 'The header is not a JSON object.' });
  }
  return value as Record<string, unknown>;
}

function readMetadata(claim: unknown, file: string): Record<string, string> {
  if (typeof claim !== 'object' || claim === null) {
    raise({ code: 'checkpoint/header-malformed', file, offset: 8, message: '`__metadata__` is not an object.' });
  }
  return Object.fromEntries(
    Object.entries(claim).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function readTensor(name: string, claim: unknown, file: string, dataBegin: number): HeaderTensor {
  const malformed = (what: string): never =>
    raise({ code: 'checkpoint/header-malformed', file, offset: 8, message: `Tensor ${name}: ${what}.` });
  if (typeof claim !== 'object' || claim === null) malformed('its entry is not an object');
  const { dtype: stored, shape, data_offsets: offsets } = claim as Record<string, unknown>;
  if (typeof stored !== 'string') return malformed('dtype is not a text');
  const dtype = SPELLINGS.get(stored) ?? (isDtype(stored) ? stored : null);
  if (!Array.isArray(shape) || !shape.every(isLength)) return malformed('shape is not a list of sizes');
  if (shape.length > MAX_AXES) return malformed(`its shape has ${shape.length} axes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isLength)) {
    return malformed('data_offsets is not a pair of offsets');
  }
  const [from, to] = offsets as [number, number];
  const elements = sizeOf(shape);
  if (!Number.isSafeInteger(elements))
    return malformed(`its shape ${shape.join('×')} has more elements than can be addressed`);
  const begin = dataBegin + from;
  const end = dataBegin + to;
  if (!Number.isSafeInteger(end)) return malformed(`data_offsets end at ${to}, which cannot be addressed`);
  if (end < begin) return malformed(`data_offsets [${from}, ${to}] end before they begin`);
  const needed = dtype === null ? to - from : byteLength(dtype, elements);
  const tensor = { name, dtype, storage: stored, shape: shape as number[], begin, end };
  if (needed === to - from) return tensor;
  const message = `Tensor ${name} (${stored}, ${shape.join('×')}) needs ${needed} bytes, data_offsets give it ${to - from}.`;
  return {
    ...tensor,
    fault: { code: 'checkpoint/size-mismatch', file, offset: begin, expected: needed, found: to - from, message },
  };
}

const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** `tensors` ascend by where they begin. Empty ones take no room. */
function raiseIfOverlapping(tensors: readonly HeaderTensor[], file: string): void {
  let last: HeaderTensor | undefined;
  for (const tensor of tensors) {
    if (tensor.end === tensor.begin) continue;
    if (last !== undefined && tensor.begin < last.end) {
      raise({
        code: 'checkpoint/overlap',
        file,
        offset: tensor.begin,
        expected: last.end,
        found: tensor.begin,
        message: `Tensor ${tensor.name} begins at ${tensor.begin}, inside ${last.name}, which ends at ${last.end}.`,
      });
    }
    last = tensor;
  }
}
