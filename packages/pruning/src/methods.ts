import type { MaskMethod } from './method.js';
import { block } from './methods/block.js';
import { channel } from './methods/channel.js';
import { magnitude } from './methods/magnitude.js';
import { maskFile } from './methods/maskFile.js';
import { nm } from './methods/nm.js';
import { random } from './methods/random.js';
import { refill, refillPlus } from './methods/refill.js';

/** Every method, one line each. */
export const methods: readonly MaskMethod[] = [magnitude, random, nm, block, channel, maskFile, refill, refillPlus];
