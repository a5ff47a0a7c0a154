export { aliveChannels } from './aliveChannels';
export { countNearZero } from './countNearZero';
export { countLeading, countPatterns16, countPatterns8 } from './countPatterns';
export { countRuns } from './countRuns';
export { countTrailing } from './countTrailing';
export { countWithin32 } from './countWithin';
export { decodeBfloat16, decodeFloat16, mapPatterns16, mapPatterns8 } from './decode';
export { deviations } from './deviations';
export { differFloat32 } from './differFloat32';
export { digestBlocks } from './digestBlocks';
export { dropSmall16, dropSmall32 } from './dropSmall';
export { dropUnset } from './dropUnset';
export { gatherGemmFloat32, gemmFloat32 } from './gemm';
export { gemmInt8 } from './gemmInt8';
export { histogramFloat32 } from './histogramFloat32';
export { matchBits16, matchBits8 } from './matchBits';
export { meanMagnitudes } from './meanMagnitudes';
export { nmGroups } from './nmGroups';
export { packBits } from './packBits';
export { reduceTiles } from './reduceTiles';
export { scanFloat32 } from './scanFloat32';
export { blocks4x1Float32, csrFloat32 } from './spmm';
export { zeroBlocks } from './zeroBlocks';

/** First byte after the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}
