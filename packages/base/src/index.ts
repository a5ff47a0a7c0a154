export { attempt, describeFault, type Fault, FaultError, raise } from './fault.js';
export { globMatcher } from './glob.js';
export { bytesText, compactCount, exactCount, percentFigure, percentText, valueText } from './numbers.js';
export { printable } from './printable.js';
export { fail, ok, type Result } from './result.js';
export { type Rng, seeded } from './rng.js';
export { type Shape, shapeText, sizeOf, stridesOf, unravel } from './shape.js';
export { invariant, unreachable } from './unreachable.js';
export { breathe, idleWork, type Progress, throttleProgress, type Work } from './work.js';
