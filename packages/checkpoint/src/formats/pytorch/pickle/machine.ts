import { Budget, type PickleLimits } from './budget.js';
import { construct, oldString, oldText } from './construct.js';
import { extentOf } from './extent.js';
import { OP, operands } from './opcodes.js';
import { PickleStack } from './stack.js';
import {
  floatFromText,
  fromLatin1,
  fromLong,
  fromRawUnicodeEscape,
  fromRepr,
  fromUtf8,
  integerFromText,
} from './text.js';
import { isKind, itemsOf, type PyGlobal, type PyObject, type Value } from './value.js';

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
  /** Storages that the pickle holds as byte strings, in order of mention. */
  readonly nested: PyObject[] = [];
  private readonly budget: Budget;
  private readonly stack: PickleStack;
  private readonly memo = new Map<number, Value>();

  constructor(file: string, limits: PickleLimits) {
    this.budget = new Budget(file, limits);
    this.stack = new PickleStack(this.budget);
  }

  /** The finished value. Call when `run` says that nothing is needed. */
  get value(): Value {
    return this.stack.pop();
  }

  /** Runs all opcodes that are complete within `bytes`, which begin at offset `begin` of the source. */
  run(bytes: Uint8Array, begin: number): Stop {
    const { budget, stack } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      budget.at = begin + at;
      const opcode = bytes[at]!;
      const operand = operands[opcode];
      if (operand === undefined) {
        return budget.fault('pickle/opcode', `Byte 0x${opcode.toString(16)} is no pickle opcode.`);
      }
      const extent = extentOf(operand, bytes, view, at + 1, budget);
      if (extent.leave) {
        stack.push({ kind: 'bytes', length: extent.end - extent.begin, offset: begin + extent.begin, bytes: null });
        return { at: begin + extent.end, need: 1, want: 1 };
      }
      if (extent.end > bytes.length) {
        const need = extent.end - at;
        return { at: begin + at, need, want: extent.open ? 2 * (bytes.length - at) : need };
      }
      budget.spend('opcodes', 1);
      if (opcode === OP.STOP) return { at: begin + at + 1, need: 0, want: 0 };
      const content = extent.end === extent.begin ? NOTHING : bytes.subarray(extent.begin, extent.end);
      this.step(opcode, content, begin + extent.begin, view, extent.begin);
      budget.check('stack', stack.size);
      at = extent.end;
    }
    return { at: begin + at, need: 1, want: 1 };
  }

  /** One opcode. `content` is its operand, at `offset` of the source and at `at` of `view`. */
  private step(opcode: number, content: Uint8Array, offset: number, view: DataView, at: number): void {
    const { budget, stack } = this;
    switch (opcode) {
      case OP.MARK:
        stack.mark();
        break;
      case OP.POP:
        stack.popValueOrMark();
        break;
      case OP.POP_MARK:
        stack.popMark();
        break;
      case OP.DUP:
        stack.push(stack.top());
        break;

      case OP.NONE:
        stack.push(null);
        break;
      case OP.NEWTRUE:
        stack.push(true);
        break;
      case OP.NEWFALSE:
        stack.push(false);
        break;
      case OP.BININT:
        stack.push(view.getInt32(at, true));
        break;
      case OP.BININT1:
        stack.push(content[0]!);
        break;
      case OP.BININT2:
        stack.push(view.getUint16(at, true));
        break;
      case OP.BINFLOAT:
        stack.push(view.getFloat64(at, false));
        break;
      case OP.LONG1:
      case OP.LONG4:
        budget.check('integerBytes', content.length);
        stack.push(fromLong(content));
        break;
      case OP.INT:
      case OP.LONG:
        budget.check('integerBytes', content.length);
        stack.push(integerFromText(lineOf(content)) ?? budget.malformed('An integer is not made of digits.'));
        break;
      case OP.FLOAT:
        stack.push(floatFromText(lineOf(content)));
        break;

      case OP.BINUNICODE:
      case OP.SHORT_BINUNICODE:
      case OP.BINUNICODE8:
        stack.push(this.counted(fromUtf8(content), content.length));
        break;
      case OP.UNICODE:
        stack.push(this.counted(fromRawUnicodeEscape(lineOf(content)), content.length));
        break;
      case OP.BINSTRING:
      case OP.SHORT_BINSTRING:
        this.counted('', content.length);
        stack.push(oldString(content, offset));
        break;
      case OP.STRING: {
        const text = fromRepr(lineOf(content).trimEnd());
        stack.push(oldText(this.counted(text ?? budget.malformed('A string has no quotes.'), content.length)));
        break;
      }
      case OP.BINBYTES:
      case OP.SHORT_BINBYTES:
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        this.counted('', content.length);
        stack.push({ kind: 'bytes', length: content.length, offset, bytes: content.slice() });
        break;

      case OP.EMPTY_LIST:
        this.pushNew({ kind: 'list', items: [] });
        break;
      case OP.LIST:
        this.pushNew({ kind: 'list', items: stack.popMark() });
        break;
      case OP.EMPTY_TUPLE:
        this.pushNew({ kind: 'tuple', items: [] });
        break;
      case OP.TUPLE:
        this.pushNew({ kind: 'tuple', items: stack.popMark() });
        break;
      case OP.TUPLE1:
        this.pushNew({ kind: 'tuple', items: stack.popSome(1) });
        break;
      case OP.TUPLE2:
        this.pushNew({ kind: 'tuple', items: stack.popSome(2) });
        break;
      case OP.TUPLE3:
        this.pushNew({ kind: 'tuple', items: stack.popSome(3) });
        break;
      case OP.EMPTY_DICT:
        this.pushNew({ kind: 'dict', entries: new Map() });
        break;
      case OP.DICT:
        this.pushNew({ kind: 'dict', entries: this.paired(stack.popMark()) });
        break;
      case OP.EMPTY_SET:
        this.pushNew({ kind: 'set', items: [] });
        break;
      case OP.FROZENSET:
        this.pushNew({ kind: 'set', items: stack.popMark() });
        break;

      case OP.APPEND: {
        const item = stack.pop();
        this.append(stack.top(), [item]);
        break;
      }
      case OP.APPENDS:
      case OP.ADDITEMS: {
        const items = stack.popMark();
        this.append(stack.top(), items);
        break;
      }
      case OP.SETITEM: {
        const pair = stack.popSome(2);
        this.setItems(stack.top(), pair);
        break;
      }
      case OP.SETITEMS: {
        const items = stack.popMark();
        this.setItems(stack.top(), items);
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
        stack.push(this.global(module, name));
        break;
      }
      case OP.STACK_GLOBAL: {
        const [module, name] = stack.popSome(2);
        if (typeof module !== 'string' || typeof name !== 'string') {
          throw budget.malformed('A global has no text as its name.');
        }
        stack.push(this.global(module, name));
        break;
      }
      case OP.EXT1:
        stack.push(this.global('copyreg', `extension ${content[0]}`));
        break;
      case OP.EXT2:
        stack.push(this.global('copyreg', `extension ${view.getUint16(at, true)}`));
        break;
      case OP.EXT4:
        stack.push(this.global('copyreg', `extension ${view.getUint32(at, true)}`));
        break;
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const [type, args] = stack.popSome(2);
        this.call(type!, itemsOf(args) ?? []);
        break;
      }
      case OP.NEWOBJ_EX: {
        const [type, args, named] = stack.popSome(3);
        budget.spend('items', itemsOf(args)?.length ?? 0);
        this.call(type!, [...(itemsOf(args) ?? []), named!]);
        break;
      }
      case OP.INST: {
        const [module, name] = linesOf(content);
        const args = stack.popMark();
        this.call(this.global(module, name), args);
        break;
      }
      case OP.OBJ: {
        const [type, ...args] = stack.popMark();
        this.call(type ?? budget.malformed('An object has no class.'), args);
        break;
      }
      case OP.BUILD: {
        const state = stack.pop();
        build(stack.top(), state);
        break;
      }
      case OP.PERSID:
        this.refer(this.counted(lineOf(content), content.length));
        break;
      case OP.BINPERSID:
        this.refer(stack.pop());
        break;

      case OP.PROTO:
        if (content[0]! > 5)
          budget.fault('pickle/protocol', `Pickle protocol ${content[0]} is not known, only 0 to 5 are.`);
        break;
      case OP.FRAME:
        break;
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        budget.fault('pickle/out-of-band', 'The pickle keeps its buffers outside of the file.');
    }
  }

  private pushNew(value: Value): void {
    this.budget.spend('containers', 1);
    this.stack.push(value);
  }

  private store(index: number): void {
    this.memo.set(index, this.stack.top());
    this.budget.check('memo', this.memo.size);
  }

  private fetch(index: number): void {
    const value = this.memo.get(index);
    this.stack.push(value ?? this.absent(index));
  }

  /** None is remembered as null, like any value. */
  private absent(index: number): null {
    if (this.memo.has(index)) return null;
    return this.budget.malformed(`Value ${index} is recalled before it was remembered.`);
  }

  private index(line: string): number {
    const index = Number(line);
    if (/^\d+$/.test(line) && Number.isSafeInteger(index)) return index;
    return this.budget.malformed('A memo index is not a number.');
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
    this.budget.check('globals', this.globals.size);
    this.globals.set(key, { global, offset: this.budget.at });
    return global;
  }

  private call(type: Value, args: readonly Value[]): void {
    const made = construct(type, args);
    if (isKind(made, 'bytes')) this.counted('', made.length);
    else if (made !== undefined) this.budget.spend('items', sizeIn(made));
    if (made !== undefined) {
      this.pushNew(made);
      return;
    }
    const object: PyObject = { kind: 'object', type, args };
    if (isKind(type, 'global') && type.name === '_load_from_bytes') this.nested.push(object);
    this.pushNew(object);
  }

  private append(target: Value, items: readonly Value[]): void {
    if (isKind(target, 'object')) target.items ??= [];
    const list = isKind(target, 'list') || isKind(target, 'set') || isKind(target, 'object') ? target.items : undefined;
    if (list === undefined) throw this.budget.malformed('Items are appended to something that is no list.');
    // `push(...items)` has a limit on its arguments.
    for (const item of items) list.push(item);
  }

  private setItems(target: Value, items: readonly Value[]): void {
    if (isKind(target, 'object')) target.entries ??= new Map();
    const entries = isKind(target, 'dict') || isKind(target, 'object') ? target.entries : undefined;
    if (entries === undefined) throw this.budget.malformed('Items are set in something that is no dictionary.');
    for (const [key, value] of this.paired(items)) entries.set(key, value);
  }

  private paired(items: readonly Value[]): Map<Value, Value> {
    if (items.length % 2 === 1) this.budget.malformed('A dictionary has a key without a value.');
    this.budget.spend('items', items.length / 2);
    const entries = new Map<Value, Value>();
    for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
    return entries;
  }

  private counted(text: string, bytes: number): string {
    this.budget.spend('allStringBytes', bytes);
    return text;
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
  else if (isKind(target, 'object')) target.state = state;
}

/** Items that making this container has copied. */
function sizeIn(made: Value): number {
  if (isKind(made, 'dict')) return made.entries.size;
  if (isKind(made, 'object')) return made.args.length;
  return isKind(made, 'set') ? made.items.length : (itemsOf(made)?.length ?? 0);
}

/** A line without its line feed. */
const lineOf = (content: Uint8Array): string => fromLatin1(content.subarray(0, content.length - 1));

function linesOf(content: Uint8Array): [string, string] {
  const feed = content.indexOf(0x0a);
  return [fromUtf8(content.subarray(0, feed)), fromUtf8(content.subarray(feed + 1, content.length - 1))];
}
