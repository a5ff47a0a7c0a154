import { type Fault, raise } from '@espalier/base';
import { construct, oldString, oldText } from './construct.js';
import { OP, type Operand, operands } from './opcodes.js';
import { fromLatin1, fromLong, fromRawUnicodeEscape, fromRepr, fromUtf8, narrow } from './text.js';
import { isKind, itemsOf, type PyGlobal, type PyObject, type Value } from './value.js';

/** What one pickle may cost. Each is far above what frameworks write. */
export const LIMITS = {
  opcodes: 50_000_000,
  /** Lists, tuples, dictionaries, objects. */
  containers: 4_000_000,
  stack: 4_000_000,
  memo: 8_000_000,
  /** A single string, and all of them. */
  stringBytes: 64 * 1024 * 1024,
  allStringBytes: 256 * 1024 * 1024,
  /** Python integers have any size; nobody counts further than this. */
  integerBytes: 256,
} as const;

/** Bytes objects longer than this stay in the file. */
const LEAVE_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** Where a run over some bytes ended. */
export interface Stop {
  /** Offset in the source of the next opcode. */
  readonly at: number;
  /** Bytes needed from there to go on; 0 when the pickle is complete. */
  readonly need: number;
  /** Bytes that it would be wise to read from there. */
  readonly want: number;
}

/**
 * The stack machine of pickle protocols 0 to 5. It builds descriptions (`Value`) and executes nothing: a REDUCE of `os.system` is an
 * object that names `os.system`. Feed it bytes with `run` until `need` is 0.
 */
export class PickleMachine {
  /** Globals in order of their first mention, with the offset of that mention. */
  readonly globals = new Map<string, { readonly global: PyGlobal; readonly offset: number }>();
  /** Everything that the pickle refers to outside of itself, in order of mention. */
  readonly persistent: Value[] = [];
  private stack: Value[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, Value>();
  private containers = 0;
  private copies = 0;
  private opcodes = 0;
  private stringBytes = 0;
  private at = 0;

  constructor(private readonly file: string) {}

  /** The finished value. Call when `run` says that nothing is needed. */
  get value(): Value {
    return this.pop();
  }

  /** Runs all opcodes that are complete within `bytes`, which begin at offset `begin` of the source. */
  run(bytes: Uint8Array, begin: number): Stop {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      this.at = begin + at;
      const opcode = bytes[at]!;
      const operand = operands[opcode];
      if (operand === undefined) {
        return this.fault('pickle/opcode', `Byte 0x${opcode.toString(16)} is no pickle opcode`);
      }
      const extent = this.extent(operand, bytes, view, at + 1);
      if (extent.leave) {
        this.leaveBytes(begin + extent.begin, extent.end - extent.begin);
        return { at: begin + extent.end, need: 1, want: 1 };
      }
      if (extent.end > bytes.length) {
        return {
          at: begin + at,
          need: extent.end - at,
          want: extent.endOfLine ? 2 * (bytes.length - at) : extent.end - at,
        };
      }
      if (++this.opcodes > LIMITS.opcodes) return this.limit('opcodes', LIMITS.opcodes);
      if (opcode === OP.STOP) return { at: begin + at + 1, need: 0, want: 0 };
      const content = extent.end === extent.begin ? NOTHING : bytes.subarray(extent.begin, extent.end);
      this.step(opcode, content, begin + extent.begin, view, extent.begin);
      if (this.stack.length > LIMITS.stack) return this.limit('values on the stack', LIMITS.stack);
      at = extent.end;
    }
    return { at: begin + at, need: 1, want: 1 };
  }

  /** Where the operand's content lies in `bytes`; its end may lie beyond them. */
  private extent(
    operand: Operand,
    bytes: Uint8Array,
    view: DataView,
    at: number,
  ): { readonly begin: number; readonly end: number; readonly leave?: boolean; readonly endOfLine?: boolean } {
    switch (operand.kind) {
      case 'fixed':
        return { begin: at, end: at + operand.bytes };
      case 'counted': {
        const begin = at + operand.lengthBytes;
        if (begin > bytes.length) return { begin, end: begin };
        const length = this.length(operand.lengthBytes, view, at);
        if (operand.payload && length > LEAVE_BYTES) return { begin, end: begin + length, leave: true };
        if (length > LIMITS.stringBytes) return this.limit('bytes in one string', LIMITS.stringBytes, length);
        return { begin, end: begin + length };
      }
      case 'lines': {
        let end = at;
        for (let line = 0; line < operand.lines; line++) {
          const feed = bytes.indexOf(0x0a, end);
          if (feed === -1) {
            if (bytes.length - at > LIMITS.stringBytes) return this.limit('bytes in one line', LIMITS.stringBytes);
            return { begin: at, end: bytes.length + 1, endOfLine: true };
          }
          end = feed + 1;
        }
        return { begin: at, end };
      }
    }
  }

