export type { PrunableLayer } from './layer.js';
export { emptyMask, type Mask } from './mask.js';
export type { MaskAnswer, MaskMethod, MethodContext, Note } from './method.js';
export { methods } from './methods.js';
