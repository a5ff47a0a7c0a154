export { operatorCosts } from './cost/operatorCosts.js';
export { type TotalCost, totalCost } from './cost/totalCost.js';
export { axisName, describeTensor } from './describeTensor.js';
export type { HeadAxes, TensorHead } from './head.js';
export { toHeads } from './heads.js';
export { type ParsedName, parseName } from './names.js';
export type { OperatorCost } from './operatorCost.js';
