import type { MethodDescription } from '@espalier/base';

/** Every method, one line each. */
export const methods: readonly MethodDescription[] = [];
