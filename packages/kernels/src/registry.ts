import { aliveChannels } from './aliveChannels.js';
import { countPatterns8, countPatterns16 } from './countPatterns.js';
import { digestBlocks } from './digestBlocks.js';
import { matchBits8, matchBits16 } from './matchBits.js';
import { nmGroups } from './nmGroups.js';
import { scanFloat32 } from './scanFloat32.js';
import { zeroBlocks } from './zeroBlocks.js';

/** Every kernel, one line each. */
export const registry = {
  scanFloat32,
  countPatterns16,
  countPatterns8,
  matchBits16,
  matchBits8,
  nmGroups,
  zeroBlocks,
  aliveChannels,
  digestBlocks,
};

export type Registry = typeof registry;
