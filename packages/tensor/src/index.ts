export { decodeValues, table, type Values, valueOfBits } from './decode.js';
export { BITS, byteLength, type Dtype, isCountable, isDtype, isFloat, type LogicalDtype } from './dtype.js';
export { encodeValues, isEncodable, toBfloat16, toHalf } from './encode.js';
export { fromBfloat16, fromHalf } from './half.js';
export { escapesFolder, memorySource } from './memorySource.js';
export type { ByteSource } from './source.js';
