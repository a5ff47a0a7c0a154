import { breathe, type Work } from '@espalier/base';

/** A calculation to be timed; where `run` gives a promise, until that is fulfilled. */
export interface Runner {
  readonly name: string;
  run(): unknown;
}

/** Milliseconds of one run of a calculation. */
export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  /** Half of the runs lie between these: a single slow one says something of the machine. */
  readonly lowMs: number;
  readonly highMs: number;
  /** How many times it was timed. */
  readonly runs: number;
}

export interface RaceOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Each is timed at least three times, and so often unless that takes longer than the budget. */
  readonly rounds: number;
  readonly budgetMs: number;
}

/** A lap is at least so long: shorter ones are repeated within it, since clocks are coarse. */
const LAP_MS = 0.5;
const LEAST_ROUNDS = 3;

/**
 * Times calculations in turn, so that a busy moment of the machine hits all of them. The first round warms up and tells how often each is repeated
 * within a lap. Aborts fly between laps.
 */
export async function raceTimings(
  runners: readonly Runner[],
  { now, rounds, budgetMs }: RaceOptions,
  work: Work,
): Promise<Timing[]> {
  const lap = async (run: () => unknown, times: number): Promise<number> => {
    const began = now();
    for (let i = 0; i < times; i++) {
      const pending = run();
      if (pending instanceof Promise) await pending;
    }
    return (now() - began) / times;
  };
  const repeats: number[] = [];
  for (const { run } of runners) {
    work.signal.throwIfAborted();
    // The first run of all compiles.
    await lap(run, 1);
    repeats.push(Math.max(1, Math.ceil(LAP_MS / Math.max(1e-4, await lap(run, 1)))));
    await breathe();
  }
  const laps: number[][] = runners.map(() => []);
  const began = now();
  for (let round = 0; round < rounds && (round < LEAST_ROUNDS || now() - began < budgetMs); round++) {
    for (const [i, { run }] of runners.entries()) {
      work.signal.throwIfAborted();
      laps[i]!.push(await lap(run, repeats[i]!));
      await breathe();
    }
  }
  return runners.map(({ name }, i) => {
    const sorted = laps[i]!.sort((a, b) => a - b);
    const at = (place: number): number => sorted[place]!;
    const runs = sorted.length;
    const [low, high] = [Math.floor((runs - 1) / 4), Math.ceil((3 * (runs - 1)) / 4)];
    return { name, medianMs: at(Math.floor(runs / 2)), lowMs: at(low), highMs: at(high), runs };
  });
}
