export { DIGEST_BLOCK_WORDS, mix as mix64 } from './digestBlocks.js';
export type { Kernel } from './kernel.js';
export { type Kernels, kernels, plainKernels } from './load.js';
export type { GroupCounts } from './nmGroups.js';
export type { Float32Scan } from './scanFloat32.js';
export type { BlockCounts } from './zeroBlocks.js';
