import { globMachine } from './globMachine.js';

/** With more stars than these an expression may try too many ways to divide a name among them. */
const MOST_STARS = 3;

/**
 * A glob over dotted or slashed names: `*` is any run within a segment (between `.` or `/`), `**` any run at all, `?` one character,
 * `[abc]` one of a set, `{a,b}` alternatives. A pattern without wildcards also matches everything below it: `layer1` means `layer1.**`.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const below = /[*?[{]/.test(pattern) ? '' : '(?:[./].*)?';
  const stars = pattern.match(/\*+/g)?.length ?? 0;
  if (stars > MOST_STARS) return globMachine(pattern, below !== '') ?? ((name) => name === pattern);
  const expression = compile(`^${translate(pattern)}${below}$`);
  return expression === null ? (name) => name === pattern : (name) => expression.test(name);
}

/** null for what no expression can mean, such as the range `[z-a]`: such a pattern matches itself alone. */
function compile(source: string): RegExp | null {
  try {
    return new RegExp(source, 's');
  } catch {
    return null;
  }
}

function translate(pattern: string): string {
  let out = '';
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '*' && pattern[i + 1] === '*') {
      out += '.*';
      i++;
    } else if (char === '*') out += '[^./]*';
    else if (char === '?') out += '[^./]';
    else if (char === '[' && pattern.indexOf(']', i + 1) > i + 1) {
      const end = pattern.indexOf(']', i + 1);
      const body = pattern
        .slice(i + 1, end)
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[');
      out += `[${body.startsWith('!') ? `^${body.slice(1)}` : body.replace(/^\^/, '\\^')}]`;
      i = end;
    } else if (char === '{' && pattern.indexOf('}', i) > i) {
      out += '(?:';
      depth++;
    } else if (char === '}' && depth > 0) {
      out += ')';
      depth--;
    } else if (char === ',' && depth > 0) out += '|';
    else out += char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return out + ')'.repeat(depth);
}
