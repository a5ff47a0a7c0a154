import type { Wasm } from './wasm.js';

/**
 * One calculation in two forms. The plain form is the specification, the fallback and the oracle of the tests; the SIMD form gives the same
 * answer from a WebAssembly module.
 */
export interface Kernel<Args extends readonly unknown[], Result> {
  readonly name: string;
  plain(...args: Args): Result;
  simd(wasm: Wasm): (...args: Args) => Result;
}
