/**
 * What the names of keys, variables and keyword arguments say about the path they hold.
 * A name is split into its words: `resumeFromCheckpoint`, `resume_from_checkpoint` and `resume-from-checkpoint` are the same three.
 */
export type Purpose = 'load' | 'output' | 'listing' | 'neutral';

const LOAD = new Set([
  ...['checkpoint', 'checkpoints', 'ckpt', 'ckpts', 'weight', 'weights', 'pretrained', 'resume', 'snapshot'],
  ...[
    'model',
    'models',
    'backbone',
    'encoder',
    'decoder',
    'teacher',
    'student',
    'net',
    'network',
    'generator',
    'discriminator',
  ],
  ...['lora', 'adapter', 'vae', 'gguf', 'onnx', 'tflite', 'safetensors', 'params'],
]);

const OUTPUT = new Set([
  ...[
    'out',
    'output',
    'outputs',
    'outs',
    'outfile',
    'outdir',
    'dst',
    'dest',
    'destination',
    'save',
    'saving',
    'export',
    'exports',
  ],
  ...['write', 'dump', 'artifact', 'artifacts', 'result', 'results', 'produce', 'produces', 'upload', 'publish'],
]);

/** Lists of files to publish, pack or match, names of downloads, logs: nothing there needs to exist. */
const LISTING = new Set([
  ...[
    'files',
    'file_patterns',
    'patterns',
    'pattern',
    'include',
    'exclude',
    'ignore',
    'filename',
    'rfilename',
    'siblings',
  ],
  ...[
    'cache',
    'log',
    'logs',
    'logger',
    'logging',
    'callback',
    'callbacks',
    'url',
    'urls',
    'uri',
    'download',
    'downloads',
    'remote',
    'hub',
    'repo',
  ],
  ...[
    'description',
    'comment',
    'title',
    'help',
    'example',
    'examples',
    'default',
    'defaults',
    'template',
    'tmp',
    'temp',
    'license',
  ],
]);

/** Words of a name that is given a file to load and nothing else; `model`, `snapshot` and the like are given files to write as well. */
const SURE = new Set(['checkpoint', 'checkpoints', 'ckpt', 'ckpts', 'weight', 'weights', 'pretrained', 'resume']);

/** Does a name say that its file is there already? */
export function surelyLoads(name: string): boolean {
  return purposeOf(name) === 'load' && wordsOf(name).some((word) => SURE.has(word));
}

/** Splits `camelCase`, `snake_case`, `kebab-case` and `dotted.names` into lower-case words. */
export function wordsOf(name: string): string[] {
  const words: string[] = [];
  let word = '';
  let wasLower = false;
  for (const character of name.length > 200 ? name.slice(0, 200) : name) {
    const lower = character.toLowerCase();
    const upper = character.toUpperCase();
    const isLetter = lower !== upper;
    const isDigit = character >= '0' && character <= '9';
    if (!isLetter && !isDigit) {
      if (word !== '') words.push(word);
      word = '';
      wasLower = false;
      continue;
    }
    const isUpper = isLetter && character === upper;
    if (isUpper && wasLower && word !== '') {
      words.push(word);
      word = '';
    }
    word += lower;
    wasLower = !isUpper;
  }
  if (word !== '') words.push(word);
  return words;
}

/** What a name says. An output word wins over a loading word: `save_checkpoint`, `output_model`. */
export function purposeOf(name: string): Purpose {
  const words = wordsOf(name);
  if (words.some((word) => OUTPUT.has(word))) return 'output';
  if (words.some((word) => LISTING.has(word))) return 'listing';
  if (words.some((word) => LOAD.has(word))) return 'load';
  return 'neutral';
}

/** Keys that hold names of layers, for completion: `exclude`, `target_modules`, `layers`. */
const LAYER_WORDS = new Set([
  'layer',
  'layers',
  'module',
  'modules',
  'tensor',
  'tensors',
  'param',
  'parameter',
  'parameters',
  'skip',
  'freeze',
  'frozen',
  'prune',
]);

export function namesLayers(name: string): boolean {
  return wordsOf(name).some((word) => LAYER_WORDS.has(word));
}
