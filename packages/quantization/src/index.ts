export { methods } from './methods.js';
