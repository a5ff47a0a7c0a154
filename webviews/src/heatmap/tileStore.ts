import { type TileWindow, tileKey } from './tileGrid.js';

/** Loads a window; rejects with the signal's reason when aborted, with anything else when it cannot. */
export type LoadTile<T> = (window: TileWindow, signal: AbortSignal) => Promise<T>;

/** Tiles that are asked for at the same time. More would only queue at the host, where they cannot be reordered. */
const MAX_IN_FLIGHT = 4;

/**
 * Keeps tiles of one picture, asks for what is missing, in order, and gives up what nobody needs any more. `changed` is
 * called when a tile arrived, `failed` when one could not be loaded.
 */
export class TileStore<T> {
  private readonly tiles = new Map<string, T>();
  private readonly inFlight = new Map<string, AbortController>();
  private wanted: readonly TileWindow[] = [];
  private readonly broken = new Set<string>();
  private closed = false;

  constructor(
    private readonly load: LoadTile<T>,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
    private readonly capacity = 256,
  ) {}

  get(window: TileWindow): T | undefined {
    const key = tileKey(window);
    const tile = this.tiles.get(key);
    if (tile !== undefined) {
      // A map remembers the order of insertion; what is used moves to the young end.
      this.tiles.delete(key);
      this.tiles.set(key, tile);
    }
    return tile;
  }

  /** Says what is needed now, most urgent first. Requests for anything else are aborted. */
  want(windows: readonly TileWindow[]): void {
    if (this.closed) return;
    this.wanted = windows;
    const keys = new Set(windows.map(tileKey));
    for (const [key, controller] of this.inFlight) {
      if (keys.has(key)) continue;
      this.inFlight.delete(key);
      controller.abort();
    }
    this.pump();
  }

  get busy(): boolean {
    return this.inFlight.size > 0;
  }

  /** Aborts everything; the store answers no more. */
  close(): void {
    this.closed = true;
    for (const controller of this.inFlight.values()) controller.abort();
    this.inFlight.clear();
    this.tiles.clear();
  }

  private pump(): void {
    for (const window of this.wanted) {
      if (this.inFlight.size >= MAX_IN_FLIGHT) return;
      const key = tileKey(window);
      if (!this.tiles.has(key) && !this.inFlight.has(key) && !this.broken.has(key)) this.start(key, window);
    }
  }

  private start(key: string, window: TileWindow): void {
    const controller = new AbortController();
    this.inFlight.set(key, controller);
    this.load(window, controller.signal).then(
      (tile) => {
        if (this.inFlight.get(key) !== controller) return;
        this.inFlight.delete(key);
        this.tiles.set(key, tile);
        this.evict();
        this.changed();
        this.pump();
      },
      (error: unknown) => {
        if (this.inFlight.get(key) !== controller) return;
        this.inFlight.delete(key);
        // Asked again only by a new store: a fault of the file does not go away by asking.
        this.broken.add(key);
        this.failed(error);
        this.pump();
      },
    );
  }

  private evict(): void {
    const needed = new Set(this.wanted.map(tileKey));
    for (const key of this.tiles.keys()) {
      if (this.tiles.size <= this.capacity) return;
      if (!needed.has(key)) this.tiles.delete(key);
    }
  }
}
