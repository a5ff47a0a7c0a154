import { type FileHead, findingsFrom, type SizesAsStored, type TensorFacts, totals } from '@espalier/analysis';
import type { Finding } from '@espalier/checkpoint';
import { FACTS_VERSION, type FileFacts, isStoredFacts, type StoredFacts } from './fileFacts.js';
import type { FactsCache, Files } from './ports.js';
import { stampOf } from './stamp.js';

/** Facts kept in memory at most; the least recently used is forgotten first. */
const MAX_FILES = 64;

export interface FactsStore {
  /** Facts of the present version of the file, from memory or from disk; null when there are none or they are outdated. */
  get(path: string): Promise<FileFacts | null>;
  /** What memory holds, current or not, without touching the disk. */
  peek(path: string): FileFacts | null;
  put(path: string, facts: FileFacts): void;
  /** Adds the size after gzip to the facts of a tensor, if they are still those of this version. */
  addGzip(path: string, stamp: string, tensor: string, gzip: SizesAsStored['gzip']): void;
  /** Writes complete facts to the disk cache. */
  persist(path: string): Promise<void>;
  forget(path: string): void;
  forgetAll(): void;
}

export function createFactsStore(files: Files, cache: FactsCache | undefined, nearZeroRatio: () => number): FactsStore {
  const memory = new Map<string, FileFacts>();

  const remember = (path: string, facts: FileFacts): void => {
    memory.delete(path);
    memory.set(path, facts);
    const oldest = memory.keys().next().value;
    if (memory.size > MAX_FILES && oldest !== undefined) memory.delete(oldest);
  };

  /** Facts that were counted by another measure are other facts. */
  const keyOf = (path: string): string => `${path}\n${nearZeroRatio()}`;

  const companions = (head: FileHead): string[] => head.files.map((file) => file.name);

  return {
    peek: (path) => memory.get(path) ?? null,
    put: remember,
    addGzip(path, stamp, tensor, gzip) {
      const known = memory.get(path);
      const fact = known?.facts.get(tensor);
      if (known?.stamp !== stamp || fact?.stats === undefined) return;
      const stats = { ...fact.stats, sizes: { ...fact.stats.sizes, gzip } };
      remember(path, { ...known, facts: new Map(known.facts).set(tensor, { ...fact, stats }) });
    },
    forget: (path) => void memory.delete(path),
    forgetAll: () => memory.clear(),
    async get(path) {
      const known = memory.get(path);
      if (known !== undefined) {
        if ((await stampOf(files, path, companions(known.head))) === known.stamp) return known;
        memory.delete(path);
        return null;
      }
      const stored = await cache?.get(keyOf(path)).catch(() => null);
      if (!isStoredFacts(stored)) return null;
      if ((await stampOf(files, path, companions(stored.head))) !== stored.stamp) return null;
      const facts = factsOf(stored.head, stored.stamp, new Map(stored.facts.map((fact) => [fact.head.name, fact])));
      remember(path, facts);
      return facts;
    },
    async persist(path) {
      const facts = memory.get(path);
      if (facts === undefined || !facts.complete) return;
      const stored: StoredFacts = {
        version: FACTS_VERSION,
        stamp: facts.stamp,
        head: facts.head,
        facts: [...facts.facts.values()],
      };
      await cache?.put(keyOf(path), stored);
    },
  };
}

/** Everything that follows from the facts of the tensors. */
export function factsOf(head: FileHead, stamp: string, facts: ReadonlyMap<string, TensorFacts>): FileFacts {
  const all = head.tensors.map((tensor) => facts.get(tensor.name) ?? { head: tensor });
  const scanned = all.filter((fact) => fact.stats !== undefined);
  return {
    head,
    stamp,
    facts,
    totals: totals(all),
    findings: [...head.findings, ...faultsAsFindings(head, all), ...findingsFrom(all)],
    complete: all.every(
      (fact) =>
        fact.stats !== undefined ||
        fact.fault !== undefined ||
        (fact.head.noValues !== undefined && fact.head.noValues.why !== 'empty'),
    ),
    sampled: scanned.some((fact) => fact.stats?.obtained.kind === 'sampled'),
  };
}

/** Why a tensor has no figures, where the header did not say so already. */
function faultsAsFindings(head: FileHead, facts: readonly TensorFacts[]): Finding[] {
  const said = new Set(head.findings.map(({ tensor }) => tensor));
  return facts.flatMap(({ head: { name }, fault }) =>
    fault === undefined || said.has(name)
      ? []
      : [
          {
            code: fault.code,
            severity: 'error',
            message: `${name}: ${fault.message}`,
            tensor: name,
            ...(fault.file === undefined ? {} : { file: fault.file }),
            ...(fault.offset === undefined ? {} : { offset: fault.offset }),
          },
        ],
  );
}
