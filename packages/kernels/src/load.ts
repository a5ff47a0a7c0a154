import { type Registry, registry } from './registry.js';

/** The kernels, each bound to the form that runs here. */
export type Kernels = { readonly [Name in keyof Registry]: Registry[Name]['plain'] } & {
  readonly variant: 'wasm-simd' | 'plain';
};

export function plainKernels(): Kernels {
  const bound = Object.fromEntries(Object.entries(registry).map(([name, kernel]) => [name, kernel.plain]));
  return { ...bound, variant: 'plain' } as Kernels;
}

let loaded: Kernels | undefined;

/** The kernels of this thread. */
export function kernels(): Kernels {
  loaded ??= plainKernels();
  return loaded;
}
