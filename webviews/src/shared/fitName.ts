import { printable } from '@espalier/base';
import { type NameParts, nameParts } from './nameParts.js';

const MARK = '…';
/** A module is cut to no less than this before anything else of the name goes. */
const SHORTEST_MODULE = 6;

/** A name as it is shown: what would break a line, reorder the text or not be seen at all stands as a mark. */
export function visibleName(name: string): string {
  const text = printable(name);
  return text.trim() === '' ? '␣'.repeat(Math.max(1, text.length)) : text;
}

/**
 * The name in `room`, in whatever unit `widthOf` measures. Names of one family differ in their numbers and in their ends, so
 * these go last: first words of the prefix without a number, then the middle of the module, then the rest of the prefix.
 * Whatever is left out leaves a `…`.
 */
export function fitName(name: string, room: number, widthOf: (text: string) => number): NameParts {
  const whole = nameParts(name);
  const fits = (parts: NameParts): boolean => widthOf(parts.prefix + parts.module + parts.suffix) <= room;
  if (fits(whole)) return whole;
  let best = whole;
  for (const prefix of shorterPrefixes(whole.prefix)) {
    best = { ...whole, prefix };
    if (fits(best)) return best;
  }
  for (const prefix of [best.prefix, MARK]) {
    if (whole.prefix === '') break;
    for (let length = whole.module.length - 2; length >= SHORTEST_MODULE; length--) {
      const parts = { ...whole, prefix, module: middleCut(whole.module, length) };
      if (fits(parts)) return parts;
    }
  }
  for (let length = name.length - 2; length > 1; length--) {
    const parts = { prefix: '', module: middleCut(name, length), suffix: '' };
    if (fits(parts)) return parts;
  }
  return { prefix: '', module: MARK, suffix: '' };
}

/** `model.layers.24.self_attn.`: `…layers.24.self_attn.`, `…24.self_attn.`, `…24.…` */
function shorterPrefixes(prefix: string): string[] {
  const tokens = prefix.match(/[^./]*[./]/g) ?? [];
  const kept = tokens.map(() => true);
  const shorter: string[] = [];
  for (const [i, token] of tokens.entries()) {
    if (/\d/.test(token)) continue;
    kept[i] = false;
    shorter.push(tokens.map((each, at) => (kept[at] ? each : at > 0 && !kept[at - 1] ? '' : MARK)).join(''));
  }
  return shorter;
}

/** Leaves out the middle; of what stays, a little more than half is the end. */
function middleCut(text: string, length: number): string {
  const characters = [...text];
  const head = Math.floor((length - 1) * 0.45);
  const tail = length - 1 - head;
  return characters.slice(0, head).join('') + MARK + characters.slice(characters.length - tail).join('');
}
