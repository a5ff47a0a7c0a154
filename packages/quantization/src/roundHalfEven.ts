/** Adding and taking away 1.5 · 2⁵² leaves no room for a fraction: the sum is rounded as IEEE 754 rounds, half to even. */
const SHIFT = 6_755_399_441_055_744;

/** Nearest integer, halves to the even one: 0.5 → 0, 1.5 → 2, −2.5 → −2; never −0. Exact for |x| up to 2⁵⁰. */
export const roundHalfEven = (x: number): number => x + SHIFT - SHIFT;

export const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
