/** Opcodes of pickle protocols 0 to 5. Source: CPython, Lib/pickletools.py. */
export const OP = {
  MARK: 0x28,
  STOP: 0x2e,
  POP: 0x30,
  POP_MARK: 0x31,
  DUP: 0x32,
  FLOAT: 0x46,
  INT: 0x49,
  BININT: 0x4a,
  BININT1: 0x4b,
  LONG: 0x4c,
  BININT2: 0x4d,
  NONE: 0x4e,
  PERSID: 0x50,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  STRING: 0x53,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  UNICODE: 0x56,
  BINUNICODE: 0x58,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  DICT: 0x64,
  EMPTY_DICT: 0x7d,
  APPENDS: 0x65,
  GET: 0x67,
  BINGET: 0x68,
  INST: 0x69,
  LONG_BINGET: 0x6a,
  LIST: 0x6c,
  EMPTY_LIST: 0x5d,
  OBJ: 0x6f,
  PUT: 0x70,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  EMPTY_TUPLE: 0x29,
  SETITEMS: 0x75,
  BINFLOAT: 0x47,
  PROTO: 0x80,
  NEWOBJ: 0x81,
  EXT1: 0x82,
  EXT2: 0x83,
  EXT4: 0x84,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  LONG4: 0x8b,
  BINBYTES: 0x42,
  SHORT_BINBYTES: 0x43,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  BINBYTES8: 0x8e,
  EMPTY_SET: 0x8f,
  ADDITEMS: 0x90,
  FROZENSET: 0x91,
  NEWOBJ_EX: 0x92,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
  BYTEARRAY8: 0x96,
  NEXT_BUFFER: 0x97,
  READONLY_BUFFER: 0x98,
} as const;

/**
 * What follows an opcode: a number of bytes, a length of so many bytes and then as many bytes (`counted`), or lines that end with a line feed.
 * `payload` marks bytes that may be left in the file.
 */
export type Operand =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'counted'; readonly lengthBytes: 1 | 4 | 8; readonly payload: boolean }
  | { readonly kind: 'lines'; readonly lines: 1 | 2 };

const fixed = (bytes: number): Operand => ({ kind: 'fixed', bytes });
const counted = (lengthBytes: 1 | 4 | 8, payload = false): Operand => ({ kind: 'counted', lengthBytes, payload });
const lines = (count: 1 | 2): Operand => ({ kind: 'lines', lines: count });

const withOperand: ReadonlyMap<number, Operand> = new Map<number, Operand>([
  [OP.FLOAT, lines(1)],
  [OP.INT, lines(1)],
  [OP.LONG, lines(1)],
  [OP.PERSID, lines(1)],
  [OP.STRING, lines(1)],
  [OP.UNICODE, lines(1)],
  [OP.GET, lines(1)],
  [OP.PUT, lines(1)],
  [OP.GLOBAL, lines(2)],
  [OP.INST, lines(2)],
  [OP.BININT, fixed(4)],
  [OP.BININT1, fixed(1)],
  [OP.BININT2, fixed(2)],
  [OP.BINFLOAT, fixed(8)],
  [OP.BINGET, fixed(1)],
  [OP.BINPUT, fixed(1)],
  [OP.LONG_BINGET, fixed(4)],
  [OP.LONG_BINPUT, fixed(4)],
  [OP.PROTO, fixed(1)],
  [OP.EXT1, fixed(1)],
  [OP.EXT2, fixed(2)],
  [OP.EXT4, fixed(4)],
  [OP.FRAME, fixed(8)],
  [OP.BINSTRING, counted(4, true)],
  [OP.SHORT_BINSTRING, counted(1)],
  [OP.BINUNICODE, counted(4)],
  [OP.SHORT_BINUNICODE, counted(1)],
  [OP.BINUNICODE8, counted(8)],
  [OP.BINBYTES, counted(4, true)],
  [OP.SHORT_BINBYTES, counted(1)],
  [OP.BINBYTES8, counted(8, true)],
  [OP.BYTEARRAY8, counted(8, true)],
  [OP.LONG1, counted(1)],
  [OP.LONG4, counted(4)],
]);

const NO_OPERAND = fixed(0);
const known: ReadonlySet<number> = new Set(Object.values(OP));

/** undefined for a byte that is no opcode. */
export const operands: readonly (Operand | undefined)[] = Array.from({ length: 256 }, (_, opcode) =>
  known.has(opcode) ? (withOperand.get(opcode) ?? NO_OPERAND) : undefined,
);
