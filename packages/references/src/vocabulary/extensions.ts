/** Extensions that only checkpoints have. A string that ends with one names a checkpoint wherever it stands. */
export const CERTAIN_EXTENSIONS: ReadonlySet<string> = new Set([
  'safetensors',
  'gguf',
  'ggml',
  'onnx',
  'tflite',
  'pt',
  'pth',
  'pt2',
  'ptl',
  'ckpt',
  'keras',
  'npy',
]);

/** Extensions that checkpoints share with other files. They count only where the place says so: a loading call, a key such as `weights`. */
export const SHARED_EXTENSIONS: ReadonlySet<string> = new Set([
  'bin',
  'pb',
  'h5',
  'hdf5',
  'npz',
  'json',
  'pkl',
  'pickle',
  'joblib',
]);

/** Extensions of ordinary files, so that `config.yaml` is not taken for the layer `yaml` of a module `config`. */
const OTHER_EXTENSIONS: ReadonlySet<string> = new Set([
  'py',
  'ipynb',
  'js',
  'mjs',
  'cjs',
  'ts',
  'tsx',
  'jsx',
  'yaml',
  'yml',
  'toml',
  'ini',
  'cfg',
  'conf',
  'md',
  'rst',
  'txt',
  'csv',
  'tsv',
  'xml',
  'html',
  'css',
  'svg',
  'png',
  'jpg',
  'jpeg',
  'gif',
  'webp',
  'mp4',
  'wav',
  'mp3',
  'pdf',
  'zip',
  'gz',
  'tar',
  'log',
  'lock',
  'sh',
  'com',
  'org',
  'io',
  'net',
]);

export type Ending = 'certain' | 'shared' | 'other' | 'none';

/** How a path ends, by its last extension. A name that is an extension alone (`.pt`) has none. */
export function endingOf(path: string): Ending {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  if (dot <= 0) return 'none';
  const extension = name.slice(dot + 1).toLowerCase();
  if (CERTAIN_EXTENSIONS.has(extension)) return 'certain';
  if (extension === 'json') return jsonEnding(name.toLowerCase());
  if (SHARED_EXTENSIONS.has(extension)) return 'shared';
  return OTHER_EXTENSIONS.has(extension) ? 'other' : 'none';
}

/** Most JSON is not a checkpoint; an index of shards certainly is one, `model.json` may be. */
function jsonEnding(name: string): Ending {
  if (name.endsWith('.safetensors.index.json') || name.endsWith('.bin.index.json')) return 'certain';
  const known = ['model', 'weights', 'manifest', 'index'].some((word) => name.includes(word));
  return known ? 'shared' : 'other';
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
