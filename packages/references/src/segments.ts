import type { CheckpointReference, References } from './reference.js';

/** A text put together from pieces of a document: code cells of a notebook, lines of a quoted code block. */
export class Segments {
  private readonly pieces: string[] = [];
  private length = 0;
  /** Per piece: where it begins in the assembled text, and the document offset of each of its characters. */
  private readonly starts: number[] = [];
  private readonly maps: ((offset: number) => number)[] = [];
  private readonly ends: number[] = [];

  /** Adds text whose characters stand at `offsetOf(0)`, `offsetOf(1)` … in the document; `offsetOf(length)` is its end. */
  add(text: string, offsetOf: (index: number) => number): void {
    if (text === '') return;
    this.starts.push(this.length);
    this.maps.push(offsetOf);
    this.ends.push(this.length + text.length);
    this.pieces.push(text);
    this.length += text.length;
  }

  /** Adds text that the document does not hold, such as the line break between two cells. */
  separate(text: string): void {
    this.pieces.push(text);
    this.length += text.length;
  }

  get text(): string {
    return this.pieces.join('');
  }

  /** The document range of an assembled range; null where it leaves its piece. */
  range(begin: number, end: number): { begin: number; end: number } | null {
    const piece = this.pieceAt(begin);
    if (piece < 0 || end > this.ends[piece]!) return null;
    const start = this.starts[piece]!;
    const offsetOf = this.maps[piece]!;
    return { begin: offsetOf(begin - start), end: offsetOf(end - start) };
  }

  /** The assembled offset of a document offset, null outside all pieces. */
  locate(offset: number): number | null {
    for (const [index, start] of this.starts.entries()) {
      const offsetOf = this.maps[index]!;
      const length = this.ends[index]! - start;
      if (offset < offsetOf(0) || offset > offsetOf(length)) continue;
      let low = 0;
      let high = length;
      while (low < high) {
        // The character that begins at or before the offset: a cursor inside an escape stands before it.
        const middle = (low + high + 1) >> 1;
        if (offsetOf(middle) <= offset) low = middle;
        else high = middle - 1;
      }
      return start + low;
    }
    return null;
  }

  /** References of the assembled text, as ranges of the document. */
  translate(
    found: References,
    settle: (reference: CheckpointReference) => CheckpointReference = (same) => same,
  ): References {
    const checkpoints = found.checkpoints.flatMap((reference) => {
      const range = this.range(reference.begin, reference.end);
      return range === null ? [] : [settle({ ...reference, ...range })];
    });
    const layers = found.layers.flatMap((reference) => {
      const range = this.range(reference.begin, reference.end);
      return range === null ? [] : [{ ...reference, ...range }];
    });
    return { checkpoints, layers };
  }

  /** The last piece that begins at or before the offset. */
  private pieceAt(offset: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