  private length(lengthBytes: 1 | 4 | 8, view: DataView, at: number): number {
    if (lengthBytes === 1) return view.getUint8(at);
    if (lengthBytes === 4) return view.getUint32(at, true);
    const length = view.getBigUint64(at, true);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) this.fault('pickle/malformed', `A string says ${length} bytes`);
    return Number(length);
  }

  private leaveBytes(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset + length)) this.fault('pickle/malformed', `A string says ${length} bytes`);
    this.push({ kind: 'bytes', length, offset, bytes: null });
  }

  private step(opcode: number, content: Uint8Array, offset: number, view: DataView, at: number): void {
    switch (opcode) {
      case OP.MARK:
        this.marks.push(this.stack.length);
        break;
      case OP.POP:
        if (this.marks.at(-1) === this.stack.length) this.marks.pop();
        else this.pop();
        break;
      case OP.POP_MARK:
        this.popMark();
        break;
      case OP.DUP:
        this.push(this.top());
        break;

      case OP.NONE:
        this.push(null);
        break;
      case OP.NEWTRUE:
        this.push(true);
        break;
      case OP.NEWFALSE:
        this.push(false);
        break;
      case OP.BININT:
        this.push(view.getInt32(at, true));
        break;
      case OP.BININT1:
        this.push(content[0]!);
        break;
      case OP.BININT2:
        this.push(view.getUint16(at, true));
        break;
      case OP.BINFLOAT:
        this.push(view.getFloat64(at, false));
        break;
      case OP.LONG1:
      case OP.LONG4:
        if (content.length > LIMITS.integerBytes)
          this.limit('bytes in one integer', LIMITS.integerBytes, content.length);
        this.push(fromLong(content));
        break;
      case OP.INT:
      case OP.LONG:
        this.push(this.integer(lineOf(content), opcode));
        break;
      case OP.FLOAT:
        this.push(floatOf(lineOf(content)));
        break;

      case OP.BINUNICODE:
      case OP.SHORT_BINUNICODE:
      case OP.BINUNICODE8:
        this.push(this.counted(fromUtf8(content), content.length));
        break;
      case OP.UNICODE:
        this.push(this.counted(fromRawUnicodeEscape(lineOf(content)), content.length));
        break;
      case OP.BINSTRING:
      case OP.SHORT_BINSTRING:
        this.counted('', content.length);
        this.push(oldString(content, offset));
        break;
      case OP.STRING: {
        const text = fromRepr(lineOf(content).trimEnd());
        this.push(
          oldText(this.counted(text ?? this.fault('pickle/malformed', 'A string has no quotes'), content.length)),
        );
        break;
      }
      case OP.BINBYTES:
      case OP.SHORT_BINBYTES:
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        this.counted('', content.length);
        this.push({ kind: 'bytes', length: content.length, offset, bytes: content.slice() });
        break;

      case OP.EMPTY_LIST:
        this.pushNew({ kind: 'list', items: [] });
        break;
      case OP.LIST:
        this.pushNew({ kind: 'list', items: this.popMark() });
        break;
      case OP.EMPTY_TUPLE:
        this.pushNew({ kind: 'tuple', items: [] });
        break;
      case OP.TUPLE:
        this.pushNew({ kind: 'tuple', items: this.popMark() });
        break;
      case OP.TUPLE1:
        this.pushNew({ kind: 'tuple', items: this.popSome(1) });
        break;
      case OP.TUPLE2:
        this.pushNew({ kind: 'tuple', items: this.popSome(2) });
        break;
      case OP.TUPLE3:
        this.pushNew({ kind: 'tuple', items: this.popSome(3) });
        break;
      case OP.EMPTY_DICT:
        this.pushNew({ kind: 'dict', entries: new Map() });
        break;
      case OP.DICT:
        this.pushNew({ kind: 'dict', entries: this.paired(this.popMark()) });
        break;
      case OP.EMPTY_SET:
        this.pushNew({ kind: 'set', items: [] });
        break;
      case OP.FROZENSET:
        this.pushNew({ kind: 'set', items: this.popMark() });
        break;

      case OP.APPEND: {
        const item = this.pop();
        this.append(this.top(), [item]);
        break;
      }
      case OP.APPENDS:
      case OP.ADDITEMS: {
        const items = this.popMark();
        this.append(this.top(), items);
        break;
      }
      case OP.SETITEM: {
        const pair = this.popSome(2);
        this.setItems(this.top(), pair);
        break;
      }
      case OP.SETITEMS: {
        const items = this.popMark();
        this.setItems(this.top(), items);
        break;
      }

      case OP.PUT:
        this.store(this.index(lineOf(content)));
        break;
      case OP.BINPUT:
        this.store(content[0]!);
        break;
      case OP.LONG_BINPUT:
        this.store(view.getUint32(at, true));
        break;
      case OP.MEMOIZE:
        this.store(this.memo.size);
        break;
      case OP.GET:
        this.fetch(this.index(lineOf(content)));
        break;
      case OP.BINGET:
        this.fetch(content[0]!);
        break;
      case OP.LONG_BINGET:
        this.fetch(view.getUint32(at, true));
        break;

      case OP.GLOBAL: {
        const [module, name] = linesOf(content);
        this.push(this.global(module, name));
        break;
      }
      case OP.STACK_GLOBAL: {
        const [module, name] = this.popSome(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          this.fault('pickle/malformed', 'A global has no text as its name');
        this.push(this.global(module as string, name as string));
        break;
      }
      case OP.EXT1:
        this.push(this.global('copyreg', `extension ${content[0]}`));
        break;
      case OP.EXT2:
        this.push(this.global('copyreg', `extension ${view.getUint16(at, true)}`));
        break;
      case OP.EXT4:
        this.push(this.global('copyreg', `extension ${view.getUint32(at, true)}`));
        break;
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const [type, args] = this.popSome(2);
        this.call(type!, itemsOf(args) ?? []);
        break;
      }
      case OP.NEWOBJ_EX: {
        const [type, args, named] = this.popSome(3);
        this.call(type!, [...(itemsOf(args) ?? []), named!]);
        break;
      }
      case OP.INST: {
        const [module, name] = linesOf(content);
        const args = this.popMark();
        this.call(this.global(module, name), args);
        break;
      }
      case OP.OBJ: {
        const [type, ...args] = this.popMark();
        this.call(type ?? this.underflow(), args);
        break;
      }
      case OP.BUILD: {
        const state = this.pop();
        build(this.top(), state);
        break;
      }
      case OP.PERSID:
        this.refer(this.counted(lineOf(content), content.length));
        break;
      case OP.BINPERSID:
        this.refer(this.pop());
        break;

      case OP.PROTO:
        if (content[0]! > 5)
          this.fault('pickle/protocol', 'The pickle has a protocol of the future', 'at most 5', content[0]!);
        break;
      case OP.FRAME:
        break;
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        this.fault('pickle/out-of-band', 'The pickle keeps its buffers outside of the file');
    }
  }

  private push(value: Value): void {
    this.stack.push(value);
  }

  private pushNew(value: Value): void {
    if (++this.containers > LIMITS.containers) this.limit('containers', LIMITS.containers);
    this.stack.push(value);
  }

  private pop(): Value {
    // What lies below the last mark belongs to somebody else.
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.underflow();
    return this.stack.pop()!;
  }

  private popSome(count: number): Value[] {
    if (this.stack.length - count < (this.marks.at(-1) ?? 0)) this.underflow();
    return this.stack.splice(this.stack.length - count, count);
  }

  private popMark(): Value[] {
    const mark = this.marks.pop();
    if (mark === undefined || mark > this.stack.length) return this.underflow();
    return this.stack.splice(mark);
  }

  private top(): Value {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.underflow();
    return this.stack[this.stack.length - 1]!;
  }

  private store(index: number): void {
    this.memo.set(index, this.top());
    if (this.memo.size > LIMITS.memo) this.limit('remembered values', LIMITS.memo);
  }

  private fetch(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.fault('pickle/malformed', `Value ${index} is recalled before it was remembered`);
    this.push(value as Value);
  }

  private refer(id: Value): void {
    this.persistent.push(id);
    this.pushNew({ kind: 'persistent', id });
  }

  private global(module: string, name: string): PyGlobal {
    const key = `${module}\n${name}`;
    const known = this.globals.get(key);
    if (known !== undefined) return known.global;
    const global: PyGlobal = { kind: 'global', module: MODERN.get(module) ?? module, name };
    if (this.globals.size >= 100_000) this.limit('names', 100_000);
    this.globals.set(key, { global, offset: this.at });
    return global;
  }

  private call(type: Value, args: readonly Value[]): void {
    const made = construct(type, args);
    if (isKind(made, 'bytes')) this.counted('', made.length);
    else if (made !== undefined) {
      this.copies += isKind(made, 'dict')
        ? made.entries.size
        : (isKind(made, 'object') ? made.args : itemsIn(made)).length;
      if (this.copies > LIMITS.containers) this.limit('copies of items', LIMITS.containers);
    }
    this.pushNew(made ?? { kind: 'object', type, args });
  }

  private append(target: Value, items: readonly Value[]): void {
    if (isKind(target, 'list') || isKind(target, 'set')) pushAll(target.items, items);
    else if (isKind(target, 'object')) {
      target.items ??= [];
      pushAll(target.items, items);
    } else this.fault('pickle/malformed', 'Items are appended to something that is no list');
  }

  private setItems(target: Value, items: readonly Value[]): void {
    if (isKind(target, 'object')) target.entries ??= new Map();
    const entries = isKind(target, 'dict') || isKind(target, 'object') ? target.entries : undefined;
    if (entries === undefined) this.fault('pickle/malformed', 'Items are set in something that is no dictionary');
    for (const [key, value] of this.paired(items)) entries?.set(key, value);
  }

  private paired(items: readonly Value[]): Map<Value, Value> {
    if (items.length % 2 === 1) this.fault('pickle/malformed', 'A dictionary has a key without a value');
    const entries = new Map<Value, Value>();
    for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
    return entries;
  }

  private counted(text: string, bytes: number): string {
    this.stringBytes += bytes;
    if (this.stringBytes > LIMITS.allStringBytes) this.limit('bytes in strings', LIMITS.allStringBytes);
    return text;
  }

  private integer(line: string, opcode: number): Value {
    if (opcode === OP.INT && line === '01') return true;
    if (opcode === OP.INT && line === '00') return false;
    const digits = line.replace(/L$/, '');
    if (digits.length > LIMITS.integerBytes || !/^[+-]?\d+$/.test(digits))
      this.fault('pickle/malformed', 'An integer is not made of digits');
    return narrow(BigInt(digits.replace(/^\+/, '')));
  }

  private index(line: string): number {
    const index = Number(line);
    if (!/^\d+$/.test(line) || !Number.isSafeInteger(index))
      this.fault('pickle/malformed', 'A memo index is not a number');
    return index;
  }

  private underflow(): never {
    this.fault('pickle/malformed', 'An opcode takes more values than there are');
  }

  private limit(what: string, expected: number, found?: number): never {
    this.fault('pickle/too-large', `The pickle has more ${what} than are read`, expected, found);
  }

  private fault(code: string, message: string, expected?: string | number, found?: string | number): never {
    const fault: Fault = { code, file: this.file, offset: this.at, message: `${message}.` };
    raise({ ...fault, ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) });
  }
}

/** Names of Python 2, which protocols 0 to 2 still write. */
const MODERN: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['exceptions', 'builtins'],
]);

function build(target: Value, state: Value): void {
  if (isKind(target, 'dict')) target.attributes = state;
  else if (isKind(target, 'object')) (target as PyObject).state = state;
}

const itemsIn = (value: Value): readonly Value[] => (isKind(value, 'set') ? value.items : (itemsOf(value) ?? []));

/** `push(...items)` has a limit on its arguments. */
function pushAll(target: Value[], items: readonly Value[]): void {
  for (const item of items) target.push(item);
}

/** A line without its line feed. */
const lineOf = (content: Uint8Array): string => fromLatin1(content.subarray(0, content.length - 1));

function linesOf(content: Uint8Array): [string, string] {
  const feed = content.indexOf(0x0a);
  return [fromUtf8(content.subarray(0, feed)), fromUtf8(content.subarray(feed + 1, content.length - 1))];
}

function floatOf(line: string): number {
  switch (line.toLowerCase()) {
    case 'inf':
      return Number.POSITIVE_INFINITY;
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return Number(line);
  }
}
