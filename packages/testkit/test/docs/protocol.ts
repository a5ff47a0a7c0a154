import { filesBelow, readText } from './repository.js';

export interface Message {
  readonly name: string;
  readonly kind: 'request' | 'stream' | 'event';
  readonly method: string;
  /** Types, as the source writes them: query and answer; query, item and end; body. */
  readonly types: readonly string[];
  /** The comment above it, as one line. */
  readonly comment: string;
  readonly file: string;
}

/** Every descriptor that the protocol exports, in the order of the sources. */
export function messagesOf(exported: Readonly<Record<string, unknown>>): Message[] {
  const files = filesBelow('packages/protocol/src', (name) => /\.ts$/.test(name) && name !== 'index.ts');
  const messages = files.flatMap((file) => {
    const text = readText(file);
    return [...text.matchAll(/^export const (\w+) = (request|stream|event)</gm)].map((match): Message => {
      const name = match[1]!;
      const descriptor = exported[name] as { kind: Message['kind']; method: string };
      return {
        name,
        kind: descriptor.kind,
        method: descriptor.method,
        types: typeArguments(text, match.index + match[0].length),
        comment: commentBefore(text, match.index),
        file,
      };
    });
  });
  const missing = Object.entries(exported).flatMap(([name, value]) =>
    isDescriptor(value) && !messages.some((message) => message.name === name) ? [name] : [],
  );
  if (missing.length > 0) throw new Error(`descriptors that the sources do not declare: ${missing.join(', ')}`);
  return messages;
}

const isDescriptor = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'method' in value && 'kind' in value;

/** The list between `<` (before `from`) and its `>`, split at commas of the outermost level; white space collapsed, comments left out. */
function typeArguments(text: string, from: number): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at]!;
    if (char === '>' && depth === 0) break;
    if ('<({['.includes(char)) depth++;
    else if (')}]'.includes(char) || (char === '>' && text[at - 1] !== '=')) depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts
    .map((part) =>
      part
        .replaceAll(/\/\*[\s\S]*?\*\//g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((part) => part !== '');
}

function commentBefore(text: string, at: number): string {
  const found = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text.slice(0, at));
  return (found?.[1] ?? '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*\s?/, '').trim())
    .join(' ')
    .trim();
}

/** One section for each message. */
export const messageSections = (messages: readonly Message[]): string => messages.map(section).join('\n\n');

const LABELS = {
  request: ['asked with', 'answers'],
  stream: ['asked with', 'each item', 'at the end'],
  event: ['says'],
} as const;

function section({ name, kind, method, types, comment, file }: Message): string {
  const rows = types.map((type, i) => `- ${LABELS[kind][i]}: \`${type}\``);
  return [`### ${method}`, '', `${comment} (${kind} \`${name}\`, \`${file.split('/').pop()}\`)`, '', ...rows].join(
    '\n',
  );
}
