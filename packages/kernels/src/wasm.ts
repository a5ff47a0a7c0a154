import { Arena } from './arena.js';
import { DIGEST_KEYS } from './digestKeys.js';
import { wasmBase64 } from './generated/wasmBytes.js';

/** What the module exports: pointers and counts, all numbers. Each function is described in `assembly/`. */
export interface Exports {
  heapBase(): number;
  aliveChannels(bits: number, outer: number, channels: number, inner: number, alive: number, seen: number): void;
  blocks4x1Float32(
    starts: number,
    columnOf: number,
    values: number,
    b: number,
    c: number,
    groups: number,
    columns: number,
  ): void;
  countLeading(
    x: number,
    length: number,
    shift: number,
    mask: number,
    places: number,
    counts: number,
    sparse: number,
  ): void;
  countNearZero(x: number, length: number, limit: number): number;
  countPatterns16(x: number, length: number, counts: number, sparse: number): void;
  countPatterns8(x: number, length: number, counts: number): void;
  countRuns(bits: number, runs: number, length: number, counts: number): void;
  countTrailing(
    x: number,
    length: number,
    shift: number,
    mask: number,
    slots: number,
    digitBits: number,
    second: number,
    tables: number,
    borders: number,
    thresholds: number,
    above: number,
    found: number,
    many: number,
  ): void;
  countWithin32(x: number, length: number, low: number, high: number, found: number, out: number): number;
  csrFloat32(
    starts: number,
    columnOf: number,
    values: number,
    b: number,
    c: number,
    rows: number,
    columns: number,
  ): void;
  decodeBfloat16(x: number, length: number, out: number): void;
  decodeFloat16(x: number, length: number, out: number): void;
  mapPatterns16(x: number, length: number, table: number, out: number): void;
  mapPatterns8(x: number, length: number, table: number, out: number): void;
  deviations(x: number, length: number, from: number): number;
  differFloat32(a: number, b: number, length: number, out: number): void;
  digestBlocks(words: number, length: number, firstBlock: number, canonical: number, keys: number, sum: number): void;
  dropSmall16(x: number, length: number, threshold: number, ties: number): number;
  dropSmall32(x: number, length: number, threshold: number, ties: number): number;
  dropUnset(x: number, length: number, width: number, bits: number, pattern: number): void;
  gatherGemmFloat32(
    values: number,
    rowOf: number,
    columnOf: number,
    height: number,
    breadth: number,
    b: number,
    c: number,
    columns: number,
    scratch: number,
  ): void;
  gemmFloat32(a: number, b: number, c: number, rows: number, inner: number, columns: number, scratch: number): void;
  gemmInt8(a: number, b: number, c: number, rows: number, inner: number, columns: number, scratch: number): void;
  histogramFloat32(x: number, length: number, low: number, high: number, tables: number): void;
  matchBits16(x: number, length: number, mask: number, value: number, bits: number): number;
  matchBits8(x: number, length: number, mask: number, value: number, bits: number): number;
  meanMagnitudes(x: number, rows: number, columns: number, height: number, out: number): void;
  nmGroups(
    bits: number,
    outer: number,
    length: number,
    inner: number,
    masks: number,
    maskBytes: number,
    out: number,
  ): void;
  packBits(bytes: number, length: number, out: number): void;
  reduceTiles(
    x: number,
    length: number,
    step: number,
    signed: number,
    sums: number,
    zeros: number,
    kept: number,
    nonFinite: number,
  ): void;
  scanFloat32(x: number, length: number, bits: number, out: number, precise: number): void;
  zeroBlocks(bits: number, rows: number, columns: number, out: number): void;
}

type Bytes = ArrayBufferView<ArrayBufferLike>;

/** Memory sizes that are tried, in MiB. Untouched pages cost nothing; where address space is short the smaller ones remain. */
const SIZES_MIB = [64, 32, 16];
const PAGES_PER_MIB = 16;
/** Share of the memory for arguments of a call that lie outside of it. */
const STACK_SHARE = 1 / 8;
/** Kernels read a few bytes, and N:M groups up to 32 kB, behind their last element. */
const SLACK_BYTES = 64 * 1024;

