import type { FileHead, StatsOptions, TensorFacts, TensorHead } from '@espalier/analysis';
import type { Fault } from '@espalier/base';
import type { ScanEnd, ScanItem, ScanQuery } from '@espalier/protocol';
import { type FactsStore, factsOf } from './factsStore.js';
import type { FileFacts } from './fileFacts.js';
import { SPLIT_BYTES, scanInParts } from './scanInParts.js';
import type { Priority, Runner } from './tasks.js';

/** Small tensors are read together, so that a thousand biases are not a thousand messages. */
const BATCH_BYTES = 16 * 1024 * 1024;
/** Above the limit this much is read of each larger tensor. */
const SAMPLE_BYTES = 1024 * 1024;
const SAMPLE_SEED = 1;
/** Compressing takes a second for every 40 MB: files of at most this size are compressed without being asked. */
const GZIP_BYTES = 64 * 1024 * 1024;
/** Facts are sent on at this rate at most. */
const EMIT_EVERY_MS = 60;

export interface ScanSettings {
  /** Automatic scans above this many bytes are sampled. */
  readonly limitBytes: number;
  readonly nearZeroRatio: number;
}

/** How far a running scan is. */
export interface ScanState {
  readonly doneBytes: number;
  readonly bytes: number;
  readonly doneTensors: number;
  readonly tensors: number;
}

interface Listener {
  onItem(item: ScanItem): void;
}

interface Running {
  readonly listeners: Set<Listener>;
  readonly controller: AbortController;
  readonly full: boolean;
  promote(names: readonly string[], priority: Priority): void;
  state: ScanState;
  end: Promise<ScanEnd>;
}

export interface Scans {
  scan(
    query: ScanQuery,
    head: FileHead,
    stamp: string,
    priority: Priority,
    signal: AbortSignal,
    onItem: (item: ScanItem) => void,
  ): Promise<ScanEnd>;
  state(path: string): ScanState | null;
  running(): readonly { readonly path: string; readonly state: ScanState }[];
  /** Stops every scan; what was found so far is kept. */
  cancelAll(): void;
}

