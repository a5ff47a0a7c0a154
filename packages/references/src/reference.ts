/** A place in a text that names a checkpoint. Offsets are UTF-16 code units, end exclusive. */
export interface CheckpointReference {
  readonly kind: 'checkpoint';
  /** The text inside the quotes (or of the plain scalar, or of the link target). */
  readonly begin: number;
  readonly end: number;
  /** The path as the program would see it, escapes decoded. */
  readonly path: string;
  /**
   * `file`: ends like a checkpoint. `folder`: the argument of `from_pretrained` and the like: a folder or a hub name.
   * `glob`: contains `*`, `?` or `[…]`.
   */
  readonly form: 'file' | 'folder' | 'glob';
  /** Outputs (`torch.save`, `save_pretrained`, `--output`) get no diagnostic. */
  readonly direction: 'input' | 'output';
  /**
   * True where a missing file is certainly a mistake: a loading call, or a configuration value or link that ends like a checkpoint.
   * False for f-strings, concatenations, computed paths, URLs, comments and half-typed strings.
   */
  readonly certain: boolean;
  /** What made it a reference: `torch.load`, `from_pretrained`, `key "checkpoint"`, `link`. */
  readonly via: string;
  /** Hub repository that the file is taken from (`hf_hub_download`): looked up in the local hub cache alone, never missing. */
  readonly repository?: string;
  /** The variable that the loaded value is bound to, where the grammar shows it (`state = torch.load(…)`). */
  readonly boundTo?: string;
}

/** A place in a text that may name a layer or tensor: `"layer1.0.conv1.weight"`, `model.layer1[0].conv1`. */
export interface LayerReference {
  readonly kind: 'layer';
  readonly begin: number;
  readonly end: number;
  /** Dotted name; for an attribute chain without its root variable: `layer1.0.conv1`. */
  readonly name: string;
  readonly form: 'string' | 'chain';
  /** Root variable of a chain (`model`, `self`), or of the subscript that holds the string (`state["…"]`). */
  readonly root?: string;
}

export interface References {
  /** In text order. */
  readonly checkpoints: readonly CheckpointReference[];
  readonly layers: readonly LayerReference[];
}

/** Where completion was asked for. `begin`..`end` is the text to replace, `prefix` what stands before the cursor. */
export interface CompletionSite {
  readonly kind: 'path' | 'layer';
  readonly begin: number;
  readonly end: number;
  readonly prefix: string;
  /** For `layer`: the dotted prefix already written in a chain, without the root. */
  readonly root?: string;
  /** Variable at the root of the chain, or that the subscript is taken of: tells which checkpoint is meant. */
  readonly variable?: string;
}

/** VS Code language identifiers that are understood. */
export const LANGUAGES = [
  'python',
  'typescript',
  'javascript',
  'typescriptreact',
  'javascriptreact',
  'json',
  'jsonc',
  'jsonl',
  'yaml',
  'toml',
  'markdown',
  'ipynb',
] as const;
export type LanguageId = (typeof LANGUAGES)[number];
