export { fileSource, type ReadLog } from './fileSource.js';
export {
  allGolden,
  allGoldenFaults,
  fixturePath,
  fixturesFolder,
  type Golden,
  type GoldenFault,
  type GoldenLayer,
  type GoldenNumber,
  type GoldenPacked,
  type GoldenStructure,
  type GoldenTensor,
  goldenFor,
} from './golden.js';
export { fixtureFolder, type Outcomes, survive } from './hostile.js';
export { type Mutation, mutations } from './mutations.js';
export { type Comparable, comparable, digestOf, expected, readAll, sha256 } from './readAll.js';
