import type { TensorEntry } from '@espalier/checkpoint';
import { kernels, type Region } from '@espalier/kernels';
import type { Values } from '@espalier/tensor';
import { meaningOf, type PatternMeaning } from '../stats/meaning.js';
import { modeOf, type ScanMode } from '../stats/mode.js';
import { TensorReader } from '../stats/reader.js';

/**
 * Reads values as they are drawn and compared: whatever counts as zero by the quantization is exactly 0. What a read returns is valid until
 * the next one.
 */
export class DisplayReader {
  /** A read takes at most this many elements. */
  readonly maxElements: number;
  private readonly mode: ScanMode;
  private readonly reader: TensorReader;
  private readonly drawn: Float32Array | null = null;
  private readonly decoded: Region | null = null;

  constructor(entry: TensorEntry) {
    this.mode = modeOf(entry);
    this.reader = new TensorReader(entry, this.mode);
    this.maxElements = Math.min(this.reader.windowElements, 2 ** 20);
    if (this.mode.kind === 'patterns' && entry.data.kind === 'raw') {
      this.drawn = drawnValues(meaningOf(entry.data, this.mode.width));
      this.decoded = kernels().take(4 * Math.min(this.maxElements, entry.elements));
    }
  }

  async read(begin: number, count: number, signal: AbortSignal): Promise<Values> {
    if (this.mode.kind === 'float64') return await this.reader.float64(begin, count, signal);
    if (this.mode.kind === 'patterns') {
      const patterns = await this.reader.patterns(begin, count, signal);
      const out = new Float32Array(this.decoded!.buffer, this.decoded!.byteOffset, count);
      kernels().mapPatterns(patterns, this.drawn!, out);
      return out;
    }
    const { values, alsoZero } = await this.reader.float32(begin, count, signal);
    if (alsoZero !== null) for (let i = 0; i < count; i++) if ((alsoZero[i >> 3]! >> (i & 7)) & 1) values[i] = 0;
    return values;
  }

  release(): void {
    this.reader.release();
    this.decoded?.release();
  }
}

const drawnValues = ({ values, zero }: PatternMeaning): Float32Array =>
  zero === null ? values : values.map((value, pattern) => ((pattern & zero.mask) === zero.match ? 0 : value));