/** One scan a file, however many ask for it: askers come and go, the scan stops when the last one leaves. */
export function createScans(
  runner: Runner,
  store: FactsStore,
  settings: () => ScanSettings,
  now: () => number,
  changed: (path: string) => void,
): Scans {
  const scans = new Map<string, Running>();

  function start(query: ScanQuery, head: FileHead, stamp: string, initial: Priority): Running {
    const controller = new AbortController();
    const listeners = new Set<Listener>();
    let priority = initial;
    const known = store.peek(query.path);
    const facts = new Map<string, TensorFacts>(known?.stamp === stamp ? known.facts : []);
    const full = query.full === true;
    const { limitBytes, nearZeroRatio } = settings();
    const allBytes = head.tensors.reduce((sum, tensor) => sum + (tensor.noValues ? 0 : tensor.bytes), 0);
    const sampled = !full && allBytes > limitBytes;
    const options: StatsOptions = {
      nearZeroRatio,
      gzip: !sampled && allBytes <= GZIP_BYTES,
      ...(sampled ? { sample: { maxBytes: SAMPLE_BYTES, seed: SAMPLE_SEED } } : {}),
    };
    const isOld = (fact: TensorFacts | undefined): boolean =>
      fact === undefined || (full && fact.stats?.obtained.kind === 'sampled');
    let queue = head.tensors.filter((tensor) => isScannable(tensor) && isOld(facts.get(tensor.name)));
    const tensors = head.tensors.filter(isScannable).length;
    const startedMs = now();
    const bytesAtStart = allBytes - queue.reduce((sum, tensor) => sum + tensor.bytes, 0);
    /** Of the large tensor that is being read in parts. */
    let partlyBytes = 0;
    let lastEmit = Number.NEGATIVE_INFINITY;
    let pending: TensorFacts[] = [];

    const emit = (force: boolean): void => {
      if (!force && now() - lastEmit < EMIT_EVERY_MS) return;
      lastEmit = now();
      const { bytes, doneTensors } = running.state;
      const doneBytes = Math.round(running.state.doneBytes + partlyBytes);
      const share = (doneBytes - bytesAtStart) / Math.max(1, bytes - bytesAtStart);
      const msLeft = share > 0.02 ? ((now() - startedMs) * (1 - share)) / share : null;
      const items: ScanItem[] = pending.length > 0 ? [{ kind: 'facts', facts: pending }] : [];
      pending = [];
      items.push({ kind: 'progress', doneTensors, tensors, doneBytes, bytes, msLeft });
      for (const listener of listeners) for (const item of items) listener.onItem(item);
    };

    const took = (fact: TensorFacts): void => {
      facts.set(fact.head.name, fact);
      pending.push(fact);
      const { state } = running;
      running.state = { ...state, doneTensors: state.doneTensors + 1, doneBytes: state.doneBytes + fact.head.bytes };
      emit(false);
    };

    const nextBatch = (): string[] => {
      const batch: string[] = [];
      let bytes = 0;
      while (queue.length > 0 && (batch.length === 0 || bytes + queue[0]!.bytes <= BATCH_BYTES)) {
        const tensor = queue.shift()!;
        batch.push(tensor.name);
        bytes += tensor.bytes;
      }
      return batch;
    };

    /** Tensors too large for one thread, one after the other, each on all of them. */
    async function large(): Promise<Fault | null> {
      for (const tensor of takeLarge()) {
        const answer = await scanInParts(runner, query.path, tensor, options, controller.signal, priority, (share) => {
          partlyBytes = share * tensor.bytes;
          emit(false);
        });
        partlyBytes = 0;
        if (!answer.ok && answer.fault.code === 'engine/crashed') return answer.fault;
        took(answer.ok ? { head: tensor, stats: answer.value } : { head: tensor, fault: answer.fault });
      }
      return null;
    }

    function takeLarge(): TensorHead[] {
      const isLarge = ({ bytes }: TensorHead): boolean => !sampled && runner.width > 1 && bytes >= SPLIT_BYTES;
      const taken = queue.filter(isLarge);
      queue = queue.filter((tensor) => !isLarge(tensor));
      return taken;
    }

    async function lane(): Promise<Fault | null> {
      for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
        controller.signal.throwIfAborted();
        const answer = await runner.run(
          'stats',
          { path: query.path, tensors: batch, options },
          { signal: controller.signal, onItem: took },
          priority,
        );
        if (!answer.ok) return answer.fault;
      }
      return null;
    }

    async function whole(): Promise<ScanEnd> {
      const lanes = [large(), ...Array.from({ length: Math.max(1, runner.width) }, lane)];
      try {
        const faults = await Promise.all(lanes);
        const fault = faults.find((found) => found !== null) ?? undefined;
        emit(true);
        const done = keep();
        if (done.complete && fault === undefined) await store.persist(query.path).catch(() => {});
        return {
          totals: done.totals,
          findings: done.findings,
          sampled: done.sampled,
          ...(fault === undefined ? {} : { fault }),
        };
      } finally {
        // What was found before a cancel is kept: the next scan goes on from there.
        controller.abort();
        await Promise.allSettled(lanes);
        keep();
        scans.delete(query.path);
        changed(query.path);
      }
    }

    const keep = (): FileFacts => {
      const done = factsOf(head, stamp, facts);
      store.put(query.path, done);
      return done;
    };

    const running: Running = {
      listeners,
      controller,
      full,
      state: { doneBytes: bytesAtStart, bytes: allBytes, doneTensors: tensors - queue.length, tensors },
      promote(names, wanted) {
        if (ORDER[wanted] < ORDER[priority]) priority = wanted;
        const first = new Set(names);
        queue = [
          ...queue.filter((tensor) => first.has(tensor.name)),
          ...queue.filter((tensor) => !first.has(tensor.name)),
        ];
      },
      end: undefined as unknown as Promise<ScanEnd>,
    };
    running.promote(query.first ?? [], initial);
    scans.set(query.path, running);
    running.end = whole();
    running.end.catch(() => {});
    changed(query.path);
    return running;
  }

  return {
    state: (path) => scans.get(path)?.state ?? null,
    running: () => [...scans].map(([path, { state }]) => ({ path, state })),
    cancelAll: () => {
      for (const running of scans.values()) running.controller.abort();
    },
    async scan(query, head, stamp, priority, signal, onItem) {
      signal.throwIfAborted();
      const known = store.peek(query.path);
      const listener: Listener = { onItem };
      const current = known?.stamp === stamp ? known : null;
      if (current?.complete && !(query.full && current.sampled)) {
        sendKnown(current, query, onItem);
        return { totals: current.totals, findings: current.findings, sampled: current.sampled };
      }
      let running = scans.get(query.path);
      if (running !== undefined && query.full && !running.full) {
        running.controller.abort();
        await running.end.catch(() => {});
        running = undefined;
      }
      if (running === undefined) running = start(query, head, stamp, priority);
      else running.promote(query.first ?? [], priority);
      if (current !== null) sendKnown(current, query, onItem);
      running.listeners.add(listener);
      let leave = (): void => {};
      const left = new Promise<never>((_, reject) => {
        leave = () => {
          running.listeners.delete(listener);
          if (running.listeners.size === 0) running.controller.abort(signal.reason);
          reject(signal.reason);
        };
      });
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([running.end, left]);
      } finally {
        signal.removeEventListener('abort', leave);
        running.listeners.delete(listener);
      }
    },
  };
}

/** Empty tensors are scanned too: that they have no zeros is a fact. */
const isScannable = ({ noValues }: TensorHead): boolean => noValues === undefined || noValues.why === 'empty';

const ORDER: Readonly<Record<Priority, number>> = { now: 0, soon: 1, idle: 2 };

function sendKnown(known: FileFacts, query: ScanQuery, onItem: (item: ScanItem) => void): void {
  const skip = new Set(query.skip ?? []);
  const facts = [...known.facts.values()].filter((fact) => !skip.has(fact.head.name));
  if (facts.length > 0) onItem({ kind: 'facts', facts });
}
