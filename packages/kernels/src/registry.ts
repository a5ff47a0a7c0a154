import { aliveChannels } from './aliveChannels.js';
import { blocks4x1Float32 } from './blocks4x1Float32.js';
import { countNearZero } from './countNearZero.js';
import { countLeading, countPatterns8, countPatterns16 } from './countPatterns.js';
import { countRuns } from './countRuns.js';
import { countTrailing } from './countTrailing.js';
import { countWithin32 } from './countWithin.js';
import { csrFloat32 } from './csrFloat32.js';
import { decodeBfloat16, decodeFloat16, mapPatterns } from './decode.js';
import { deviations } from './deviations.js';
import { differFloat32 } from './differFloat32.js';
import { digestBlocks } from './digestBlocks.js';
import { dropSmall16, dropSmall32 } from './dropSmall.js';
import { dropUnset } from './dropUnset.js';
import { gatherGemmFloat32 } from './gatherGemmFloat32.js';
import { gemmFloat32 } from './gemmFloat32.js';
import { gemmInt8 } from './gemmInt8.js';
import { histogramFloat32 } from './histogramFloat32.js';
import { matchBits8, matchBits16 } from './matchBits.js';
import { meanMagnitudes } from './meanMagnitudes.js';
import { nmGroups } from './nmGroups.js';
import { packBits } from './packBits.js';
import { reduceTiles } from './reduceTiles.js';
import { scanFloat32 } from './scanFloat32.js';
import { zeroBlocks } from './zeroBlocks.js';

/** Every kernel, one line each. */
export const registry = {
  gemmInt8,
  gemmFloat32,
  gatherGemmFloat32,
  csrFloat32,
  blocks4x1Float32,
  aliveChannels,
  countLeading,
  countNearZero,
  countPatterns16,
  countPatterns8,
  countRuns,
  countTrailing,
  countWithin32,
  decodeBfloat16,
  decodeFloat16,
  deviations,
  differFloat32,
  digestBlocks,
  dropSmall16,
  dropSmall32,
  dropUnset,
  histogramFloat32,
  mapPatterns,
  matchBits16,
  matchBits8,
  meanMagnitudes,
  nmGroups,
  packBits,
  reduceTiles,
  scanFloat32,
  zeroBlocks,
};

export type Registry = typeof registry;
