import { afterEarlier } from './masks/earlier.js';
import type { MaskMethod } from './method.js';
import { block } from './methods/block.js';
import { channel } from './methods/channel.js';
import { magnitude } from './methods/magnitude.js';
import { maskFile } from './methods/maskFile.js';
import { nm } from './methods/nm.js';
import { random } from './methods/random.js';
import { refill, refillPlus } from './methods/refill.js';
import { regroup } from './methods/regroup.js';

/** Methods that zero weights. What earlier steps dropped stays away. */
const pruning = [magnitude, random, nm, block, channel, maskFile].map(afterEarlier);

/** Every method, one line each. */
export const methods: readonly MaskMethod[] = [...pruning, refill, refillPlus, regroup];

/** What changes shapes is no mask: the hosts apply it. */
export { removal } from './removal/description.js';
