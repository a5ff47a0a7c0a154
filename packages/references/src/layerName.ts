import { endingOf } from './vocabulary/extensions.js';

const MOST_CHARACTERS = 300;

/**
 * Could this be the name of a tensor or layer: `layer1.0.conv1.weight`, `blk.0.attn_q.weight`, `block/conv1/kernel:0`?
 * Only a candidate: whether a checkpoint has it is asked later. At least two parts, of which one is a word.
 */
export function looksLikeLayerName(name: string): boolean {
  return hasLayerParts(name, 2);
}

/** The same for a place that certainly names a layer (`state["weight"]`): one part is enough. */
export function canNameLayer(name: string): boolean {
  return hasLayerParts(name, 1);
}

function hasLayerParts(name: string, least: number): boolean {
  if (name.length < 1 || name.length > MOST_CHARACTERS) return false;
  let parts = 1;
  let partLength = 0;
  let words = 0;
  let partIsWord = false;
  let slashes = 0;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === DOT || code === SLASH) {
      // A leading slash is ordinary in ONNX names, an empty part anywhere else is not.
      if (partLength === 0 && !(at === 0 && code === SLASH)) return false;
      if (partLength > 0) parts++;
      if (code === SLASH) slashes++;
      if (partIsWord) words++;
      partLength = 0;
      partIsWord = false;
    } else if (isLetter(code) || code === UNDERSCORE) {
      partIsWord = true;
      partLength++;
    } else if (isDigit(code) || code === DASH || code === COLON) {
      if (partLength === 0 && code !== DASH && code !== COLON) partLength++;
      else if (partLength === 0) return false;
      else partLength++;
    } else {
      return false;
    }
  }
  if (partLength === 0) return false;
  if (partIsWord) words++;
  if (parts < least || words === 0) return false;
  return slashes > 0 || endingOf(name) === 'none';
}

const DOT = 46;
const SLASH = 47;
const UNDERSCORE = 95;
const DASH = 45;
const COLON = 58;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
