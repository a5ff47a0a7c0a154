import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createWorkerPool, describeMachine, diskCache, isInside, modelTimer, nodeFiles } from '@espalier/host';
import { cancelScans, forgetFacts, scanFully, scansChanged, trusted } from '@espalier/protocol';
import { createService, type FactsCache } from '@espalier/service';
import {
  type ClientCapabilities,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type InitializeParams,
  type InitializeResult,
  ResourceOperationKind,
  type ServerCapabilities,
} from 'vscode-languageserver/node';
import { createDocuments } from './documents.js';
import { registerChangeRequests } from './features/change.js';
import { announceChange, registerCheckpointRequests } from './features/checkpoint.js';
import { registerDoctorRequests } from './features/doctor.js';
import type { ClientAbilities } from './features/feature.js';
import { features } from './features/index.js';
import { pathOfUri } from './lsp/uri.js';
import { DEFAULT_SETTINGS, readSettings } from './workspace/settings.js';
import { createWorkspaceService } from './workspace/workspaceService.js';

export interface ServerOptions {
  /** Bundled worker entry. */
  readonly workerEntry: URL;
  /** Bundled entry of a job's process. */
  readonly jobEntry: URL;
  readonly cacheFolder: string;
  readonly version: string;
}

/** What our own extension says when it starts the server; other clients leave it out. */
interface InitializationOptions {
  readonly commands?: boolean;
  readonly trusted?: boolean;
  readonly cacheFolder?: string;
  readonly threads?: number;
  readonly locale?: string;
  readonly settings?: unknown;
}

/** What a client says of itself, as far as it says it in the way it should. */
function readOptions(given: unknown): InitializationOptions {
  const { commands, trusted, cacheFolder, threads, locale, settings } = (given ?? {}) as Record<string, unknown>;
  return {
    ...(typeof commands === 'boolean' ? { commands } : {}),
    ...(typeof trusted === 'boolean' ? { trusted } : {}),
    ...(typeof cacheFolder === 'string' && cacheFolder !== '' ? { cacheFolder } : {}),
    ...(typeof threads === 'number' && Number.isInteger(threads) && threads > 0
      ? { threads: Math.min(threads, 64) }
      : {}),
    ...(typeof locale === 'string' ? { locale } : {}),
    settings,
  };
}

