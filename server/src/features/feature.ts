import type { FileHead, LayerTimes, TensorFacts, TensorHead } from '@espalier/analysis';
import type { Answer } from '@espalier/protocol';
import type { CheckpointReference, References } from '@espalier/references';
import type { FileFacts, LimitCheck, RecipeOutlook, Resolution, ScanState } from '@espalier/service';
import type { Connection, ServerCapabilities } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';

/** One language feature: registers its handlers, and says what the server can do because of it. */
export type Feature = (context: FeatureContext) => Partial<ServerCapabilities>;

export interface FeatureContext {
  readonly connection: Connection;
  readonly documents: DocumentsView;
  readonly service: ServerService;
  readonly settings: () => Settings;
  readonly client: ClientAbilities;
  /** Called once the client is ready to be asked. */
  onReady(listener: () => void): void;
  /** Called when facts of a checkpoint, its scan state, or files on disk changed. */
  onChange(listener: (path: string | null) => void): void;
  /** Called when a document was opened or changed (debounced), and with `closed` when it went away. */
  onDocument(listener: (uri: string, closed: boolean) => void): void;
  log(message: string): void;
}

export interface ParsedDocument {
  readonly document: TextDocument;
  readonly references: References;
}

/** One parsed text per version. */
export interface DocumentsView {
  get(uri: string): ParsedDocument | null;
  all(): readonly ParsedDocument[];
}

export interface ClientAbilities {
  /** The client runs `command:` links and the commands that lenses and actions name. */
  readonly commands: boolean;
  readonly inlayHintRefresh: boolean;
  readonly codeLensRefresh: boolean;
  /** Features of texts, such as `formatting`, that the client lets a server register for some files alone. */
  readonly dynamic: ReadonlySet<string>;
  /** An edit may create a file. */
  readonly createsFiles: boolean;
  readonly locale: string;
}

export interface Settings {
  readonly searchRoots: readonly string[];
  readonly defaultCheckpoint: string | null;
  readonly scanAutomatically: boolean;
  readonly scanLimitBytes: number;
  readonly nearZeroRatio: number;
  readonly codeLens: boolean;
  readonly inlayHints: boolean;
  readonly diagnostics: boolean;
}

/** What the features ask of the product: `service`, with the workspace around it. */
export interface ServerService {
  resolve(reference: CheckpointReference, documentUri: string): Promise<Resolution>;
  head(path: string, signal: AbortSignal): Promise<Answer<FileHead>>;
  /** Facts of the present version, whatever is known of them; null when the file cannot be opened. */
  facts(path: string, signal: AbortSignal): Promise<FileFacts | null>;
  /** What the head of a recipe's checkpoint tells of the recipe. */
  outlook(path: string, recipe: string, signal: AbortSignal): Promise<Answer<RecipeOutlook>>;
  /** How a checkpoint stands to the budget that names it; null where none does. */
  budget(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly file: string; readonly limits: readonly LimitCheck[] } | null>;
  /** Times of layers that were measured; never measures. */
  knownTimes(path: string): Promise<ReadonlyMap<string, LayerTimes>>;
  scanState(path: string): ScanState | null;
  /** Reads the values in the background, once, if settings allow it. */
  requestScan(path: string): void;
  /** Reads every value, also above the limit. */
  scanFully(path: string): void;
  /** Tensors and modules with this dotted name. Preferred checkpoints first; the workspace's default where none is preferred. */
  findLayers(name: string, preferredPaths: readonly string[], signal: AbortSignal): Promise<readonly LayerMatch[]>;
  /** Checkpoints of the workspace, absolute paths, sorted. */
  checkpointPaths(signal: AbortSignal): Promise<readonly string[]>;
  /** Of a workspace: the configured default checkpoint, or its only one; null otherwise. */
  defaultCheckpoint(documentUri: string, signal: AbortSignal): Promise<string | null>;
  /** Workspace-relative name for people. */
  displayName(path: string): string;
}

export interface LayerMatch {
  readonly path: string;
  /** The tensor itself, or the tensors below a module of that name, in file order. */
  readonly tensors: readonly TensorHead[];
  readonly exact: boolean;
  readonly facts: ReadonlyMap<string, TensorFacts>;
}
