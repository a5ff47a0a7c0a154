/** One line of a benchmark table. */
export interface BenchRow {
  readonly name: string;
  readonly median: number;
  /** `GB/s`: more is better; `ms` and `MB`: less is. */
  readonly unit: 'GB/s' | 'ms' | 'MB';
  /** Smallest and largest of the repetitions. */
  readonly spread?: readonly [low: number, high: number];
  /** CPU time of the median repetition, all threads together. */
  readonly cpuMs?: number;
  /** How much faster than something of the same run (medians); `target` is what was aimed at. */
  readonly ratio?: { readonly to: string; readonly value: number; readonly target?: number };
  readonly note?: string;
}

/** A benchmark file exports this. */
export type Bench = () => Promise<BenchTable>;

export interface BenchTable {
  readonly title: string;
  /** Versions and sizes that the figures depend on, one sentence each. */
  readonly notes: readonly string[];
  readonly rows: readonly BenchRow[];
}

/** Wall and CPU time of one repetition, in milliseconds. */
export interface Lap {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Something to be timed. It may time itself, as other processes do. */
export interface Contender {
  readonly name: string;
  run(): Promise<Lap | undefined>;
}

/**
 * Times contenders in turn, so that a busy moment of the machine hits all of them; the first round does not count. CPU time is of this
 * process with all its threads, unless the contender says otherwise.
 */
export async function race(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Lap[]>> {
  const laps = new Map<string, Lap[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of contenders) {
      const before = process.cpuUsage();
      const began = performance.now();
      const own = await run();
      const wallMs = performance.now() - began;
      const { user, system } = process.cpuUsage(before);
      if (round > 0) laps.get(name)!.push(own ?? { wallMs, cpuMs: (user + system) / 1000 });
    }
  }
  return laps;
}

/** Laps as a rate over `bytes`. */
export function rateRow(
  name: string,
  laps: readonly Lap[],
  bytes: number,
  ratio?: BenchRow['ratio'],
  note?: string,
): BenchRow {
  const sorted = [...laps].sort((a, b) => a.wallMs - b.wallMs);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  const rate = ({ wallMs }: Lap): number => bytes / wallMs / 1e6;
  return {
    name,
    median: rate(middle),
    unit: 'GB/s',
    spread: [rate(sorted[sorted.length - 1]!), rate(sorted[0]!)],
    cpuMs: middle.cpuMs,
    ...(ratio === undefined ? {} : { ratio }),
    ...(note === undefined ? {} : { note }),
  };
}

/** Laps as times. */
export function timeRow(name: string, laps: readonly Lap[], ratio?: BenchRow['ratio'], note?: string): BenchRow {
  const sorted = [...laps].sort((a, b) => a.wallMs - b.wallMs);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return {
    name,
    median: middle.wallMs,
    unit: 'ms',
    spread: [sorted[0]!.wallMs, sorted[sorted.length - 1]!.wallMs],
    cpuMs: middle.cpuMs,
    ...(ratio === undefined ? {} : { ratio }),
    ...(note === undefined ? {} : { note }),
  };
}

/** How many times faster `of` is than `than`, by median wall time. */
export function faster(laps: ReadonlyMap<string, readonly Lap[]>, of: string, than: string): number {
  const median = (name: string): number => {
    const times = laps
      .get(name)!
      .map(({ wallMs }) => wallMs)
      .sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)]!;
  };
  return median(than) / median(of);
}
