/** Where the members of the outermost object of a JSON text stand: from the first character of the value to the one after its last. The text is known to be JSON. */
export function jsonMembers(text: string): Map<string, { readonly begin: number; readonly end: number }> {
  const members = new Map<string, { readonly begin: number; readonly end: number }>();
  let at = skip(text, 0);
  if (text[at] !== '{') return members;
  at = skip(text, at + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const begin = skip(text, skip(text, keyEnd) + 1);
    const end = valueEnd(text, begin);
    members.set(key, { begin, end });
    at = skip(text, end);
    if (text[at] !== ',') break;
    at = skip(text, at + 1);
  }
  return members;
}

function skip(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return at;
}

function stringEnd(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Values end where their brackets close; numbers and words before the next comma, bracket or space. */
function valueEnd(text: string, begin: number): number {
  if (text[begin] === '"') return stringEnd(text, begin);
  if (text[begin] !== '{' && text[begin] !== '[') {
    let at = begin;
    while (at < text.length && !',]} \t\r\n'.includes(text[at]!)) at++;
    return at;
  }
  let depth = 0;
  for (let at = begin; ; at++) {
    const character = text[at]!;
    if (character === '"') at = stringEnd(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
}
