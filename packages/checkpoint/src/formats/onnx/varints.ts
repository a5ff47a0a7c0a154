import { raise } from '@espalier/base';
import { type Dtype, table, type Values } from '@espalier/tensor';
import type { DecodedData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import type { Span } from '../../protobuf/index.js';

/** One remembered position for so many numbers: a read begins at the nearest one before it. */
const STEP = 16_384;
const CHUNK_BYTES = 65_536;

/** How the integers of a packed list become values. */
export interface VarintMeaning {
  readonly dtype: Dtype;
  /** Elements in one integer: 2 for four-bit types, 4 for two-bit types, otherwise 1. */
  readonly perNumber: number;
}

/** Types whose values do not all fit single precision. */
const isWide = (dtype: Dtype): boolean => /^(F64|C128|[IU](32|64))$/.test(dtype);

/** The value of element `part` of an integer given by its halves. */
export function valueOfVarint({ dtype, perNumber }: VarintMeaning, low: number, high: number, part: number): number {
  switch (dtype) {
    case 'I32':
      return low | 0;
    case 'U32':
      return low >>> 0;
    case 'I64':
      return (high | 0) * 2 ** 32 + (low >>> 0);
    case 'U64':
      return (high >>> 0) * 2 ** 32 + (low >>> 0);
    case 'BOOL':
      return low === 0 && high === 0 ? 0 : 1;
  }
  if (perNumber === 4) {
    const two = (low >> (2 * part)) & 3;
    return dtype === 'I4' ? (two << 30) >> 30 : two;
  }
  const values = table(dtype);
  const bits = perNumber === 2 ? (low >> (4 * part)) & 15 : low;
  return values[bits & (values.length - 1)]!;
}

/** An array of the type that holds the values of `dtype` (see `decodeValues`). */
export const valuesFor = (dtype: Dtype, count: number): Values =>
  isWide(dtype) ? new Float64Array(count) : new Float32Array(count);

/**
 * Values of a packed list of varints in the file. Their places depend on the values before them, so the first read walks
 * the list once and remembers every 16 384th position.
 */
export class VarintData implements DecodedData {
  readonly kind = 'decoded';
  readonly blockElements: number;
  private steps: Promise<readonly { piece: number; offset: number }[]> | undefined;

  constructor(
    private readonly pieces: readonly Span[],
    private readonly meaning: VarintMeaning,
    private readonly elements: number,
    private readonly tensor: string,
  ) {
    this.blockElements = STEP * meaning.perNumber;
  }

  /** Walks the list. Raises `checkpoint/size-mismatch` where it does not hold exactly the numbers that the shape needs. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.positions(signal);
  }

  async read(begin: number, count: number, signal?: AbortSignal): Promise<Values> {
    const { perNumber } = this.meaning;
    const out = valuesFor(this.meaning.dtype, count);
    if (count === 0) return out;
    const steps = await this.positions(signal);
    const firstNumber = Math.floor(begin / perNumber);
    const step = Math.floor(firstNumber / STEP);
    let number = step * STEP;
    let low = 0;
    let high = 0;
    let shift = 0;
    let { piece, offset } = steps[step]!;
    while (piece < this.pieces.length) {
      const { source, end } = this.pieces[piece]!;
      while (offset < end) {
        const bytes = await source.read(offset, Math.min(CHUNK_BYTES, end - offset), signal);
        offset += bytes.length;
        for (let i = 0; i < bytes.length; i++) {
          const byte = bytes[i]!;
          const seven = byte & 127;
          if (shift < 28) low |= seven << shift;
          else if (shift === 28) {
            low |= seven << 28;
            high = seven >> 4;
          } else if (shift < 64) high |= seven << (shift - 32);
          shift += 7;
          if (byte >= 128) continue;
          if (number >= firstNumber) {
            for (let part = 0; part < perNumber; part++) {
              const at = number * perNumber + part - begin;
              if (at >= 0 && at < count) out[at] = valueOfVarint(this.meaning, low, high, part);
            }
          }
          number++;
          low = high = shift = 0;
          if (number * perNumber >= begin + count) return out;
        }
      }
      piece++;
      offset = this.pieces[piece]?.begin ?? 0;
    }
    return out;
  }

  private positions(signal: AbortSignal | undefined): Promise<readonly { piece: number; offset: number }[]> {
    if (this.steps !== undefined) return this.steps;
    const walking = this.walk(signal);
    this.steps = walking;
    walking.catch(() => {
      if (this.steps === walking) this.steps = undefined;
    });
    return walking;
  }

  private async walk(signal: AbortSignal | undefined): Promise<{ piece: number; offset: number }[]> {
    const steps: { piece: number; offset: number }[] = [];
    const expected = Math.ceil(this.elements / this.meaning.perNumber);
    let numbers = 0;
    for (const [piece, { source, begin, end }] of this.pieces.entries()) {
      let open = false;
      for (let offset = begin; offset < end; ) {
        const bytes = await source.read(offset, Math.min(CHUNK_BYTES, end - offset), signal);
        for (let i = 0; i < bytes.length; i++) {
          if (!open && numbers % STEP === 0) steps.push({ piece, offset: offset + i });
          open = bytes[i]! >= 128;
          if (!open) numbers++;
        }
        if (numbers > expected) break;
        offset += bytes.length;
      }
      if (open && numbers <= expected) numbers = Number.NaN;
    }
    if (numbers !== expected) {
      const first = this.pieces[0]!;
      raise({
        code: 'checkpoint/size-mismatch',
        file: first.source.name,
        offset: first.begin,
        expected,
        found: Number.isNaN(numbers) ? 'a cut-off list' : numbers,
        message: `Tensor ${brief(this.tensor)} needs a list of ${expected} numbers, the file holds ${Number.isNaN(numbers) ? 'one that is cut off' : numbers > expected ? 'more' : numbers}.`,
      });
    }
    return steps;
  }
}
