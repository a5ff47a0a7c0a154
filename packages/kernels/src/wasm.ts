/** The compiled module and its memory, as kernels see them. */
export interface Wasm {
  readonly memory: WebAssembly.Memory;
}
