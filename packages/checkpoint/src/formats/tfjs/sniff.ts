/** A model.json of TensorFlow.js: a whole model, or a bare list of weight groups. */
export type Sniffed = 'model' | 'manifest';

const MODEL_KEYS = new Set(['modelTopology', 'weightsManifest']);
const MODEL_FORMATS = new Set(['layers-model', 'graph-model']);

/** Looks at the keys in the first bytes of a JSON text. null: this is some other file. */
export function sniffTfjs(head: Uint8Array, name: string): Sniffed | null {
  for (const { path, text } of keysOf(new TextDecoder('utf-8').decode(head))) {
    if (path.length === 1 && MODEL_KEYS.has(path[0]!)) return 'model';
    if (path.length === 1 && path[0] === 'format' && text !== undefined && MODEL_FORMATS.has(text)) return 'model';
    if (path[0] !== '[]') continue;
    if (path.length === 2 && path[1] === 'paths' && name.endsWith('weights_manifest.json')) return 'manifest';
    if (path.length === 2 && path[1] !== 'weights' && path[1] !== 'paths') return null;
    if (path.length === 4 && path[1] === 'weights' && path[2] === '[]' && WEIGHT_KEYS.has(path[3]!)) return 'manifest';
  }
  return null;
}

const WEIGHT_KEYS = new Set(['name', 'shape', 'dtype', 'quantization']);

interface Key {
  /** Keys from the root; `[]` stands for an array's elements. */
  readonly path: readonly string[];
  /** The value, where it is a string that ends within the text. */
  readonly text?: string;
}

/** Every key of a JSON text that may be cut off anywhere, in order, at most four levels deep. Stops at the first error. */
export function* keysOf(text: string): Generator<Key> {
  const stack: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  /** In an object, before a key; a string met there is one. */
  let keyComes = false;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '{' || char === '[') {
      stack.push(char === '{' ? '' : '[]');
      keyComes = char === '{';
      at++;
    } else if (char === '}' || char === ']') {
      if (stack.pop() === undefined) return;
      keyComes = false;
      at++;
    } else if (char === ',') {
      keyComes = stack.at(-1) !== '[]';
      at++;
    } else if (char === '"') {
      const string = stringAt(text, at);
      if (string === null) return;
      at = string.end;
      if (keyComes) {
        stack[stack.length - 1] = string.value;
        keyComes = false;
        if (stack.length <= 4) {
          const value = /^\s*:\s*"/.exec(text.slice(at, at + 64));
          const following = value === null ? null : stringAt(text, at + value[0].length - 1);
          yield following === null ? { path: [...stack] } : { path: [...stack], text: following.value };
        }
      }
    } else at++;
    if (stack.length === 0 && at > 0 && char !== ' ' && char !== '\n' && char !== '\r' && char !== '\t') return;
  }
}

function stringAt(text: string, begin: number): { value: string; end: number } | null {
  let at = begin + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  if (at >= text.length) return null;
  return { value: text.slice(begin + 1, at), end: at + 1 };
}
