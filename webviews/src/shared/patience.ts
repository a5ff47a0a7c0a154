/** What takes less than this is not worth a word. */
export const PATIENCE_MS = 150;

/** Tells when something has been going on for a moment. `wake` is called when it has, so that the page can be drawn again. */
export class Patience {
  private since: number | null = null;

  constructor(private readonly wake: () => void) {}

  /** To be asked at every drawing: has it been busy for long enough to say so? */
  isOver(busy: boolean): boolean {
    if (!busy) {
      this.since = null;
      return false;
    }
    if (this.since === null) {
      this.since = performance.now();
      setTimeout(this.wake, PATIENCE_MS + 1);
    }
    return performance.now() - this.since >= PATIENCE_MS;
  }
}
