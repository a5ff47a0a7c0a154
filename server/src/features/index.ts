import type { Feature } from './feature.js';

/** Every language feature, one line each. */
export const features: readonly Feature[] = [];