/** The compiled module, its memory, and the ways to hand it arrays. The memory never grows, so views of it never die. */
export class Wasm {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
  readonly arena: Arena;
  /** The keys of the digest. */
  readonly keys: number;
  /** 256 bytes for results of a call. */
  readonly results: number;
  readonly resultsF64: Float64Array;
  readonly resultsU32: Uint32Array;
  readonly resultsF32: Float32Array;
  private readonly stackBegin: number;
  private readonly stackEnd: number;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.memory = memory;
    this.exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    const { buffer } = memory;
    this.keys = align(this.exports.heapBase());
    new BigUint64Array(buffer, this.keys, DIGEST_KEYS.length).set(DIGEST_KEYS);
    this.results = align(this.keys + 8 * DIGEST_KEYS.length);
    this.resultsF64 = new Float64Array(buffer, this.results, 32);
    this.resultsF32 = new Float32Array(buffer, this.results, 64);
    this.resultsU32 = new Uint32Array(buffer, this.results, 64);
    this.stackBegin = align(this.results + 256);
    this.stackEnd = align(this.stackBegin + buffer.byteLength * STACK_SHARE);
    this.arena = new Arena(buffer, this.stackEnd + SLACK_BYTES, buffer.byteLength - SLACK_BYTES);
  }

  /** Places for the arguments of one call. Calls are synchronous, so their places are simply stacked. */
  frame(): Frame {
    return new Frame(this.memory.buffer, this.stackBegin, this.stackEnd);
  }
}

/** Arguments of one kernel call. Arrays that already lie in the module's memory stay where they are. */
export class Frame {
  /** True when something did not fit: the plain form must do the work. */
  full = false;
  private readonly outputs: { view: Bytes; at: number }[] = [];

  constructor(
    private readonly buffer: ArrayBufferLike,
    private next: number,
    private readonly end: number,
  ) {}

  /** Scratch of the call, not cleared. */
  scratch(bytes: number): number {
    const at = this.next;
    if (at + bytes > this.end) {
      this.full = true;
      return at;
    }
    this.next = align(at + bytes);
    return at;
  }

  cleared(bytes: number): number {
    const at = this.scratch(bytes);
    if (!this.full) new Uint8Array(this.buffer, at, bytes).fill(0);
    return at;
  }

  input(view: Bytes): number {
    if (view.buffer === this.buffer) return view.byteOffset;
    const at = this.scratch(view.byteLength);
    if (!this.full) new Uint8Array(this.buffer, at, view.byteLength).set(bytesOf(view));
    return at;
  }

  /** Written by the kernel from scratch: the old content does not count. */
  output(view: Bytes): number {
    if (view.buffer === this.buffer) return view.byteOffset;
    const at = this.scratch(view.byteLength);
    this.outputs.push({ view, at });
    return at;
  }

  /** Read and written. */
  inout(view: Bytes): number {
    const at = this.input(view);
    if (view.buffer !== this.buffer) this.outputs.push({ view, at });
    return at;
  }

  /** Copies outputs to where they belong. */
  done(): void {
    for (const { view, at } of this.outputs) bytesOf(view).set(new Uint8Array(this.buffer, at, view.byteLength));
  }
}

const align = (offset: number): number => Math.ceil(offset / 64) * 64;

const bytesOf = (view: Bytes): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

let compiled: WebAssembly.Module | null | undefined;

/** A module with its own memory; null where WebAssembly or its SIMD is missing, or no memory can be had. */
export function instantiate(): Wasm | null {
  compiled ??= compile();
  if (compiled === null) return null;
  for (const mib of SIZES_MIB) {
    try {
      const pages = mib * PAGES_PER_MIB;
      return new Wasm(compiled, new WebAssembly.Memory({ initial: pages, maximum: pages }));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return null;
}

function compile(): WebAssembly.Module | null {
  if (typeof WebAssembly === 'undefined') return null;
  const text = atob(wasmBase64);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}
