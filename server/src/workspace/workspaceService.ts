import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TensorHead } from '@espalier/analysis';
import {
  checkBudget,
  type Files,
  findBudget,
  hubCacheFolder,
  measuredBeside,
  relativeTo,
  resolveReference,
  type Service,
} from '@espalier/service';
import type { LayerMatch, ServerService, Settings } from '../features/feature.js';
import { pathOfUri } from '../lsp/uri.js';
import { findCheckpoints } from './checkpointFiles.js';

export interface WorkspacePorts {
  readonly service: Service;
  readonly files: Files;
  readonly settings: () => Settings;
  /** Absolute paths. */
  readonly folders: () => readonly string[];
  readonly log: (message: string) => void;
}

/** A listing of the workspace is good for this long; the watcher shortens it. */
const LISTING_MS = 10_000;
/** Automatic scans under way at once. */
const MAX_BACKGROUND = 2;

/** `service`, seen from a workspace: references, names of layers, background scans. */
export function createWorkspaceService(ports: WorkspacePorts): ServerService & { forgetListing(): void; stop(): void } {
  const { service, files, settings, folders } = ports;
  const stopped = new AbortController();
  let listing: { at: number; paths: Promise<string[]> } | null = null;
  const wanted: { path: string; full: boolean }[] = [];
  const asked = new Set<string>();
  let active = 0;

  const checkpointPaths = (signal: AbortSignal): Promise<string[]> => {
    signal.throwIfAborted();
    if (listing === null || performance.now() - listing.at > LISTING_MS) {
      listing = { at: performance.now(), paths: findCheckpoints(files, folders(), stopped.signal) };
      listing.paths.catch(() => (listing = null));
    }
    return listing.paths;
  };

  function pump(): void {
    while (active < MAX_BACKGROUND && wanted.length > 0) {
      const { path, full } = wanted.shift()!;
      active++;
      service
        .scan({ path, full }, 'idle', AbortSignal.any([stopped.signal]), () => {})
        .then((end) => {
          if (!end.ok) ports.log(`scan of ${path}: ${end.fault.message}`);
        })
        .catch((error) => {
          if (!stopped.signal.aborted) ports.log(`scan of ${path}: ${String(error)}`);
        })
        .finally(() => {
          active--;
          asked.delete(path);
          pump();
        });
    }
  }

  const schedule = (path: string, full: boolean): void => {
    if (!full && asked.has(path)) return;
    asked.add(path);
    wanted.push({ path, full });
    pump();
  };

  const ownFolderFirst = (documentPath: string | null): string[] => {
    const all = [...folders()];
    if (documentPath === null) return all;
    const own = all.filter((folder) => relativeTo(folder, documentPath) !== documentPath);
    return [...own.sort((a, b) => b.length - a.length), ...all.filter((folder) => !own.includes(folder))];
  };

  const self: ServerService & { forgetListing(): void; stop(): void } = {
    resolve(reference, documentUri) {
      const documentPath = pathOfUri(documentUri);
      return resolveReference(files, reference, {
        documentFolder: documentPath === null ? null : dirname(documentPath),
        roots: settings().searchRoots,
        workspaceFolders: ownFolderFirst(documentPath),
        home: homedir(),
        hubCache: hubCacheFolder(process.env, homedir()),
      });
    },
    head: (path, signal) => service.head(path, signal),
    facts: (path, signal) => service.facts(path, signal),
    scanState: (path) => service.scanState(path),
    async budget(path, signal) {
      const found = await findBudget(files, path, { top: folders(), signal });
      if (found?.budget == null) return null;
      const facts = await service.facts(path, signal);
      if (facts === null) return null;
      const { file, budget } = found;
      return { file, limits: checkBudget(budget, facts, await measuredBeside(files, path, { file, budget }, signal)) };
    },
    outlook: (path, recipe, signal) => service.outlook(path, recipe, signal),
    knownTimes: (path) => service.knownTimes(path),
    requestScan(path) {
      if (!settings().scanAutomatically) return;
      const known = service.peek(path);
      if (known?.complete) return;
      schedule(path, false);
    },
    scanFully: (path) => schedule(path, true),
    async findLayers(name, preferredPaths, signal) {
      const paths = preferredPaths.length > 0 ? preferredPaths : await checkpointPaths(signal);
      const matches: LayerMatch[] = [];
      for (const path of paths.slice(0, 50)) {
        signal.throwIfAborted();
        const facts = await service.facts(path, signal);
        if (facts === null) continue;
        const tensors = tensorsNamed(facts.head.tensors, name);
        if (tensors.length > 0)
          matches.push({ path, tensors, exact: tensors.some((tensor) => tensor.name === name), facts: facts.facts });
      }
      return matches;
    },
    checkpointPaths,
    async defaultCheckpoint(documentUri, signal) {
      const configured = settings().defaultCheckpoint;
      if (configured !== null) {
        for (const folder of ['', ...ownFolderFirst(pathOfUri(documentUri))]) {
          const path = folder === '' ? configured : join(folder, configured);
          if ((await files.stat(path)) !== null) return path;
        }
        return null;
      }
      const paths = await checkpointPaths(signal);
      return paths.length === 1 ? paths[0]! : null;
    },
    displayName(path) {
      const names = folders().map((folder) => relativeTo(folder, path));
      return names.sort((a, b) => a.length - b.length)[0] ?? path;
    },
    forgetListing: () => {
      listing = null;
    },
    stop: () => stopped.abort(),
  };
  return self;
}

/** The tensor of that name, else the tensors of the module of that name, also below a common prefix such as `module.`. */
export function tensorsNamed(tensors: readonly TensorHead[], name: string): TensorHead[] {
  const exact = tensors.filter((tensor) => tensor.name === name);
  if (exact.length > 0) return exact;
  const below = tensors.filter((tensor) => tensor.name.startsWith(`${name}.`) || tensor.name.startsWith(`${name}/`));
  if (below.length > 0) return below;
  const prefixed = tensors.filter((tensor) =>
    PREFIXES.some((prefix) => tensor.name === `${prefix}${name}` || tensor.name.startsWith(`${prefix}${name}.`)),
  );
  return prefixed;
}

/** Wrappers that frameworks put around a model's names. */
const PREFIXES = [
  'module.',
  'model.',
  'state_dict.',
  'model.state_dict.',
  '_orig_mod.',
  'net.',
  'ema.',
  'base_model.model.',
];
