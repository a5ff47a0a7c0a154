import { fromLatin1, toLatin1, tryUtf8 } from './text.js';
import { isKind, itemsOf, nameOf, type Value } from './value.js';

/**
 * Calls that only make containers of plain data, carried out by us as data. Everything else stays a description of a call.
 * Returns undefined for what is not in this list.
 */
export function construct(type: Value, args: readonly Value[]): Value | undefined {
  switch (nameOf(type)) {
    case 'collections.OrderedDict':
    case 'builtins.dict':
    case 'collections.Counter':
      return { kind: 'dict', entries: pairs(args[0]) };
    case 'collections.defaultdict':
      return { kind: 'dict', entries: pairs(args[1]) };
    case 'builtins.list':
    case 'collections.deque':
      return { kind: 'list', items: [...(elements(args[0]) ?? [])] };
    case 'builtins.tuple':
      return { kind: 'tuple', items: [...(elements(args[0]) ?? [])] };
    case 'torch.Size':
      return { kind: 'tuple', items: [...(elements(args[0]) ?? [])] };
    case 'builtins.set':
    case 'builtins.frozenset':
      return { kind: 'set', items: [...(elements(args[0]) ?? [])] };
    case 'builtins.bytearray':
    case 'builtins.bytes':
      return toBytes(args[0], args[1]);
    case '_codecs.encode':
      return toBytes(args[0], args[1]);
    case 'copyreg._reconstructor':
      return args[0] === undefined ? undefined : { kind: 'object', type: args[0], args: args.slice(2, 3) };
    case 'copyreg.__newobj__':
      return args[0] === undefined ? undefined : { kind: 'object', type: args[0], args: args.slice(1) };
    default:
      return undefined;
  }
}

function pairs(value: Value | undefined): Map<Value, Value> {
  if (isKind(value, 'dict')) return new Map(value.entries);
  const entries = new Map<Value, Value>();
  for (const item of itemsOf(value) ?? []) {
    const pair = itemsOf(item);
    if (pair?.length === 2) entries.set(pair[0]!, pair[1]!);
  }
  return entries;
}

const elements = (value: Value | undefined): readonly Value[] | undefined =>
  isKind(value, 'set') ? value.items : itemsOf(value);

/** Protocol 2 has no bytes: Python writes a text of the characters 0 to 255 and the name of that encoding. */
function toBytes(value: Value | undefined, encoding: Value | undefined): Value | undefined {
  if (value === undefined) return { kind: 'bytes', length: 0, offset: null, bytes: new Uint8Array(0) };
  if (isKind(value, 'bytes')) return value;
  if (typeof value !== 'string') return undefined;
  const bytes =
    encoding === 'latin1' || encoding === 'latin-1'
      ? toLatin1(value)
      : encoding === undefined || encoding === 'utf-8' || encoding === 'utf8' || encoding === 'ascii'
        ? new TextEncoder().encode(value)
        : undefined;
  return bytes === undefined ? undefined : { kind: 'bytes', length: bytes.length, offset: null, bytes };
}

/** A string of Python 2, which may have been text or bytes. */
export function oldString(bytes: Uint8Array, offset: number): Value {
  const text = tryUtf8(bytes);
  return text ?? { kind: 'bytes', length: bytes.length, offset, bytes: bytes.slice() };
}

/** The same from a line of protocol 0, whose characters stand for bytes. */
export function oldText(text: string): Value {
  const bytes = toLatin1(text);
  if (bytes === undefined) return text;
  return tryUtf8(bytes) ?? fromLatin1(bytes);
}