/** Wires a connection to the product. Every answer is computed in worker threads; this thread only translates. */
export function startServer(connection: Connection, options: ServerOptions): void {
  const documents = createDocuments();
  let settings = DEFAULT_SETTINGS;
  let folders: string[] = [];

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    const given = readOptions(params.initializationOptions);
    const abilities: ClientCapabilities = params.capabilities ?? {};
    folders = (params.workspaceFolders ?? []).flatMap((folder) => pathOfUri(folder.uri) ?? []);
    if (folders.length === 0 && params.rootUri) folders = [pathOfUri(params.rootUri)].filter((path) => path !== null);
    settings = readSettings(given.settings, folders);
    let isTrusted = given.trusted ?? false;
    const rules = () => ({ workspaceRoots: folders, trusted: isTrusted });
    const files = nodeFiles(rules);
    const listeners: ((path: string | null) => void)[] = [];
    const ready: (() => void)[] = [];
    const log = (message: string): void => connection.console.log(message);
    const pool = createWorkerPool({
      entry: options.workerEntry,
      width: given.threads ?? Math.max(1, Math.min(4, availableParallelism())),
      interactive: true,
      log: (message) => connection.console.error(message),
    });
    pool.setRules(rules());
    // Where links are not followed, the same file may have fewer tensors: its facts are kept apart.
    const cacheFolder = given.cacheFolder ?? options.cacheFolder;
    const caches = { trusted: diskCache(cacheFolder), untrusted: diskCache(join(cacheFolder, 'untrusted')) };
    const cache = (): FactsCache => (isTrusted ? caches.trusted : caches.untrusted);
    // Code that lies beside a model outside of the workspace is not run.
    const runtimeFolder = (path: string): string =>
      folders.some((folder) => isInside(path, folder)) ? dirname(path) : (folders[0] ?? cacheFolder);
    const service = createService({
      files,
      runner: pool,
      cache: {
        get: (key) => cache().get(key),
        put: (key, value) => cache().put(key, value),
      },
      machine: describeMachine(),
      modelTimer: modelTimer(options.jobEntry, rules, runtimeFolder),
      now: () => performance.now(),
      settings: () => ({ limitBytes: settings.scanLimitBytes, nearZeroRatio: settings.nearZeroRatio }),
      onChange: (path) => {
        for (const listener of listeners) listener(path);
        void connection.sendNotification(scansChanged.method, { running: service.runningScans() });
      },
    });
    const workspace = createWorkspaceService({ service, files, settings: () => settings, folders: () => folders, log });
    const client: ClientAbilities = {
      commands: given.commands ?? false,
      inlayHintRefresh: abilities.workspace?.inlayHint?.refreshSupport ?? false,
      codeLensRefresh: abilities.workspace?.codeLens?.refreshSupport ?? false,
      dynamic: dynamicFeatures(abilities.textDocument),
      createsFiles:
        abilities.workspace?.workspaceEdit?.resourceOperations?.includes(ResourceOperationKind.Create) ?? false,
      locale: given.locale ?? params.locale ?? 'en-US',
    };

    registerCheckpointRequests(connection, service);
    const jobs = registerChangeRequests(connection, {
      service,
      files,
      jobEntry: options.jobEntry,
      historyFile: join(cacheFolder, '..', 'jobs.json'),
      rules,
      log,
    });
    registerDoctorRequests(connection, {
      version: options.version,
      folder: () => folders[0] ?? cacheFolder,
      isTrusted: () => isTrusted,
    });
    const capabilities = features.reduce<ServerCapabilities>(
      (all, feature) => ({
        ...all,
        ...feature({
          connection,
          documents,
          service: workspace,
          settings: () => settings,
          client,
          onReady: (listener) => void ready.push(listener),
          onChange: (listener) => void listeners.push(listener),
          onDocument: documents.onDocument,
          log,
        }),
      }),
      {},
    );

    connection.onDidChangeWatchedFiles(({ changes }) => {
      workspace.forgetListing();
      for (const { uri, type } of changes) {
        const path = pathOfUri(uri);
        if (path === null) continue;
        service.invalidate(path);
        announceChange(connection, path, type === FileChangeType.Deleted);
      }
      for (const listener of listeners) listener(null);
    });
    connection.onNotification(trusted.method, () => {
      isTrusted = true;
      pool.setRules(rules());
      service.forgetAll();
      for (const listener of listeners) listener(null);
    });
    connection.onNotification(scanFully.method, ({ path }: { path: string }) => workspace.scanFully(path));
    connection.onNotification(cancelScans.method, () => service.cancelScans());
    connection.onNotification(forgetFacts.method, () => service.forgetAll());
    connection.onInitialized(() => {
      for (const listener of ready) listener();
      if (abilities.workspace?.configuration) {
        void connection.client.register(DidChangeConfigurationNotification.type, { section: 'espalier' });
        void pull();
      }
      if (abilities.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
        void connection.client.register(DidChangeWatchedFilesNotification.type, {
          watchers: [{ globPattern: WATCHED }],
        });
      }
      if (abilities.workspace?.workspaceFolders) {
        connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
          const gone = new Set(removed.map((folder) => pathOfUri(folder.uri)));
          folders = [
            ...folders.filter((folder) => !gone.has(folder)),
            ...added.flatMap((folder) => pathOfUri(folder.uri) ?? []),
          ];
          pool.setRules(rules());
          workspace.forgetListing();
          for (const listener of listeners) listener(null);
        });
      }
      log(`Espalier ${options.version} is ready: ${folders.length} folders, ${pool.width} reading threads.`);
    });
    async function pull(): Promise<void> {
      apply(await connection.workspace.getConfiguration('espalier'));
    }
    function apply(section: unknown): void {
      const before = settings;
      settings = readSettings(section, folders);
      if (settings.nearZeroRatio !== before.nearZeroRatio) service.forgetAll();
      for (const listener of listeners) listener(null);
    }
    connection.onDidChangeConfiguration((change) => {
      if (abilities.workspace?.configuration) void pull();
      else apply((change.settings as { espalier?: unknown } | null)?.espalier);
    });
    connection.onShutdown(async () => {
      workspace.stop();
      await jobs.close();
      await pool.close();
    });

    return {
      serverInfo: { name: 'espalier', version: options.version },
      capabilities: {
        ...capabilities,
        textDocumentSync: documents.sync,
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  documents.listen(connection);
  connection.listen();
}

/** What the client takes registrations of after the start. */
const dynamicFeatures = (texts: object | undefined): ReadonlySet<string> =>
  new Set(
    Object.entries(texts ?? {}).flatMap(([name, value]: [string, { readonly dynamicRegistration?: boolean } | null]) =>
      value?.dynamicRegistration === true ? [name] : [],
    ),
  );

/** Files whose change outdates facts: certain checkpoints, and companions that hold or name weights. */
const WATCHED =
  '**/*.{safetensors,gguf,onnx,tflite,pt,pth,ckpt,bin,npy,npz,keras,h5,hdf5,pb,index,json,data,dvc,budget.yaml,budget.yml}';
