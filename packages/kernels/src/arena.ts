/** A piece of memory, in the module's memory where it fits: file bytes read into it need no copy to be worked on. */
export interface Region {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Gives the piece back. Views of it must not be used any more. */
  release(): void;
}

/** Pieces begin at multiples of this. */
const GRAIN = 64;

/**
 * First-fit allocation in a fixed memory. Several scans may interleave in one thread, so pieces come back in any order. The content of a
 * piece is what was left there.
 */
export class Arena {
  /** Free pieces by offset, neighbours joined. */
  private readonly free: { begin: number; end: number }[];

  constructor(
    private readonly buffer: ArrayBufferLike,
    begin: number,
    end: number,
  ) {
    const first = Math.ceil(begin / GRAIN) * GRAIN;
    this.free = end > first ? [{ begin: first, end }] : [];
  }

  /** Null when no free piece is large enough. */
  take(byteLength: number): Region | null {
    const bytes = Math.max(GRAIN, Math.ceil(byteLength / GRAIN) * GRAIN);
    const index = this.free.findIndex(({ begin, end }) => end - begin >= bytes);
    const piece = this.free[index];
    if (piece === undefined) return null;
    const { begin } = piece;
    piece.begin += bytes;
    if (piece.begin === piece.end) this.free.splice(index, 1);
    let held = true;
    return {
      buffer: this.buffer,
      byteOffset: begin,
      byteLength,
      release: () => {
        if (held) this.give(begin, begin + bytes);
        held = false;
      },
    };
  }

  private give(begin: number, end: number): void {
    const after = this.free.findIndex((piece) => piece.begin >= end);
    const at = after < 0 ? this.free.length : after;
    this.free.splice(at, 0, { begin, end });
    this.join(at);
    this.join(at - 1);
  }

  private join(index: number): void {
    const [left, right] = [this.free[index], this.free[index + 1]];
    if (left === undefined || right === undefined || left.end !== right.begin) return;
    left.end = right.end;
    this.free.splice(index + 1, 1);
  }
}

/** The same over ordinary memory, for the plain kernels. */
export function ordinaryRegion(byteLength: number): Region {
  return { buffer: new ArrayBuffer(byteLength), byteOffset: 0, byteLength, release: () => {} };
}
