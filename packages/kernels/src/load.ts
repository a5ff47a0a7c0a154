import { ordinaryRegion, type Region } from './arena.js';
import { type Registry, registry } from './registry.js';
import { instantiate, type Wasm } from './wasm.js';

/** The kernels, each in the form that runs here, and memory from which they read without a copy. */
export type Kernels = { readonly [Name in keyof Registry]: Registry[Name]['plain'] } & {
  readonly variant: 'wasm-simd' | 'plain';
  /** Memory for windows of a file and for counters; ordinary memory where the module has none left. */
  take(byteLength: number): Region;
};

/** Kernels in their plain form: the oracle of the tests, and what runs where WebAssembly SIMD is missing. */
export const plainKernels = (): Kernels => bind((kernel) => kernel.plain, 'plain', ordinaryRegion);

/** Kernels in their SIMD form with a memory of their own; null where that is not to be had. */
export function simdKernels(): Kernels | null {
  const wasm = instantiate();
  if (wasm === null) return null;
  return bind(
    (kernel) => kernel.simd(wasm),
    'wasm-simd',
    (byteLength) => wasm.arena.take(byteLength) ?? ordinaryRegion(byteLength),
  );
}

interface AnyKernel {
  readonly plain: unknown;
  simd(wasm: Wasm): unknown;
}

function bind(form: (kernel: AnyKernel) => unknown, variant: Kernels['variant'], take: Kernels['take']): Kernels {
  const bound = Object.fromEntries(Object.entries(registry).map(([name, kernel]) => [name, form(kernel as AnyKernel)]));
  return { ...bound, variant, take } as unknown as Kernels;
}

let loaded: Kernels | undefined;

/** The kernels of this thread: compiled at the first call, SIMD where it runs, plain elsewhere. */
export function kernels(): Kernels {
  loaded ??= simdKernels() ?? plainKernels();
  return loaded;
}
