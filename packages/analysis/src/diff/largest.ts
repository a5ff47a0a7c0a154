/** A difference and where it is. */
export interface Delta {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** Keeps the `limit` largest differences by |after − before|; a NaN on one side counts as infinitely large. Earlier ones win ties. */
export class LargestDeltas {
  private readonly kept: { delta: Delta; size: number }[] = [];

  constructor(private readonly limit: number) {}

  /** Differences up to this size need not be offered. */
  get floor(): number {
    return this.kept.length < this.limit ? 0 : this.kept[this.kept.length - 1]!.size;
  }

  offer(delta: Delta): void {
    const difference = Math.abs(delta.after - delta.before);
    const size = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (size <= this.floor) return;
    const place = this.kept.findIndex((other) => other.size < size);
    this.kept.splice(place < 0 ? this.kept.length : place, 0, { delta, size });
    this.kept.length = Math.min(this.kept.length, this.limit);
  }

  list(): readonly Delta[] {
    return this.kept.map(({ delta }) => delta);
  }
}
