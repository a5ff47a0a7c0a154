import type { MaskMethod } from './method.js';

/** Every method, one line each. */
export const methods: readonly MaskMethod[] = [];
