import { join, u16, u32, u64 } from './zipBytes.js';

/** What a pickle can be made of here: plain values, and wrappers for what JavaScript has no value for. */
export type Picklable =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Picklable[]
  | ReadonlyMap<Picklable, Picklable>
  | { readonly tuple: readonly Picklable[] }
  | { readonly global: readonly [module: string, name: string] }
  | { readonly call: Picklable; readonly args: readonly Picklable[]; readonly state?: Picklable }
  | { readonly persistent: Picklable }
  /** Opcodes as they are. */
  | { readonly raw: Uint8Array };

/**
 * A pickle of a value, in the opcodes that CPython's own pickler uses for the protocol (2 to 5), or the text forms of protocol 0.
 * Containers are memoized by identity, so that shared and cyclic values are written as such.
 */
export function pickleBytes(value: Picklable, protocol: 0 | 2 | 3 | 4 | 5 = 2): Uint8Array {
  const out: Uint8Array[] = [];
  const memo = new Map<object, number>();
  const text = (line: string): void => void out.push(new TextEncoder().encode(line));
  const op = (letter: string): void => text(letter);
  const byte = (...bytes: number[]): void => void out.push(Uint8Array.from(bytes));

  const put = (container: object): void => {
    const index = memo.size;
    memo.set(container, index);
    if (protocol >= 4) byte(0x94);
    else if (protocol === 0) text(`p${index}\n`);
    else if (index < 256) byte(0x71, index);
    else out.push(join([Uint8Array.of(0x72), u32(index)]));
  };
  const get = (index: number): void => {
    if (protocol === 0) text(`g${index}\n`);
    else if (index < 256) byte(0x68, index);
    else out.push(join([Uint8Array.of(0x6a), u32(index)]));
  };

  function string(string: string): void {
    const bytes = new TextEncoder().encode(string);
    if (protocol === 0) text(`V${[...string].map(escaped).join('')}\n`);
    else if (protocol >= 4 && bytes.length < 256) out.push(join([Uint8Array.of(0x8c, bytes.length), bytes]));
    else out.push(join([Uint8Array.of(0x58), u32(bytes.length), bytes]));
  }

  function number(number: number): void {
    if (!Number.isInteger(number) || Object.is(number, -0)) {
      if (protocol === 0) text(`F${floatText(number)}\n`);
      else {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setFloat64(0, number, false);
        out.push(join([Uint8Array.of(0x47), bytes]));
      }
    } else if (protocol === 0) text(`I${number}\n`);
    else if (number >= 0 && number < 256) byte(0x4b, number);
    else if (number >= 0 && number < 65536) out.push(join([Uint8Array.of(0x4d), u16(number)]));
    else if (number >= -(2 ** 31) && number < 2 ** 31) out.push(join([Uint8Array.of(0x4a), u32(number)]));
    else long(BigInt(number));
  }

  function long(value: bigint): void {
    if (protocol === 0) {
      text(`L${value}L\n`);
      return;
    }
    const bytes: number[] = [];
    let rest = value;
    do {
      bytes.push(Number(rest & 255n));
      rest >>= 8n;
    } while (rest !== 0n && rest !== -1n);
    if (rest === 0n && bytes.at(-1)! >= 128) bytes.push(0);
    if (rest === -1n && bytes.at(-1)! < 128) bytes.push(255);
    byte(0x8a, bytes.length, ...bytes);
  }

  function write(value: Picklable): void {
    if (value === null) op('N');
    else if (typeof value === 'boolean') protocol === 0 ? text(value ? 'I01\n' : 'I00\n') : byte(value ? 0x88 : 0x89);
    else if (typeof value === 'number') number(value);
    else if (typeof value === 'bigint') long(value);
    else if (typeof value === 'string') string(value);
    else if (memo.has(value)) get(memo.get(value)!);
    else writeObject(value);
  }

  function writeObject(value: Exclude<Picklable, null | boolean | number | bigint | string>): void {
    if (value instanceof Uint8Array) bytes(value);
    else if (Array.isArray(value)) {
      protocol === 0 ? op('(l') : op(']');
      put(value);
      for (let at = 0; at < value.length; at += 1000) {
        op('(');
        for (const item of value.slice(at, at + 1000)) write(item);
        op('e');
      }
    } else if (value instanceof Map) {
      protocol === 0 ? op('(d') : op('}');
      put(value);
      op('(');
      for (const [key, item] of value) {
        write(key);
        write(item);
      }
      op('u');
    } else if ('tuple' in value) {
      op('(');
      for (const item of value.tuple) write(item);
      op('t');
      put(value);
    } else if ('global' in value) global(value.global[0], value.global[1]);
    else if ('call' in value) {
      write(value.call);
      write({ tuple: value.args });
      op('R');
      put(value);
      if (value.state !== undefined) {
        write(value.state);
        op('b');
      }
    } else if ('persistent' in value) {
      write(value.persistent);
      op('Q');
    } else if ('raw' in value) out.push(value.raw);
  }

  function bytes(value: Uint8Array): void {
    if (protocol < 3) {
      write({ call: { global: ['_codecs', 'encode'] }, args: [String.fromCharCode(...value), 'latin1'] });
    } else if (value.length < 256) out.push(join([Uint8Array.of(0x43, value.length), value]));
    else if (protocol === 5) out.push(join([Uint8Array.of(0x8e), u64(value.length), value]));
    else out.push(join([Uint8Array.of(0x42), u32(value.length), value]));
  }

  function global(module: string, name: string): void {
    if (protocol < 4) {
      text(`c${module}\n${name}\n`);
      return;
    }
    string(module);
    string(name);
    byte(0x93);
  }

  if (protocol >= 2) byte(0x80, protocol);
  write(value);
  op('.');
  return join(out);
}

/** As Python's `repr` writes a float. */
function floatText(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  return Object.is(number, -0) ? '-0.0' : String(number);
}

/** As `raw-unicode-escape` writes a character. */
function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`;
  if (code > 0xff || code === 0x5c || code === 0x0a || code === 0x0d || code === 0 || code === 0x1a || code > 0x7e) {
    return `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return character;
}
